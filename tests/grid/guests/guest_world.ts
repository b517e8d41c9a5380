/**
 * A node that takes guests, and ways to be one.
 *
 * @module
 */

import { type AllowRule, Manager, type ManagerOptions, single, stream } from "@internode/grid";
import {
  type ClientOptions,
  connect,
  constantResolver,
  gridMethod,
  parseNetEndpoint,
  type ServiceConnection,
  type WebSocketEndpointOptions,
} from "@internode/grid/call";
import { type GuestPolicy, makeBundle } from "../../../lib/rpc/bundles/open_bundle.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

/** What the bundle of these tests takes. */
export interface ToolOptions {
  readonly allow?: AllowRule | undefined;
  readonly guests?: GuestPolicy | null | undefined;
}

/** Answers who asks. */
export const who = single("internode.test.who");
/** Ends when the node closes. */
export const watching = stream("internode.test.watching", { inputCapacity: 0, outputCapacity: 4 });

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Is never answered. */
export const holding = single("internode.test.holding");

/** A bundle as `admin` is one. */
export const tool = makeBundle<ToolOptions>("tool", (_face, { allow, guests }) => ({
  handlers: [
    { contract: who, handler: (_request, { caller }) => encoder.encode(caller) },
    { contract: holding, handler: () => new Promise<Uint8Array>(() => {}) },
    {
      contract: watching,
      handler: async function* (_initial, _input, { closing }) {
        yield new Uint8Array([1]);
        await new Promise((resolve) => closing.addEventListener("abort", resolve));
        yield new Uint8Array([2]);
      },
    },
  ],
  allow: allow ?? null,
  guests: guests === undefined ? { mayCall: false } : guests,
  close: () => {},
}));

export const whoMethod = gridMethod(who, { idempotent: true });
export const holdingMethod = gridMethod(holding);
export const watchingMethod = gridMethod(watching);

let made = 0;

/** A host's URL in memory that nobody has. */
export function freshHost(): string {
  return `memory://visited-${++made}`;
}

/** A node that listens, with the bundle if it is to have it. */
export async function openNode(
  options: Partial<ManagerOptions> = {},
  given: ToolOptions | null = {},
): Promise<{ node: Manager; log: QuietLogger; address: string }> {
  const log = new QuietLogger(), local = options.local ?? freshHost();
  const node = new Manager({ local, hosts: [local], logger: log, ...options });
  try {
    if (given !== null) node.handle(tool, given);
    const { address } = await node.listen();
    return { node, log, address };
  } catch (error) {
    await node.close();
    throw error;
  }
}

/** A client that leads to a node. */
export async function visit(
  address: string,
  options: ClientOptions = {},
  endpoint: WebSocketEndpointOptions = {},
): Promise<ServiceConnection> {
  return await connect(constantResolver(parseNetEndpoint(address, endpoint)), {
    logger: new QuietLogger(),
    name: "ops",
    // Who is refused comes once in a test.
    reconnect: { initialMs: 60_000, maxMs: 60_000 },
    ...options,
  });
}

/** Asks a node by whom it is asked. */
export async function ask(guest: ServiceConnection, timeoutMs = 5_000): Promise<string> {
  const options = { timeoutMs, waitForReady: false };
  return decoder.decode(await guest.request(whoMethod, new Uint8Array(), options));
}

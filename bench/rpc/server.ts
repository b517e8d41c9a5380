/**
 * The bench's other process: one node with plain handlers, and a raw echo for
 * the floor. It ends when its standard input closes.
 *
 * @module
 */

import {
  Manager,
  nativeWebSocketTransport,
  systemTransports,
  type Transports,
} from "@internode/grid";
import { implement, listen, mtlsTransports, serve } from "@internode/grid/call";
import { readIdentity } from "../../examples/certs/identity_folder.ts";
import { serveFloor } from "./floor.ts";
import type { NodeIdentity } from "./identities.ts";
import { acquire, bulk, Echo, echo, lentEcho, streams } from "./contracts.ts";

/** Registers the bench's handlers. */
export function serveBench(manager: Manager, inflight: number): void {
  const contracts = streams(inflight);
  manager.handle(echo, (bytes) => bytes);
  manager.handle(lentEcho, (bytes) => bytes, { lendRequest: true });
  let token = 0;
  manager.handle(acquire, ({ resources }) => ({ granted: resources.length > 0, token: ++token }));
  manager.handle(bulk, (bytes) => bytes, { lendRequest: true });
  manager.handle(contracts.out, function* (message) {
    for (;;) yield message;
  });
  manager.handle(contracts.in, async (_initial, input) => {
    for await (const _message of input);
  });
  manager.handle(contracts.both, (_initial, input) => input);
}

/** Transports that are not the usual ones, if any. */
export type Reached = { readonly transports?: Transports };

/** What the sides of a bench reach each other by. */
export function reachedBy(transport: string, identity: NodeIdentity | null): Reached {
  if (identity !== null) return { transports: mtlsTransports(identity) };
  if (transport !== "ws-native") return {};
  return { transports: { ...systemTransports(), ws: nativeWebSocketTransport() } };
}

/** Serves the same as a service, until disposed of. */
export async function serveEcho(
  address: string,
  reached: Reached,
  spinUs: number,
): Promise<AsyncDisposable> {
  const listener = await listen(address, implement(Echo, { echo: (bytes) => bytes }), reached);
  return serve(listener, { graceMs: 0, spinUs });
}

if (import.meta.main) {
  const [local, hosts, floor, service, inflight, identityFolder, spin, transport] = Deno.args;
  const spinUs = Number(spin);
  const identity = identityFolder ? await readIdentity(identityFolder) : null;
  const reached = reachedBy(transport!, identity);
  const own = identity === null ? reached : { tls: identity };
  await using manager = new Manager({ local: local!, hosts: hosts!.split(","), spinUs, ...own });
  serveBench(manager, Number(inflight));
  await using _server = await manager.listen();
  await using _floor = await serveFloor({ href: floor!, identity });
  await using _service = await serveEcho(service!, reached, spinUs);
  console.log("ready");
  for await (const _ of Deno.stdin.readable);
  await manager.close({ graceMs: 0 });
}

/**
 * The process at the far end: a service, a raw echo, a raw sink, and one that answers small requests.
 *
 * @module
 */

import { implement, listen, serve, sharedSecret } from "@internode/grid/call";
import { freePorts } from "../../tools/network/free_ports.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { serveChannels, serveFloor } from "../rpc/floor.ts";
import type { NodeIdentity } from "../rpc/identity.ts";
import { reachedBy } from "../rpc/plan.ts";
import { Far } from "./contracts.ts";
import { answerFramed } from "./framed.ts";

/** The ports of the far end. */
export interface FarPorts {
  readonly service: number;
  readonly echo: number;
  readonly sink: number;
  readonly framed: number;
}

/** A service whose start-up is measured. */
export interface StartOrder {
  /** Where it is. */
  readonly href: string;
  /** Who it is by mutual TLS; `null` without it. */
  readonly identity: NodeIdentity | null;
  /** Whether both prove a secret. */
  readonly hasSecret: boolean;
}

/** What both sides know where there is a secret. */
export const SECRET = "the secret of a bench over a distance";

const READ_BYTES = 256 * 1024;

if (import.meta.main) {
  const [service, echo, sink, framed] = freePorts(4) as [number, number, number, number];
  let bytes = 0;
  const implementation = implement(Far, {
    echo: (message) => message,
    async upload(_initial, input) {
      for await (const { length } of input) bytes += length;
    },
  }, {
    // Messages that are kept would be garbage, and what is measured would be the collector.
    methods: { upload: { lendInputs: true } },
  });
  const address = `tcp://127.0.0.1:${service}`;
  const server = serve(await listen(address, implementation), { graceMs: 0 });
  const floor = await serveFloor({ href: `tcp://127.0.0.1:${echo}`, identity: null });
  const framedFloor = await serveChannels(
    { href: `tcp://127.0.0.1:${framed}`, identity: null },
    async (channel) => {
      if (channel.kind === "bytes") await answerFramed(channel, (count) => bytes += count);
    },
  );
  const listener = Deno.listen({ hostname: "127.0.0.1", port: sink });
  const swallow = async (conn: Deno.Conn): Promise<void> => {
    const buffer = new Uint8Array(READ_BYTES);
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      bytes += count;
    }
    conn.close();
  };
  const accept = async (): Promise<void> => {
    for await (const conn of listener) swallow(conn).catch(() => {});
  };
  const accepting = accept();
  let started: AsyncDisposable | null = null;
  await answerCommands({
    /** Serves at another address, instead of the one before. */
    start: async ({ href, identity, hasSecret }: StartOrder): Promise<void> => {
      await started?.[Symbol.asyncDispose]();
      const listener = await listen(href, implementation, reachedBy("", identity));
      started = serve(listener, {
        graceMs: 0,
        ...(hasSecret ? { auth: sharedSecret(SECRET) } : {}),
      });
    },
    ports: (): FarPorts => ({ service, echo, sink, framed }),
    taken: (): number => bytes,
  });
  await (started as AsyncDisposable | null)?.[Symbol.asyncDispose]();
  listener.close();
  await accepting;
  await framedFloor[Symbol.asyncDispose]();
  await floor[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
}

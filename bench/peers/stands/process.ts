/**
 * One of the two processes of a peer: what echoes, or what asks. It is told
 * what to do, and ends when its standard input closes. The same on Deno, Node
 * and Bun.
 *
 * @module
 */

import process from "node:process";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";
import { ownCpuUs, processCpuMs } from "../../support/process_cpu.ts";
import { type LoadOrder, runLoad } from "../../support/open_loop.ts";
import type { StandName } from "./list.ts";
import { LOAD } from "./load.ts";
import { measureEchoes, type Order, type ServerStarted } from "./measure.ts";
import type { EchoClient, EchoServer, Peer } from "./peer.ts";

/** How long things may take to close at the end. */
const CLOSE_MS = 2_000;

async function serve(peer: Peer): Promise<void> {
  let server: EchoServer | null = null;
  await answerCommands({
    start: async (): Promise<ServerStarted> => {
      const missing = await peer.missing?.();
      if (missing !== undefined) return { missing, address: "" };
      server = await peer.serve();
      return { address: server.address };
    },
    cpuUs: () => serverCpuUs(server!),
  });
  await end(server);
}

async function ask(peer: Peer, address: string): Promise<void> {
  let client: EchoClient | null = null;
  await answerCommands({
    start: async () => void (client = await peer.dial(address)),
    measure: (order: Order) => measureEchoes(client!, order),
    load: (order: LoadOrder) => runLoad((payload) => client!.echo(payload), order),
    cpuUs: ownCpuUs,
  });
  await end(client);
}

async function end(resource: AsyncDisposable | null): Promise<void> {
  setTimeout(() => process.exit(0), CLOSE_MS);
  await resource?.[Symbol.asyncDispose]();
  process.exit(0);
}

/** Processor time of this process and of the broker, if there is one that can be looked at. */
function serverCpuUs({ brokerPid }: EchoServer): number {
  const brokerMs = brokerPid === undefined ? 0 : processCpuMs(brokerPid);
  return ownCpuUs() + (Number.isNaN(brokerMs) ? 0 : brokerMs * 1000);
}

if (import.meta.main) {
  // Ctrl-C reaches every process of a terminal. This one is to close first what it has started.
  process.on("SIGINT", () => {});
  const [role, name, address] = process.argv.slice(2);
  const peer = await LOAD[name as StandName]();
  if (role === "server") await serve(peer);
  else await ask(peer, address!);
}

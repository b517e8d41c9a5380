/**
 * One of the two processes of a peer: what echoes, or what asks. It is told
 * what to do by lines of JSON, and ends when its standard input closes.
 *
 * @module
 */

import process from "node:process";
import { TextLineStream } from "@std/streams";
import type { PeerName } from "./list.ts";
import { LOAD } from "./load.ts";
import { measureEchoes, type Order } from "./measure.ts";
import type { EchoClient, EchoServer, Peer } from "./peer.ts";

/** Linux counts a process's time in hundredths of a second, whatever the processor. */
const TICK_US = 10_000;

/** How long things may take to close at the end. */
const CLOSE_MS = 2_000;

function say(value: object): void {
  console.log(JSON.stringify(value));
}

/** Answers line by line; a line that is under way does not keep the end from being seen. */
async function obey(
  resource: AsyncDisposable,
  answer: (order: string) => Promise<object>,
): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    answer(line).then(say, (error) => say({ error: String(error) }));
  }
  setTimeout(() => Deno.exit(0), CLOSE_MS);
  await resource[Symbol.asyncDispose]();
  Deno.exit(0);
}

async function serve(peer: Peer): Promise<void> {
  const missing = await peer.missing?.();
  if (missing !== undefined) return say({ missing });
  const server = await peer.serve();
  say({ address: server.address });
  await obey(server, () => Promise.resolve({ cpuUs: serverCpuUs(server) }));
}

async function ask(peer: Peer, address: string): Promise<void> {
  const client: EchoClient = await peer.dial(address);
  say({});
  await obey(client, (line) => {
    return measureEchoes(client, JSON.parse(line) as Order);
  });
}

/** Processor time of this process and of the broker, if there is one that can be looked at. */
function serverCpuUs({ brokerPid }: EchoServer): number {
  const { user, system } = process.cpuUsage();
  if (brokerPid === undefined || Deno.build.os !== "linux") return user + system;
  const stat = Deno.readTextFileSync(`/proc/${brokerPid}/stat`);
  // After the name, in brackets: the 12th and the 13th are ticks as user and as system.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return user + system + (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

if (import.meta.main) {
  // Ctrl-C reaches every process of a terminal. This one is to close first what it has started.
  Deno.addSignalListener("SIGINT", () => {});
  const [role, name, address] = Deno.args;
  const peer = await LOAD[name as PeerName]();
  if (role === "server") await serve(peer);
  else await ask(peer, address!);
}

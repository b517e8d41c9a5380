/**
 * What requests leave behind: the heap of both processes after ten thousand
 * requests and after a million, and if asked for after ten million.
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import { freePorts } from "../../tools/network/free_ports.ts";
import { figure, type MemoryFigure } from "./figure.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { type Memory, MemoryProcess, settledMemory } from "../support/memory_process.ts";

/** How many requests have been made when the heap is looked at. */
const COUNTS = [10_000, 1_000_000];
const LONG_COUNT = 10_000_000;
const IN_FLIGHT = 64;
const SIZE = 64;
const TARGET_BYTES = 2 * 1024 * 1024;
/** Ten million take half a minute, on a busy machine several. */
const PATIENCE_MS = 600_000;

const echo = single("bench.echo");

/**
 * Measures; takes some seconds.
 *
 * @param isLong Whether to go on to ten million requests, which takes half a minute.
 */
export async function measureRequests(isLong: boolean): Promise<MemoryFigure[]> {
  const hosts = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
  const module = new URL(import.meta.url);
  await using server = new MemoryProcess(module, ["server", hosts[1]!, hosts.join()]);
  await using client = new MemoryProcess(module, ["client", hosts[0]!, hosts.join()]);
  await server.ask("connect");
  await client.ask("connect");
  const figures: MemoryFigure[] = [];
  let before: readonly Memory[] = [], fewer = 0;
  for (const count of isLong ? [...COUNTS, LONG_COUNT] : COUNTS) {
    await client.ask(String(count), null, PATIENCE_MS);
    const after = [await server.ask("measure"), await client.ask("measure")];
    const name = `heap after ${count.toLocaleString("en")} requests, beyond that after ${
      fewer.toLocaleString("en")
    }`;
    for (const [i, { heapBytes }] of before.entries()) {
      const more = after[i]!.heapBytes - heapBytes;
      figures.push(figure(name, ["handler's side", "caller's side"][i]!, more, TARGET_BYTES));
    }
    before = after;
    fewer = count;
  }
  return figures;
}

async function run(role: string, local: string, hosts: readonly string[]): Promise<void> {
  await using manager = new Manager({ local, hosts });
  manager.handle(echo, (bytes) => bytes);
  const peer = manager.connection(hosts.find((host) => host !== local)!);
  let made = 0;
  const requestUntil = async (count: number): Promise<void> => {
    const payload = new Uint8Array(SIZE);
    const worker = async (): Promise<void> => {
      while (made < count) {
        made++;
        await peer.request(echo, payload);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  };
  await answerCommands({
    connect: async () => {
      await manager.listen();
      if (role === "client") await manager.waitForConnect({ timeoutMs: 10_000 });
    },
    ...Object.fromEntries(
      [...COUNTS, LONG_COUNT].map((count) => [String(count), () => requestUntil(count)]),
    ),
    measure: settledMemory,
  });
  await manager.close({ graceMs: 0 });
}

if (import.meta.main) {
  const [role, local, hosts] = Deno.args;
  await run(role!, local!, hosts!.split(","));
}

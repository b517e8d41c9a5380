/**
 * What requests leave behind: the heap of both processes after ten thousand
 * requests and after a million.
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import { freePorts } from "./free_ports.ts";
import { figure, type MemoryFigure } from "./memory_figure.ts";
import { answerCommands, MemoryProcess, settledMemory } from "./memory_process.ts";

const FEW = 10_000;
const MANY = 1_000_000;
const IN_FLIGHT = 64;
const SIZE = 64;
const TARGET_BYTES = 2 * 1024 * 1024;

const echo = single("bench.echo");

/** Measures; takes some seconds. */
export async function measureRequests(): Promise<MemoryFigure[]> {
  const hosts = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
  const module = new URL(import.meta.url);
  await using server = new MemoryProcess(module, ["server", hosts[1]!, hosts.join()]);
  await using client = new MemoryProcess(module, ["client", hosts[0]!, hosts.join()]);
  await server.ask("connect");
  await client.ask("connect");
  await client.ask("few");
  const before = [await server.ask("measure"), await client.ask("measure")];
  await client.ask("many");
  const after = [await server.ask("measure"), await client.ask("measure")];
  const name = `heap after ${MANY.toLocaleString("en")} requests, beyond that after ${
    FEW.toLocaleString("en")
  }`;
  return ["handler's side", "caller's side"].map((side, i) =>
    figure(name, side, after[i]!.heapBytes - before[i]!.heapBytes, TARGET_BYTES)
  );
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
    few: () => requestUntil(FEW),
    many: () => requestUntil(MANY),
    measure: settledMemory,
  });
  await manager.close({ graceMs: 0 });
}

if (import.meta.main) {
  const [role, local, hosts] = Deno.args;
  await run(role!, local!, hosts!.split(","));
}

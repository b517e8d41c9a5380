/**
 * What an open stream costs while nothing happens on it, on either side,
 * beside the user's own code: the handler is an async generator that waits for
 * its input, the caller a `for await` that waits for outputs. The same code
 * over an iterator that does nothing is measured first and taken off.
 *
 * @module
 */

import { Manager, type Stream, stream } from "@internode/grid";
import { freePorts } from "../../tools/network/free_ports.ts";
import { figure, type MemoryFigure } from "./figure.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { type Memory, MemoryProcess, settledMemory } from "../support/memory_process.ts";

const STREAMS = 10_000;
const TARGET_BYTES = 2 * 1024;

const echo = stream("bench.idle", { inputCapacity: 4, outputCapacity: 4 });

/** Measures; takes some seconds. */
export async function measureStreams(): Promise<MemoryFigure[]> {
  const hosts = freePorts(2).map((port) => `tcp://127.0.0.1:${port}`);
  const module = new URL(import.meta.url);
  await using server = new MemoryProcess(module, ["server", hosts[1]!, hosts.join()]);
  await using client = new MemoryProcess(module, ["client", hosts[0]!, hosts.join()]);
  const name = `${STREAMS.toLocaleString("en")} open idle streams, each`;
  const figures: MemoryFigure[] = [];
  const bare: number[] = [];
  for (const process of [server, client]) {
    const before = await process.ask("measure");
    await process.ask("bare");
    bare.push(each(before, await process.ask("measure")));
    await process.ask("dropBare");
  }
  await server.ask("connect");
  await client.ask("connect");
  const before = [await server.ask("measure"), await client.ask("measure")];
  await client.ask("open");
  await server.ask("opened");
  const after = [await server.ask("measure"), await client.ask("measure")];
  for (const [i, side] of ["handler's side", "caller's side"].entries()) {
    const whole = each(before[i]!, after[i]!);
    figures.push(figure(name, side, whole - bare[i]!, TARGET_BYTES));
    figures.push(figure(name, `${side}, the user's code`, bare[i]!, null));
  }
  return figures;
}

function each(before: Memory, after: Memory): number {
  return (after.heapBytes - before.heapBytes) / STREAMS;
}

/** What a user's handler may look like. */
async function* serve(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const message of input) yield message;
}

/** What a user's caller may look like. */
async function consume(outputs: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of outputs);
}

/** An input that never comes. */
function silence(): AsyncIterableIterator<Uint8Array> {
  return {
    next: () => new Promise<IteratorResult<Uint8Array>>(() => {}),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function run(role: string, local: string, hosts: readonly string[]): Promise<void> {
  await using manager = new Manager({ local, hosts });
  const peer = hosts.find((host) => host !== local)!;
  const held: unknown[] = [];
  const streams: Stream<Uint8Array, Uint8Array>[] = [];
  let started = 0;
  const allStarted = Promise.withResolvers<void>();
  manager.handle(echo, (_initial, input) => {
    if (++started === STREAMS) allStarted.resolve();
    return serve(input);
  });
  await answerCommands({
    bare: () => {
      for (let i = 0; i < STREAMS; i++) {
        if (role === "client") {
          const iterator = silence();
          held.push(iterator, consume(iterator));
        } else {
          const generator = serve(silence());
          held.push(generator, generator.next());
        }
      }
    },
    dropBare: () => void (held.length = 0),
    connect: async () => {
      await manager.listen();
      if (role === "client") await manager.waitForConnect({ timeoutMs: 10_000 });
    },
    opened: () => allStarted.promise,
    open: () => {
      for (let i = 0; i < STREAMS; i++) {
        const opened = manager.connection(peer).stream(echo, EMPTY);
        streams.push(opened);
        consume(opened).catch(() => {});
      }
    },
    measure: settledMemory,
  });
  for (const opened of streams) opened.cancel();
  await manager.close({ graceMs: 0 });
}

const EMPTY = new Uint8Array(0);

if (import.meta.main) {
  const [role, local, hosts] = Deno.args;
  await run(role!, local!, hosts!.split(","));
}

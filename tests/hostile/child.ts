/**
 * A process that a test starts, tells what to do, and measures.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { systemClock } from "../../lib/net/system_clock.ts";

/** What a process holds. */
export interface Memory {
  /** All that is resident, in bytes. */
  readonly residentBytes: number;
  /** The heap of its engine, in bytes. */
  readonly heapBytes: number;
  /** What its array buffers hold beside the heap, in bytes. */
  readonly bufferBytes: number;
}

/** Another process; disposing of it waits for its end. */
export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /** Starts a module; its first argument is the configuration as JSON. */
  constructor(module: string, config: unknown) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-check",
        "--v8-flags=--expose-gc",
        new URL(module, import.meta.url).href,
        JSON.stringify(config),
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  /** Has it do something, and gives what came of it. */
  async ask<Answer>(command: string, argument: unknown = null): Promise<Answer> {
    const line = `${JSON.stringify([command, argument])}\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const { done, value } = await this.#lines.read();
    if (done) throw new Error(`the process ended instead of doing "${command}"`);
    return JSON.parse(value) as Answer;
  }

  /** Lets it end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#lines.cancel();
    await this.#child.status;
  }
}

/** The other end of `ask`: does what it is told until its standard input closes. */
export async function answer(
  commands: Readonly<Record<string, (argument: never) => unknown>>,
): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const [command, argument] = JSON.parse(line) as [string, never];
    const result: unknown = await commands[command]!(argument);
    console.log(JSON.stringify(result ?? null));
  }
}

/** What this process holds now. */
export function memory(): Memory {
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed, bufferBytes: external };
}

/** Collects until there is nothing left to collect; the process must run with `--expose-gc`. */
export async function settledMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void };
  let before = Infinity;
  for (let look = 0; look < 12; look++) {
    gc!();
    // Buffers are given back, and promises settle, in turns of their own.
    await new Promise<void>((resolve) => systemClock.setTimer(10, resolve));
    const { heapUsed, external } = Deno.memoryUsage();
    if (heapUsed + external > before - 64 * 1024) break;
    before = heapUsed + external;
  }
  return memory();
}

/**
 * A process whose memory is measured: it is told what to do, a line of JSON at
 * a time, and answers each with another.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

/** How much a process holds. */
export interface Memory {
  /** The heap of its engine, in bytes. */
  readonly heapBytes: number;
  /** What its array buffers hold beside the heap, in bytes. */
  readonly bufferBytes: number;
  /** All that is resident, in bytes. */
  readonly residentBytes: number;
}

/** So many times in a row the figures must be about the same before they count. */
const QUIET_LOOKS = 3;
const MAX_LOOKS = 60;
const LOOK_EACH_MS = 20;
const QUIET_BYTES = 16 * 1024;

/** Collects until there is nothing left to collect; the process must run with `--expose-gc`. */
export async function settledMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("this process must run with --v8-flags=--expose-gc");
  let least = Infinity;
  for (let look = 0, quiet = 0; look < MAX_LOOKS && quiet < QUIET_LOOKS; look++) {
    // Buffers are given back, and promises settle, in turns of their own.
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EACH_MS));
    gc();
    const { heapUsed, rss } = Deno.memoryUsage();
    quiet = heapUsed + rss > least - QUIET_BYTES ? quiet + 1 : 0;
    least = Math.min(least, heapUsed + rss);
  }
  return memory();
}

/** What this process holds now. */
export function memory(): Memory {
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: external, residentBytes: rss };
}

/** Another process; disposing of it waits for its end. */
export class MemoryProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /** Starts a module as a process of its own. */
  constructor(module: URL, args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--v8-flags=--expose-gc", module.href, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  /** Has it do something, and gives what came of it. */
  async ask<Answer = Memory>(command: string, argument: unknown = null): Promise<Answer> {
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
export async function answerCommands(
  commands: Readonly<Record<string, (argument: never) => unknown>>,
): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const [name, argument] = JSON.parse(line) as [string, never];
    const command = commands[name];
    if (command === undefined) throw new Error(`there is no command "${name}"`);
    console.log(JSON.stringify(await command(argument) ?? null));
  }
}

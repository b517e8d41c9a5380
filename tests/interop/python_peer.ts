/**
 * Runs the peer in Python.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type ProgramTest, testWith } from "../support/installed.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";

/** The tests that need it. */
export const PYTHON: ProgramTest = testWith(
  "python3",
  "Debian's python3",
  NET && RUN && FILES,
  isInstalled,
);

function isInstalled(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** A line of the peer's; which fields there are depends on the event. */
export interface PeerEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** One process. */
export class PythonPeer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #lines: AsyncIterator<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  #isClosed = false;

  /** Starts it. */
  constructor(options: Readonly<Record<string, unknown>>) {
    this.#process = new Deno.Command("python3", {
      // Nothing is left behind beside the sources.
      args: ["-B", "-m", "peer", JSON.stringify(options)],
      cwd: new URL(".", import.meta.url).pathname,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#process.stderr).text();
    this.#stdin = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  /** Waits for its next line; `null` at the end. */
  async next(): Promise<PeerEvent | null> {
    const { done, value } = await this.#lines.next();
    return done === true ? null : JSON.parse(value);
  }

  /** Waits for its next line, which must tell of that event. */
  async expect(event: string): Promise<PeerEvent> {
    const line = await this.next();
    if (line === null) throw new Error(`${event} was expected: ${await this.#failure()}`);
    assertEquals(line.event, event);
    return line;
  }

  /** Ends its standard input: there is nothing more for it to do. */
  async release(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // It may have ended by itself.
    await this.#stdin.close().catch(() => {});
  }

  /** Waits for its end, which must be a good one. */
  async ended(): Promise<void> {
    await this.release();
    const { success } = await this.#process.status;
    const stderr = await this.#stderr;
    assert(success && stderr === "", stderr);
  }

  async #failure(): Promise<string> {
    await this.release();
    return await this.#stderr;
  }

  /** Ends it, however far it has come. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    while (await this.next() !== null);
    await Promise.all([this.#process.status, this.#stderr]);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

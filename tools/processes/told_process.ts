/**
 * A process that is told what to do: the outer end of `answerCommands`.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import type { Command } from "../runtimes/launcher.ts";

/** How long an answer may take unless something else is said. */
const ANSWER_MS = 120_000;
/** A process that was told to end is killed after that. */
const END_MS = 20_000;

/** How a process is started. */
export interface ToldProcessOptions {
  /** What it is called in errors. Default: its program. */
  readonly what?: string;
  /** Environment beside that of this process. */
  readonly env?: Record<string, string>;
  /** Ends all waiting for answers. */
  readonly signal?: AbortSignal;
}

/** Another process; disposing of it closes its standard input and waits for its end. */
export class ToldProcess implements AsyncDisposable {
  /** What the system knows it by. */
  readonly pid: number;
  readonly #what: string;
  readonly #signal: AbortSignal | null;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /** Starts a program. */
  constructor([program, ...args]: Command, options: ToldProcessOptions = {}) {
    const { what = "the process", env = {}, signal = null } = options;
    this.#what = what;
    this.#signal = signal;
    this.#child = new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped" }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  /**
   * Has it do something, and gives what came of it.
   *
   * @param command What it is told.
   * @param argument What it needs for it: anything that JSON can say.
   * @param withinMs How long that may take; then the process is killed.
   */
  async ask<Answer>(
    command: string,
    argument: unknown = null,
    withinMs = ANSWER_MS,
  ): Promise<Answer> {
    this.#signal?.throwIfAborted();
    const failed = Promise.withResolvers<never>();
    const stop = (): void => failed.reject(this.#signal!.reason);
    this.#signal?.addEventListener("abort", stop);
    const timer = setTimeout(() => {
      // Its answer would be taken for that to the next command.
      this.kill();
      failed.reject(new Error(`${this.#what} did not do "${command}" in ${withinMs} ms`));
    }, withinMs);
    try {
      return await Promise.race([this.#told<Answer>(command, argument), failed.promise]);
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener("abort", stop);
    }
  }

  async #told<Answer>(command: string, argument: unknown): Promise<Answer> {
    const line = `${JSON.stringify([command, argument])}\n`;
    // If it has ended already, reading shows it.
    await this.#input.write(new TextEncoder().encode(line)).catch(() => {});
    const { done, value: answer } = await this.#lines.read();
    if (done) throw new Error(`${this.#what} ended instead of doing "${command}"`);
    const { value, error } = JSON.parse(answer) as { value: Answer; error?: string };
    if (error !== undefined) throw new Error(`${this.#what}: ${error}`);
    return value;
  }

  /** Ends it at once, as a crash would; does nothing where it has ended. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /**
   * Lets it end, which it must do by itself.
   *
   * @returns Its status: 0 for a good end.
   */
  async end(): Promise<number> {
    await this.#input.close().catch(() => {});
    const killing = setTimeout(() => this.kill(), END_MS);
    // What it still says is not to fill the pipe.
    await this.#lines.cancel();
    const { code } = await this.#child.status;
    clearTimeout(killing);
    return code;
  }

  /** See {@linkcode ToldProcess.end}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

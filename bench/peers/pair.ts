/**
 * The two processes of one peer, as the bench sees them.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import type { PeerName } from "./stands/list.ts";
import type { Moment, Order, Work } from "./stands/measure.ts";

/** One round of one peer. */
export interface Round extends Moment {
  /** Processor time of the process that echoes, and of a broker, in microseconds. */
  readonly serverCpuUs: number;
}

/** A peer that is up, or why there is none. */
export type Started = { readonly pair: PeerPair } | { readonly missing: string };

const PROCESS = new URL("./stands/process.ts", import.meta.url).href;
/** The peers' packages are pinned here, apart from those that everything else wants. */
const CONFIG = `${import.meta.dirname}/stands/deno.json`;

/** Packages may have to be fetched first. */
const START_MS = 120_000;
/** How much longer than it was told to measure a process may take. */
const PATIENCE_MS = 20_000;
/** After that a process that was told to end is killed. */
const END_MS = 5_000;

/** Both processes, connected. */
export class PeerPair implements AsyncDisposable {
  readonly #server: Child;
  readonly #client: Child;
  #expectedPerSecond = 0;

  private constructor(server: Child, client: Child) {
    this.#server = server;
    this.#client = client;
  }

  /** Starts both, or says what is missing. */
  static async start(name: PeerName, signal: AbortSignal): Promise<Started> {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(new Child(["server", name], signal));
    const { missing, address } = await server.answer<{ missing?: string; address: string }>(
      START_MS,
    );
    if (missing !== undefined) return { missing };
    const client = stack.use(new Child(["client", name, address], signal));
    await client.answer(START_MS);
    stack.move();
    return { pair: new PeerPair(server, client) };
  }

  /** Does it for a while, so that everything is compiled, and learns how fast it is. */
  async warm(work: Work, seconds: number): Promise<void> {
    const moment = await this.#measure(work, seconds);
    this.#expectedPerSecond = moment.count / moment.seconds;
  }

  /** Does it for so many seconds. */
  async round(work: Work, seconds: number): Promise<Round> {
    const before = await this.#serverCpuUs();
    const moment = await this.#measure(work, seconds);
    return { ...moment, serverCpuUs: await this.#serverCpuUs() - before };
  }

  #measure({ size, inflight }: Work, seconds: number): Promise<Moment> {
    const order: Order = { size, inflight, seconds, expectedPerSecond: this.#expectedPerSecond };
    return this.#client.ask<Moment>(order, seconds * 1000 + PATIENCE_MS);
  }

  async #serverCpuUs(): Promise<number> {
    return (await this.#server.ask<{ cpuUs: number }>({}, PATIENCE_MS)).cpuUs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** One process, which answers each line with a line. */
class Child implements AsyncDisposable {
  readonly #what: string;
  readonly #signal: AbortSignal;
  readonly #process: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  constructor(args: readonly string[], signal: AbortSignal) {
    this.#what = `the ${args[0]} of ${args[1]}`;
    this.#signal = signal;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--config", CONFIG, PROCESS, ...args],
      env: { NODE_ENV: "production" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#orders = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  async ask<T>(order: object, withinMs: number): Promise<T> {
    await this.#orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    return await this.answer(withinMs);
  }

  /** The next line, unless it takes too long, the process ends, or the bench is stopped. */
  async answer<T>(withinMs: number): Promise<T> {
    this.#signal.throwIfAborted();
    const failed = Promise.withResolvers<never>();
    const stop = () => failed.reject(this.#signal.reason);
    this.#signal.addEventListener("abort", stop);
    const timer = setTimeout(
      () => failed.reject(new Error(`${this.#what} did not answer within ${withinMs} ms`)),
      withinMs,
    );
    try {
      const { value, done } = await Promise.race([this.#answers.read(), failed.promise]);
      if (done) throw new Error(`${this.#what} ended, status ${(await this.#process.status).code}`);
      const answer = JSON.parse(value) as T & { error?: string };
      if (answer.error !== undefined) throw new Error(`${this.#what}: ${answer.error}`);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener("abort", stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close().catch(() => {}); // It may have ended already.
    const killing = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#process.status;
    clearTimeout(killing);
    await this.#answers.cancel();
  }
}

/**
 * Writes down each call with its beginning and its end.
 *
 * @module
 */

import { Histogram } from "./histogram.ts";
import type { CallEvent, Log } from "../log/log_event.ts";

/** Everything that this process has asked of others, so that a call that hangs leaves its trace. */
export class CallLog {
  /** How long the calls took that were answered. */
  readonly latency: Histogram = new Histogram();
  readonly #log: Log<CallEvent>;
  readonly #now: () => number;
  readonly #open = new Set<Promise<unknown>>();
  #calls = 0;

  /**
   * @param now The clock for the log and the durations.
   * @param log Where the calls are written down.
   */
  constructor(now: () => number, log: Log<CallEvent>) {
    this.#now = now;
    this.#log = log;
  }

  /**
   * Writes a call down.
   *
   * @param name What is called.
   * @param host Who is called.
   * @param boundMs The time within which it must end.
   * @param call Begins the call.
   * @returns What the call returns.
   */
  async run<Reply>(
    name: string,
    host: string,
    boundMs: number,
    call: () => Promise<Reply>,
  ): Promise<Reply> {
    const id = ++this.#calls;
    const began = this.#now();
    this.#log.write({ event: "call", at: began, id, name, host, boundMs });
    const end = (outcome: string) => {
      const at = this.#now();
      this.#log.write({ event: "end", at, id, outcome });
      if (outcome === "ok") this.latency.add((at - began) * 1_000);
    };
    const running = call();
    this.#open.add(running);
    try {
      const reply = await running;
      end("ok");
      return reply;
    } catch (error) {
      end(error instanceof Error && "code" in error ? String(error.code) : String(error));
      throw error;
    } finally {
      this.#open.delete(running);
    }
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
  }
}

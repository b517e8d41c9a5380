/**
 * Calls at a constant rate.
 *
 * @module
 */

import { delay } from "@std/async";
import { Histogram } from "../lock_service/node/histogram.ts";

const TICK_MS = 5;

/** Makes calls at a constant rate, however long they take. */
export abstract class SteadyLoad {
  /** How long the calls that were answered took, in microseconds. */
  readonly latency: Histogram = new Histogram();
  /** How often calls have failed, by what was said. */
  readonly failures: Map<string, number> = new Map();
  requests = 0;
  failed = 0;
  readonly #rate: number;
  readonly #running = new Set<Promise<void>>();

  /** @param rate How many calls a second. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Makes calls until the signal aborts; resolves when all have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const beganAt = performance.now();
    for (let made = 0; !signal.aborted;) {
      const due = (performance.now() - beganAt) / 1_000 * this.#rate;
      for (; made < due; made++) this.#begin();
      await delay(TICK_MS);
    }
    await Promise.all(this.#running);
  }

  /** Counts a failure, of whatever kind. */
  fail(error: unknown): void {
    const text = String(error);
    this.failed++;
    this.failures.set(text, (this.failures.get(text) ?? 0) + 1);
  }

  /** Does what is due once. What it rejects with is a failure. */
  protected abstract call(): Promise<void>;

  /** Makes one call, and counts how long its answer took. */
  protected async measure<T>(call: () => Promise<T>): Promise<T> {
    this.requests++;
    const beganAt = performance.now();
    const answer = await call();
    this.latency.add((performance.now() - beganAt) * 1_000);
    return answer;
  }

  #begin(): void {
    const work = this.call().catch((error) => this.fail(error));
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }
}

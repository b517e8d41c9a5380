/**
 * A server of several workers.
 *
 * @module
 */

import { type CloseOptions, resolveGraceMs } from "../../rpc/connecting/close_options.ts";
import type { ServerStats } from "../../rpc/connecting/connection_stats.ts";
import type { Server } from "../../rpc/connecting/server.ts";
import { type WorkerPlan, WorkerSlot, type WorkerState } from "./worker_slot.ts";

/** How long workers may take to send their figures, in milliseconds. */
const STATS_MS = 1_000;

/** The status of one worker; its counters begin at 0 with each replacement. */
export interface WorkerStats extends ServerStats {
  /** Its number, from 1. */
  readonly number: number;
  /** Its state: `starting`, `serving`, `waiting` (it has failed, and is replaced after a back-off), `stopping` or `stopped`. */
  readonly state: WorkerState;
  /** How often it was replaced since the server was started. */
  readonly restarts: number;
}

/** Where workers listen: all at one address, or each at its own. */
export type WorkerAddresses = string | ((worker: number) => string);

/** A server of several workers, made by `serveWorkers`. */
export class WorkerServer implements AsyncDisposable, Pick<Server, "finished" | "close"> {
  /** Resolves when the server has been closed and all its workers have ended. Never rejects: workers that fail are replaced. */
  readonly finished: Promise<void>;

  readonly #plan: WorkerPlan;
  readonly #slots: readonly WorkerSlot[];
  readonly #finished = Promise.withResolvers<void>();
  #addresses: readonly string[] = [];
  #closed: Promise<void> | undefined;

  /**
   * Use `serveWorkers`.
   *
   * @param plan The common settings of the workers.
   * @param workers How many there are to be.
   */
  constructor(plan: WorkerPlan, workers: number) {
    this.#plan = plan;
    this.#slots = Array.from({ length: workers }, (_, at) => new WorkerSlot(plan, at + 1));
    this.finished = this.#finished.promise;
  }

  /** Its addresses for clients: one that all workers share, or one for each worker. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Starts all workers: the first one alone, whose port the others share and
   * which shows whether the module works, then the others at once.
   *
   * @param addresses Where they listen.
   * @returns Resolves when all serve. Rejects with the first failure; all workers have then ended.
   */
  async start(addresses: WorkerAddresses): Promise<void> {
    const [first, ...others] = this.#slots as [WorkerSlot, ...WorkerSlot[]];
    try {
      if (typeof addresses === "function") {
        const each = this.#slots.map(({ number }) => addresses(number));
        const at = await first.start(each[0]!, false);
        const rest = others.map((slot) => slot.start(each[slot.number - 1]!, false));
        this.#addresses = [at, ...await Promise.all(rest)];
      } else {
        const sharePort = others.length > 0;
        const at = await first.start(addresses, sharePort);
        await Promise.all(others.map((slot) => slot.start(at, sharePort)));
        this.#addresses = [at];
      }
    } catch (error) {
      for (const slot of this.#slots) slot.end();
      throw error;
    }
  }

  /**
   * The status of each worker. Serving workers are asked; one that is too busy
   * to answer within a second shows its last figures.
   *
   * @returns One entry for each worker, by number.
   */
  async stats(): Promise<readonly WorkerStats[]> {
    const { clock } = this.#plan;
    const asked = Promise.all(this.#slots.map((slot) => slot.ask()));
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(STATS_MS, resolve);
      asked.then(() => {
        clock.clearTimer(timer);
        resolve();
      });
    });
    return this.#slots.map(({ number, state, restarts, stats }) => (
      { ...stats, number, state, restarts }
    ));
  }

  /**
   * Stops all workers at once, each as `serve` stops: running calls have
   * `graceMs` to finish, and clients are asked to call other replicas. The
   * options of the first call apply; further calls do nothing.
   *
   * @param options The grace time. Default: option `graceMs` of `serveWorkers`.
   * @returns Resolves when all have ended, `graceMs` and 5 seconds later at most. Rejects with `InvalidArgument`, and closes nothing, for a grace time out of range.
   */
  // deno-lint-ignore require-await -- what is thrown becomes the rejection
  async close(options: CloseOptions = {}): Promise<void> {
    const { graceMs = this.#plan.graceMs } = options;
    resolveGraceMs({ graceMs });
    return this.#closed ??= this.#close(graceMs);
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop(graceMs)));
    this.#finished.resolve();
  }
}

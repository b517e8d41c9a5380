/**
 * Calls that have ended, of all nodes, for one page.
 *
 * @module
 */

import type { TraceRequest } from "../../admin/calls_contract.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import { problemOf } from "../asking/ask_all.ts";
import { traceRow } from "./activity.ts";
import { foreign, nameOf } from "./mesh.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { PageTrace, PageTraces } from "./page_state.ts";

/** How many calls wait for the page; of more, the newest are lost. */
const MAX_WAITING = 500;
/** How often nodes are looked for that are not traced yet, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Which calls a page wants to see. */
export interface TraceFilter extends TraceRequest {
  /** Only what the node of this name tells. Default: all nodes. */
  readonly node?: string | undefined;
}

/** Follows the traces of all nodes, until it is closed. */
export class TraceFollower {
  readonly #watches: () => readonly NodeWatch[];
  readonly #filter: TraceFilter;
  readonly #clock: Clock;
  readonly #followed = new Map<NodeWatch, AsyncGenerator<unknown>>();
  readonly #problems = new Map<NodeWatch, string>();
  #waiting: PageTrace[] = [];
  #lost = 0;
  #timer: Timer | null = null;
  #isClosed = false;

  /**
   * @param watches The nodes that are asked at the moment.
   * @param filter Which calls.
   */
  constructor(watches: () => readonly NodeWatch[], filter: TraceFilter, clock: Clock) {
    this.#watches = watches;
    this.#filter = filter;
    this.#clock = clock;
    this.#look();
  }

  /** What has come since it was called last. */
  take(): PageTraces {
    const calls = this.#waiting.sort((one, two) => one.timeMs - two.timeMs),
      lost = this.#lost;
    this.#waiting = [];
    this.#lost = 0;
    const problems = Array.from(this.#problems, ([watch, why]) => `${nameOf(watch)}: ${why}`);
    return { type: "trace", calls, lost, problems };
  }

  /** Ends it. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    for (const trace of this.#followed.values()) {
      void trace.return(undefined).catch(() => {});
    }
  }

  #look(): void {
    const { node } = this.#filter, watches = this.#watches();
    for (const watch of watches) {
      const isWanted = node === undefined || nameOf(watch) === node;
      if (isWanted && watch.client !== null && !this.#followed.has(watch)) {
        void this.#follow(watch);
      }
    }
    for (const watch of this.#problems.keys()) {
      if (!watches.includes(watch)) this.#problems.delete(watch);
    }
    this.#timer = this.#clock.setTimer(LOOK_AGAIN_MS, () => this.#look());
  }

  /** Never rejects. */
  async #follow(watch: NodeWatch): Promise<void> {
    const { node: _, ...request } = this.#filter;
    const trace = watch.client!.trace(request);
    this.#followed.set(watch, trace);
    try {
      for await (const { calls, lost } of trace) {
        if (this.#isClosed) return;
        this.#problems.delete(watch);
        this.#lost += lost;
        const node = nameOf(watch);
        for (const call of calls) {
          if (this.#waiting.length >= MAX_WAITING) this.#lost++;
          else this.#waiting.push(traceRow(node, call));
        }
      }
    } catch (error) {
      this.#problems.set(watch, foreign(problemOf(error, watch.host).message));
    } finally {
      this.#followed.delete(watch);
    }
  }
}

/**
 * Keeps what is known of all nodes up to date.
 *
 * @module
 */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { callsOf, handlersOf } from "./activity.ts";
import { meshOf, type Moment, nameOf, stateOf } from "./mesh.ts";
import { Chart } from "./charts.ts";
import { type Connect, NodeWatch } from "./node_watch.ts";
import type { ChartPoint, Charts, PageState } from "./page_state.ts";

/** How many nodes are asked at most. */
export const MAX_NODES = 64;
/** How often charts get a point, in milliseconds. */
const POINT_EVERY_MS = 1_000;
/** How long a node that nobody names any more is still asked, in milliseconds. */
const FORGET_MS = 10_000;
/** What is asked of peers: a URL whose scheme connects to other processes. */
const ASKABLE = /^(?:tcp|tls|ws|wss|unix):\/\//;

/** How nodes are asked. */
export interface LiveMeshOptions {
  /** Whom to ask, by URL. */
  readonly hosts: readonly string[];
  /** Whether the peers that nodes name are asked, too. */
  readonly peers: boolean;
  /** What this tool calls itself: servers name it among their clients. */
  readonly name: string;
  /** Makes clients. */
  readonly connect: Connect;
  /** Where time comes from. */
  readonly clock: Clock;
}

/** Asks all nodes, and keeps their charts. */
export class LiveMesh {
  readonly #options: LiveMeshOptions;
  readonly #watches = new Map<string, NodeWatch>();
  /** When a node that was found through others was named last. */
  readonly #namedMs = new Map<string, number>();
  readonly #total: Chart = new Chart();
  #timer: Timer;
  #isClosed = false;

  /** Begins to ask. */
  constructor(options: LiveMeshOptions) {
    this.#options = options;
    for (const host of options.hosts.slice(0, MAX_NODES)) {
      this.#watch(host);
    }
    this.#timer = this.#schedule();
  }

  /** The nodes that are asked. */
  get watches(): readonly NodeWatch[] {
    return [...this.#watches.values()];
  }

  /**
   * What is known now.
   *
   * @param sinceMs Points of charts until this wall clock are left out.
   */
  state(sinceMs: number): PageState {
    const watches = this.watches, moment = this.#now();
    const { calls, inFlight } = callsOf(watches, moment);
    const charts: Record<string, readonly ChartPoint[]> = Object.create(null);
    const put = (id: string, points: readonly ChartPoint[]): void => {
      const fresh = points.filter(({ timeMs }) => timeMs > sinceMs);
      if (fresh.length > 0) charts[id] = fresh;
    };
    put("", this.#total.points);
    for (const watch of watches) put(nameOf(watch), watch.chart.points);
    return {
      type: "state",
      timeMs: moment.wallMs,
      asked: watches.length,
      ...meshOf(watches, moment, this.#options.name),
      handlers: handlersOf(watches, moment),
      calls,
      callsInFlight: inFlight,
      charts: charts as Charts,
    };
  }

  /** Ends all questions; resolves when all connections are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.clock.clearTimer(this.#timer);
    await Promise.all(this.watches.map((watch) => watch.close()));
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { nowMs: clock.now(), wallMs: clock.wallNow() };
  }

  #schedule(): Timer {
    return this.#options.clock.setTimer(POINT_EVERY_MS, () => {
      if (this.#isClosed) return;
      this.#timer = this.#schedule();
      this.#addPoints();
      if (this.#options.peers) this.#followPeers();
    });
  }

  #addPoints(): void {
    const moment = this.#now();
    const isHeard = (watch: NodeWatch): boolean => stateOf(watch, moment) === "up";
    for (const watch of this.watches) {
      watch.chart.add(isHeard(watch) ? [watch] : [], moment.wallMs);
    }
    this.#total.add(this.watches.filter(isHeard), moment.wallMs);
  }

  /** Asks the peers that nodes name, and no longer those that are gone and that nobody names. */
  #followPeers(): void {
    const { nowMs } = this.#now(), known = new Set<string>();
    for (const watch of this.watches) known.add(watch.host).add(nameOf(watch));
    for (const { readings } of this.watches) {
      const status = readings.at(-1)?.status;
      if (status?.kind !== "grid") continue;
      for (const { host } of status.remotes) {
        if (!ASKABLE.test(host)) continue;
        this.#namedMs.set(host, nowMs);
        if (!known.has(host) && this.#watches.size < MAX_NODES) {
          known.add(host);
          this.#watch(host);
        }
      }
    }
    for (const [host, namedMs] of this.#namedMs) {
      if (nowMs - namedMs > FORGET_MS) this.#forget(host);
    }
  }

  #forget(host: string): void {
    const watch = this.#watches.get(host);
    // One that answers and that nobody names may be on its way out, or in.
    if (watch !== undefined && watch.problem === null) return;
    // Somebody must answer who knows that it has left.
    if (this.watches.every(({ problem }) => problem !== null)) return;
    this.#namedMs.delete(host);
    if (watch === undefined) return;
    this.#watches.delete(host);
    void watch.close();
  }

  #watch(host: string): void {
    const { connect, clock } = this.#options;
    this.#watches.set(host, new NodeWatch(host, connect, clock));
  }
}

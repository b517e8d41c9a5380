/**
 * Decides what happens to the nodes, and when.
 *
 * @module
 */

import { majorityOf } from "@internode/grid/patterns";

/** What can be done to a node. */
export type Deed = "kill" | "killHolder" | "freezeHolder";

/** What a {@linkcode Chaos} is made from. */
export interface ChaosOptions {
  nodes: number;
  /** How long the run is. */
  totalMs: number;
  lifetimeMs: number;
  /** A number from 0 up to 1. */
  random: () => number;
}

/** The deeds come in this order, so that even a short run sees the best. */
const DEEDS: readonly Deed[] = ["killHolder", "freezeHolder", "kill", "killHolder", "kill"];

/** What a node needs to be back, beside the lifetime for which it is silent. */
const RETURN_MS = 2_000;

/** The plan of a run. It never takes so many nodes away that no majority could vote. */
export class Chaos {
  readonly #random: () => number;
  readonly #lastAtMs: number;
  readonly #maxAway: number;
  readonly #lifetimeMs: number;
  #nextAtMs: number;
  #done = 0;

  constructor(options: ChaosOptions) {
    const { nodes, totalMs, lifetimeMs, random } = options;
    this.#random = random;
    this.#lifetimeMs = lifetimeMs;
    this.#nextAtMs = Math.min(1_500, totalMs * 0.15);
    this.#lastAtMs = Math.max(this.#nextAtMs, totalMs - lifetimeMs - RETURN_MS);
    this.#maxAway = Math.min(2, nodes - majorityOf(nodes));
  }

  /**
   * What to do now, if anything.
   *
   * @param nowMs Since the run began.
   * @param away How many nodes do not vote at the moment.
   */
  next(nowMs: number, away: number): Deed | undefined {
    const early = nowMs < this.#nextAtMs;
    // The first deed is done even if it comes late, so that no run is without one.
    const late = nowMs > this.#lastAtMs && this.#done > 0;
    if (early || late || away >= this.#maxAway) return undefined;
    this.#nextAtMs = nowMs + 1_000 + this.#random() * 1_000;
    return DEEDS[this.#done++ % DEEDS.length];
  }

  /** How long a killed node stays away before it is started again. */
  downMs(): number {
    return 200 + this.#random() * 600;
  }

  /** How long a node stays frozen: its locks run out meanwhile, and others take them. */
  frozenMs(): number {
    return this.#lifetimeMs + 800 + this.#random() * 400;
  }

  /** One of several. */
  pick<Value>(values: readonly Value[]): Value | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }
}

/**
 * Checks that nobody believed to hold a key beside someone else.
 *
 * @module
 */

import type { LockName, NodeEvent } from "../log/log_event.ts";
import { type Check, type Life, SKEW_MS } from "./check.ts";

/** A lock, from when it was held until it was believed last to be. */
interface Holding extends LockName {
  readonly from: number;
  until: number;
}

/**
 * Whoever has a lock looks again and again whether it still is held, above all
 * right before it uses it. Two owners that are in each other's way, and of which the earlier one
 * believed in its lock when the later one had got its own, are one too many.
 */
export class HoldingCheck implements Check {
  readonly #keys = new Map<string, Map<string, Holding>>();
  #firstAt = Infinity;

  take(_life: Life, event: NodeEvent): void {
    if (event.event === "held") {
      const { key, uid, shared, token, at } = event;
      this.#firstAt = Math.min(this.#firstAt, at);
      const holdings = this.#keys.get(key) ?? new Map<string, Holding>();
      this.#keys.set(key, holdings.set(uid, { key, uid, shared, token, from: at, until: at }));
    } else if (event.event === "believed") {
      const holding = this.#keys.get(event.key)?.get(event.uid);
      if (holding !== undefined) holding.until = Math.max(holding.until, event.at);
    }
  }

  finish(): string[] {
    return [...this.#keys.values()].flatMap((holdings) => this.#overlaps([...holdings.values()]));
  }

  #overlaps(holdings: readonly Holding[]): string[] {
    const found: string[] = [], sorted = holdings.toSorted((a, b) => a.from - b.from);
    sorted.forEach((holding, at) => {
      for (let next = at + 1; next < sorted.length; next++) {
        const later = sorted[next]!;
        if (later.from >= holding.until - SKEW_MS) break;
        if (holding.shared && later.shared) continue;
        const seconds = ((later.from - this.#firstAt) / 1_000).toFixed(3);
        found.push(
          `${holding.key} was locked by ${describe(holding)} and ${describe(later)} at one time, ` +
            `${seconds} s after the first lock.`,
        );
      }
    });
    return found;
  }
}

function describe({ shared, uid, token }: Holding): string {
  return `${shared ? "reader" : "writer"} ${uid} (token ${token})`;
}

/**
 * Checks that each node was there again in the end.
 *
 * @module
 */

import { type Check, type Life, SKEW_MS } from "./check.ts";
import type { NodeEvent, SupervisorEvent } from "../log/log_event.ts";

interface LifeSeen {
  voting: boolean;
  bye: boolean;
  lastAt: number;
}

/**
 * A node has come back if its last life voted and ended as it was told to,
 * and, where it was frozen, did something after it was thawed. Also checks
 * that the clock was left alone, as the other checks lay logs side by side.
 */
export class ReturnCheck implements Check {
  readonly #lives = new Map<string, LifeSeen>();
  readonly #lastLife = new Map<number, number>();
  readonly #thawed: SupervisorEvent[] = [];
  readonly #killed = new Set<string>();
  readonly #found: string[] = [];

  /**
   * @param nodes How many nodes there are.
   * @param supervisor Tells what was started, killed and frozen.
   */
  constructor(nodes: number, supervisor: Iterable<SupervisorEvent>) {
    for (let node = 0; node < nodes; node++) this.#lastLife.set(node, 1);
    for (const event of supervisor) {
      const { node, life } = event;
      if (event.event === "spawn") this.#lastLife.set(node, life);
      if (event.event === "kill") this.#killed.add(`${node} ${life}`);
      if (event.event === "thaw") this.#thawed.push(event);
    }
  }

  take({ node, life }: Life, event: NodeEvent): void {
    const name = `${node} ${life}`;
    const seen = this.#lives.get(name) ?? { voting: false, bye: false, lastAt: 0 };
    this.#lives.set(name, seen);
    seen.lastAt = event.at;
    if (event.event === "voting") seen.voting = true;
    if (event.event !== "bye") return;
    seen.bye = true;
    if (event.clockStepMs > SKEW_MS) {
      this.#found.push(
        `The clock was set by ${Math.ceil(event.clockStepMs)} ms while node ${node} ran: ` +
          "the logs cannot be compared. Run it again.",
      );
    }
  }

  finish(): string[] {
    for (const [node, life] of this.#lastLife) {
      const seen = this.#lives.get(`${node} ${life}`);
      const back = seen?.voting === true && seen.bye && !this.#killed.has(`${node} ${life}`);
      if (!back) this.#found.push(`Node ${node} did not come back (life ${life}).`);
    }
    for (const { node, life, at } of this.#thawed) {
      const name = `${node} ${life}`;
      if (this.#killed.has(name) || (this.#lives.get(name)?.lastAt ?? 0) > at) continue;
      this.#found.push(`Node ${node} did nothing after it was thawed (life ${life}).`);
    }
    return this.#found;
  }
}

/**
 * Judges a run by the logs of its processes, and by nothing else.
 *
 * @module
 */

import { CallCheck } from "./call_check.ts";
import type { Check, Life } from "./check.ts";
import type { NodeEvent, SupervisorEvent } from "../log/log_event.ts";
import { HoldingCheck } from "./holding_check.ts";
import { OrderCheck } from "./order_check.ts";
import { ReturnCheck } from "./return_check.ts";

/** What the logs show. */
export interface Verdict {
  /** Each a sentence: what must never happen, and did. */
  readonly violations: readonly string[];
  /** Each a sentence: calls that did not end in time. */
  readonly hung: readonly string[];
  /** How many locks were acquired. */
  readonly locks: number;
  /** How many locks their owners have lost: they froze, or could not be reached. */
  readonly lost: number;
  /** How many protected writes were completed. */
  readonly writes: number;
  /** How many times a replica refused a write for its old token. */
  readonly fenced: number;
}

/** Takes all logs, one life after the other, those of one node in their order. */
export class Checker {
  readonly #calls: CallCheck;
  readonly #checks: Check[];
  #locks = 0;
  readonly #lost = new Set<string>();
  #writes = 0;
  #fenced = 0;

  /**
   * @param nodes How many nodes there are.
   * @param supervisor What was done to them.
   */
  constructor(nodes: number, supervisor: readonly SupervisorEvent[]) {
    this.#calls = new CallCheck(supervisor);
    this.#checks = [new HoldingCheck(), new OrderCheck(), new ReturnCheck(nodes, supervisor)];
  }

  /** Takes the log of one life. */
  take(life: Life, events: Iterable<NodeEvent>): void {
    for (const event of events) {
      this.#calls.take(life, event);
      for (const check of this.#checks) check.take(life, event);
      if (event.event === "held") this.#locks++;
      if (event.event === "lost") this.#lost.add(event.uid);
      if (event.event === "wrote") this.#writes++;
      if (event.event === "refuse") this.#fenced++;
    }
  }

  /** The verdict over all that was taken. */
  finish(): Verdict {
    const violations = this.#checks.flatMap((check) => check.finish());
    // A run in which nobody could lock anything proves nothing.
    if (this.#locks === 0 || this.#writes === 0) violations.push("Nothing was locked or written.");
    return {
      violations,
      hung: this.#calls.finish(),
      locks: this.#locks,
      lost: this.#lost.size,
      writes: this.#writes,
      fenced: this.#fenced,
    };
  }
}

/**
 * Calls that go through interceptors of their caller.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import type { AnswerTeller } from "../calling/answer_callbacks.ts";
import { EarliestTimer } from "../calling/earliest_timer.ts";

/** A call that is ended at its deadline, whatever its interceptors do. */
export interface OpenRun {
  /** When its time runs out, on the monotonic clock. */
  readonly deadlineMs: number;
  /** Where it is among those that are open; kept by them. */
  place: number;
  /** Its time has run out. */
  onLate(): void;
  /** Its side has closed. */
  fail(error: unknown): void;
}

/** The calls of one node or client that have not ended. */
export class OpenRuns {
  /** The source of time. */
  readonly clock: Clock;
  /** Tells the metadata of answers. */
  readonly answers: AnswerTeller;
  /** No set: one that is emptied and filled again has a new table each time, which only a full collection takes back. */
  readonly #runs: OpenRun[] = [];
  readonly #timer: EarliestTimer;
  #closed: { readonly error: unknown } | null = null;

  /**
   * @param clock The source of time.
   * @param answers Tells the metadata of answers.
   */
  constructor(clock: Clock, answers: AnswerTeller) {
    this.clock = clock;
    this.answers = answers;
    this.#timer = new EarliestTimer(clock, () => this.#expire());
  }

  /** A call begins. */
  add(run: OpenRun): void {
    if (this.#closed !== null) return run.fail(this.#closed.error);
    run.place = this.#runs.push(run) - 1;
    this.#timer.add(run.deadlineMs);
  }

  /** A call has ended. */
  remove(run: OpenRun): void {
    if (this.#runs[run.place] !== run) return;
    const last = this.#runs.pop()!;
    if (last !== run) {
      this.#runs[run.place] = last;
      last.place = run.place;
    }
    if (this.#runs.length === 0) this.#timer.clear();
  }

  /** Ends all that are left, and those to come. */
  close(error: unknown): void {
    this.#closed = { error };
    for (const run of [...this.#runs]) run.fail(error);
  }

  #expire(): void {
    const nowMs = this.clock.now();
    for (const run of [...this.#runs]) {
      if (run.deadlineMs > nowMs) this.#timer.add(run.deadlineMs);
      else run.onLate();
    }
  }
}

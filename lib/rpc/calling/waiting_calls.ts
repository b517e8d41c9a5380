/**
 * Calls that wait for a connection.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import { EarliestTimer } from "./earliest_timer.ts";

/** Why a waiting call fails: its time has run out, no peer or replica can be reached, or this side is closed. */
export type Unsent = "late" | "down" | "closed";

/** What to do with a waiting call. */
export interface WaitingCall {
  /** Whether it keeps waiting while no peer or replica can be reached. */
  readonly waitForReady: boolean;
  /** The subroute that is called, if it does not say so itself. */
  readonly subroute?: string | undefined;
  /** Tries to send it, because there may be a connection. Returns whether it no longer waits: it was sent, or has failed. */
  tryAgain(): boolean;
  /** The error that it fails with. */
  failureOf(why: Unsent): unknown;
}

/** The calls in their order. Each is removed exactly once: sent, failed, expired or cancelled. */
export class WaitingCalls {
  readonly #clock: Clock;
  readonly #calls = new Map<OutgoingCall, WaitingCall>();
  readonly #timer: EarliestTimer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = new EarliestTimer(clock, () => this.#expire());
  }

  /** How many wait. */
  get size(): number {
    return this.#calls.size;
  }

  /** The calls in their order, each with what to do with it. */
  [Symbol.iterator](): Iterator<readonly [OutgoingCall, WaitingCall]> {
    return this.#calls.entries();
  }

  /** Adds a call. */
  add(call: OutgoingCall, waiting: WaitingCall): void {
    call.state = "waiting";
    this.#calls.set(call, waiting);
    this.#timer.add(call.deadlineMs);
  }

  /** Removes a call; returns whether it was here. */
  remove(call: OutgoingCall): boolean {
    const found = this.#calls.delete(call);
    if (this.#calls.size === 0) this.#timer.clear();
    return found;
  }

  /** Removes a call if it is here, and fails it with the error. */
  cancel(call: OutgoingCall, error: unknown): boolean {
    const found = this.remove(call);
    if (found) end(call, error);
    return found;
  }

  /** Tries all calls, because there may be a connection. */
  tryAll(): void {
    for (const [call, waiting] of [...this.#calls]) {
      // An earlier call may have removed or ended it.
      if (!this.#calls.has(call)) continue;
      if (call.state !== "waiting" || waiting.tryAgain()) this.remove(call);
    }
  }

  /** Fails those that do not wait for somebody who is down, or all of them. */
  fail(why: "down" | "closed"): void {
    for (const [call, waiting] of [...this.#calls]) {
      if (why === "down" && waiting.waitForReady) continue;
      if (this.remove(call)) end(call, waiting.failureOf(why));
    }
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    for (const [call, waiting] of [...this.#calls]) {
      // One before it may have taken it out.
      if (!this.#calls.has(call)) continue;
      if (call.deadlineMs > nowMs) this.#timer.add(call.deadlineMs);
      else if (this.remove(call)) end(call, waiting.failureOf("late"));
    }
  }
}

function end(call: OutgoingCall, error: unknown): void {
  call.state = "ended";
  call.onError(error, null);
}

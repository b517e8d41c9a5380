/**
 * Calls that wait for a connection.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_calls.ts";
import { EarliestTimer } from "./earliest_timer.ts";

/** A call and what sends it. */
export interface WaitingCall {
  /** The call. */
  readonly call: OutgoingCall;
  /** Whether it goes on waiting when the peer turns out to be down. */
  readonly waitForReady: boolean;
  /** Sends it. */
  readonly send: (link: Link) => void;
}

/** Each leaves exactly once: sent, failed, expired or cancelled. */
export class WaitingCalls {
  readonly #clock: Clock;
  #calls: WaitingCall[] = [];
  readonly #timer: EarliestTimer;

  /** */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = new EarliestTimer(clock, () => this.#expire());
  }

  /** How many wait. */
  get length(): number {
    return this.#calls.length;
  }

  /** Adds a call. */
  add(waiting: WaitingCall): void {
    waiting.call.state = "waiting";
    this.#calls.push(waiting);
    this.#timer.add(waiting.call.deadlineMs);
  }

  /** Sends all. */
  send(link: Link): void {
    for (const waiting of this.#takeAll()) {
      if (waiting.call.state === "waiting") waiting.send(link);
    }
  }

  /** Fails all, or only those that do not wait for a peer that is down. */
  fail(errorFor: () => InternodeError, all: boolean): void {
    const kept = all ? [] : this.#calls.filter((waiting) => waiting.waitForReady);
    const failed = this.#takeAll().filter((waiting) => !kept.includes(waiting));
    for (const waiting of kept) this.add(waiting);
    for (const { call } of failed) end(call, errorFor());
  }

  /** Takes a call out, if it is here, and gives it the error. */
  cancel(call: OutgoingCall, error: unknown): boolean {
    const index = this.#calls.findIndex((waiting) => waiting.call === call);
    if (index < 0) return false;
    this.#calls.splice(index, 1);
    if (this.#calls.length === 0) this.#timer.clear();
    end(call, error);
    return true;
  }

  #takeAll(): WaitingCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#timer.clear();
    return calls;
  }

  #expire(): void {
    const nowMs = this.#clock.now();
    for (const waiting of this.#takeAll()) {
      if (waiting.call.deadlineMs > nowMs) {
        this.add(waiting);
        continue;
      }
      const message = "The call's time ran out before there was a connection.";
      end(
        waiting.call,
        new InternodeError("DeadlineExceeded", message, { origin: "network", outcome: "notSent" }),
      );
    }
  }
}

function end(call: OutgoingCall, error: unknown): void {
  call.state = "ended";
  call.onError(error, null);
}

/**
 * Calls beyond what the peer takes at a time.
 *
 * @module
 */

import { Fifo } from "../wire/fifo.ts";
import type { OutgoingCall } from "./outgoing_calls.ts";

/** A call for which there is no slot yet, and what sends it. */
interface SlotlessCall {
  readonly call: OutgoingCall;
  readonly send: (nowMs: number) => void;
}

/** Calls that wait for a slot, in order. Those ended meanwhile are passed over. */
export class SlotQueue {
  readonly #calls = new Fifo<SlotlessCall>();
  /** No deadline is earlier than this one. */
  #earliestMs = Infinity;

  /** How many wait, those ended meanwhile included. */
  get length(): number {
    return this.#calls.length;
  }

  /** A lower bound of the deadlines. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /** Adds a call; `send` is called when its turn has come. */
  add(call: OutgoingCall, send: (nowMs: number) => void): void {
    call.state = "waiting";
    this.#calls.push({ call, send });
    if (call.deadlineMs < this.#earliestMs) this.#earliestMs = call.deadlineMs;
  }

  /** Takes the first call that still waits; `undefined` when there is none. */
  shift(): SlotlessCall | undefined {
    for (let next = this.#calls.shift(); next !== undefined; next = this.#calls.shift()) {
      if (next.call.state === "waiting") return next;
    }
    this.#earliestMs = Infinity;
    return undefined;
  }

  /** Takes out each call whose time has run out, and notes the next deadline. */
  expire(nowMs: number, onExpired: (call: OutgoingCall) => void): void {
    if (nowMs < this.#earliestMs) return;
    const calls = this.#calls;
    this.#earliestMs = Infinity;
    for (let left = calls.length; left > 0; left--) {
      // What hears of an end may have let others go meanwhile.
      const next = calls.shift();
      if (next === undefined) return;
      const { call } = next;
      if (call.state !== "waiting") continue;
      if (call.deadlineMs <= nowMs) onExpired(call);
      else this.add(call, next.send);
    }
  }
}

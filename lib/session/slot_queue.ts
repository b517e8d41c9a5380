/**
 * Calls beyond what the peer takes at a time.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { Fifo } from "../wire/fifo.ts";
import type { OutgoingCall } from "./outgoing_calls.ts";

/** A call for which there is no slot yet, and what sends it. */
interface SlotlessCall {
  readonly call: OutgoingCall;
  readonly send: (nowMs: number) => void;
  /** How many bytes it counts with. */
  readonly cost: number;
}

/** What keeping a call takes, beside its payload. */
const CALL_OVERHEAD_BYTES = 512;

/** Calls that wait for a slot, in order. Those ended meanwhile are passed over. */
export class SlotQueue {
  readonly #calls = new Fifo<SlotlessCall>();
  readonly #maxBytes: number;
  #bytes = 0;
  /** How many have ended here since they were last looked for. */
  #ended = 0;
  /** No deadline is earlier than this one. */
  #earliestMs = Infinity;

  /** @param maxBytes How much may wait. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many wait, those ended meanwhile included. */
  get length(): number {
    return this.#calls.length;
  }

  /** A lower bound of the deadlines. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /**
   * Adds a call; `send` is called when its turn has come. What is to be sent is
   * not encoded before: of most values nobody knows how much they hold, and
   * only bytes count.
   *
   * @throws {InternodeError} `Overloaded` if too much waits already.
   */
  add(call: OutgoingCall, value: unknown, send: (nowMs: number) => void): void {
    const cost = CALL_OVERHEAD_BYTES + (value instanceof Uint8Array ? value.length : 0);
    if (this.#bytes + cost > this.#maxBytes) {
      this.#forgetEnded();
      if (this.#calls.length > 0 && this.#bytes + cost > this.#maxBytes) {
        call.state = "ended";
        throw this.#overloaded();
      }
    }
    call.state = "waiting";
    this.#push({ call, send, cost });
  }

  /** Takes the first call that still waits; `undefined` when there is none. */
  shift(): SlotlessCall | undefined {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      if (next.call.state === "waiting") return next;
    }
    this.#earliestMs = Infinity;
    return undefined;
  }

  /** One of the calls has ended where it stands. */
  onEnded(): void {
    this.#ended++;
  }

  /** Takes out each call whose time has run out, and notes the next deadline. */
  expire(nowMs: number, onExpired: (call: OutgoingCall) => void): void {
    if (nowMs < this.#earliestMs) return;
    this.#earliestMs = Infinity;
    for (let left = this.#calls.length; left > 0; left--) {
      // What hears of an end may have let others go meanwhile.
      const next = this.#take();
      if (next === undefined) return;
      const { call } = next;
      if (call.state !== "waiting") continue;
      if (call.deadlineMs <= nowMs) onExpired(call);
      else this.#push(next);
    }
  }

  #push(next: SlotlessCall): void {
    this.#calls.push(next);
    this.#bytes += next.cost;
    if (next.call.deadlineMs < this.#earliestMs) this.#earliestMs = next.call.deadlineMs;
  }

  #take(): SlotlessCall | undefined {
    const next = this.#calls.shift();
    if (next !== undefined) this.#bytes -= next.cost;
    return next;
  }

  #forgetEnded(): void {
    if (this.#ended === 0) return;
    this.#ended = 0;
    for (let left = this.#calls.length; left > 0; left--) {
      const next = this.#take()!;
      if (next.call.state === "waiting") this.#push(next);
    }
  }

  #overloaded(): InternodeError {
    return new InternodeError(
      "Overloaded",
      `${this.#calls.length} calls of ${this.#bytes} bytes wait already, as the peer takes no more ` +
        `at a time than its limit maxCalls; sendBudgetBytes is ${this.#maxBytes}. ` +
        "Wait for calls to finish, or raise one of the limits.",
      { origin: "caller", outcome: "notSent" },
    );
  }
}

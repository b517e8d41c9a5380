/**
 * The peer's calls that have no response yet.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { SLOT_MASK } from "../sending/outgoing_call_table.ts";
import { takePastDue } from "../frames/past_due.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** A call of the peer that is answered in a later turn than it arrived in. */
export abstract class IncomingCall {
  /** The peer's id of the call. */
  readonly id: number;
  /** Its deadline, on the session's clock; `Infinity` if there is none. */
  readonly deadlineMs: number;
  /** How many bytes of the connection's budget it holds until it has ended. */
  heldBytes = 0;
  /** When it arrived, on the session's clock. */
  arrivedMs: number = DOUBLE_ZERO;
  /** Whether it still has no response. */
  pending = false;
  /** Whether its handler has begun, or begins in this turn; `false` while the call waits for a slot of its handler. */
  hasBegun = true;

  /** */
  constructor(id: number, deadlineMs: number) {
    this.id = id;
    this.deadlineMs = deadlineMs;
  }

  /** The caller has cancelled, the time has run out, or the connection has ended. The session has sent the response already. */
  abstract onCancelled(error: InternodeError): void;

  /** This side is closing, and handlers should end soon; the response is still sent. */
  onStopping(_error: InternodeError): void {}
}

/** The peer's calls by its ids. */
export class IncomingCallTable {
  /** How many calls are pending. */
  active = 0;
  readonly #slots: (IncomingCall | null)[] = [];
  #earliestMs = Infinity;

  /** A lower bound of the deadlines. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /** Whether the id's slot is taken. */
  has(id: number): boolean {
    const call = this.#slots[id & SLOT_MASK];
    return call !== undefined && call !== null;
  }

  /** Adds a call. */
  add(call: IncomingCall): void {
    const slot = call.id & SLOT_MASK;
    const slots = this.#slots;
    while (slots.length <= slot) slots.push(null);
    slots[slot] = call;
    call.pending = true;
    this.active++;
    this.#earliestMs = Math.min(this.#earliestMs, call.deadlineMs);
  }

  /** Finds a call; `null` if it has ended. */
  get(id: number): IncomingCall | null {
    const call = this.#slots[id & SLOT_MASK];
    return call !== undefined && call !== null && call.id === id ? call : null;
  }

  /** Removes a call. */
  remove(call: IncomingCall): void {
    this.#slots[call.id & SLOT_MASK] = null;
    call.pending = false;
    this.active--;
  }

  /** Calls back with each call whose time has run out, and finds the next deadline. */
  expire(nowMs: number, onExpired: (call: IncomingCall) => void): void {
    if (nowMs < this.#earliestMs) return;
    const expired: IncomingCall[] = [];
    this.#earliestMs = takePastDue(this.#slots, nowMs, expired);
    for (const call of expired) onExpired(call);
  }

  /** Removes and returns all calls. */
  clear(): IncomingCall[] {
    const calls = this.#slots.filter((call) => call !== null);
    for (const call of calls) call.pending = false;
    this.#slots.length = 0;
    this.active = 0;
    this.#earliestMs = Infinity;
    return calls;
  }

  /** All calls, for pings and invariants. */
  *[Symbol.iterator](): IterableIterator<IncomingCall> {
    for (const call of this.#slots) if (call !== null) yield call;
  }
}

/**
 * The calls the peer has made that are not answered yet.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { SLOT_MASK } from "../sending/outgoing_call_table.ts";
import { takePastDue } from "../frames/past_due.ts";

/** A call of the peer's that is answered later than in the turn it came. */
export abstract class IncomingCall {
  /** The peer's id of it. */
  readonly id: number;
  /** When its time runs out, on the session's clock; `Infinity`: never. */
  readonly deadlineMs: number;
  /** How many bytes of the connection's budget it holds until it is answered. */
  heldBytes = 0;
  /** Whether the session still waits for its answer. */
  pending = false;
  /** Whether its handler has begun, or begins in this turn; a call that waits for its turn has not run. */
  hasBegun = true;

  /** */
  constructor(id: number, deadlineMs: number) {
    this.id = id;
    this.deadlineMs = deadlineMs;
  }

  /** The caller wants no answer any more, its time has run out, or the connection is gone. The session has answered already. */
  abstract onCancelled(error: InternodeError): void;

  /** This side is closing and wants handlers to end soon; the answer still counts. */
  onStopping(_error: InternodeError): void {}
}

/** The peer's calls by its ids. */
export class IncomingCallTable {
  /** How many are pending. */
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

  /** Notes a call. */
  add(call: IncomingCall): void {
    const slot = call.id & SLOT_MASK;
    const slots = this.#slots;
    while (slots.length <= slot) slots.push(null);
    slots[slot] = call;
    call.pending = true;
    this.active++;
    this.#earliestMs = Math.min(this.#earliestMs, call.deadlineMs);
  }

  /** Finds a call; `null` when it is answered already. */
  get(id: number): IncomingCall | null {
    const call = this.#slots[id & SLOT_MASK];
    return call !== undefined && call !== null && call.id === id ? call : null;
  }

  /** Forgets a call. */
  remove(call: IncomingCall): void {
    this.#slots[call.id & SLOT_MASK] = null;
    call.pending = false;
    this.active--;
  }

  /** Calls back with each call whose time has run out, and notes the next deadline. */
  expire(nowMs: number, onExpired: (call: IncomingCall) => void): void {
    if (nowMs < this.#earliestMs) return;
    const expired: IncomingCall[] = [];
    this.#earliestMs = takePastDue(this.#slots, nowMs, expired);
    for (const call of expired) onExpired(call);
  }

  /** Takes all calls out. */
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

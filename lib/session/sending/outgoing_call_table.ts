/**
 * The calls that this side has made.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { takePastDue } from "../frames/past_due.ts";
import type { AnswerMetadata } from "../frames/answer_metadata.ts";
import { type CallTime, UNLIMITED_TIME } from "../frames/call_time.ts";

/** How many low bits of an id are its slot; the rest counts the slot's uses. */
const SLOT_BITS = 20;
/** The bits of an id that are its slot. */
export const SLOT_MASK: number = (1 << SLOT_BITS) - 1;
/** Keeps ids below 2³¹, because V8 stores larger numbers as objects. */
const MAX_USES = 0x7ff;

/**
 * A call that this side has made: a single request or a stream. It ends exactly
 * once, with `onResponse` (or a stream's clean end) or with `onError`.
 *
 * ```text
 *   idle --> waiting --> sent --> ended
 *              |           |
 *              |           +--> abandoned --> ended    (ended here, the peer has not answered yet)
 *              +---------------------------> ended     (nothing was sent)
 * ```
 */
export abstract class OutgoingCall {
  /** The id on the wire, while there is one. */
  id = -1;
  /** The number of its handler's name. */
  handler = -1;
  /** Its state; see the class. */
  state: "idle" | "waiting" | "sent" | "abandoned" | "ended" = "idle";
  /** When it was made, and when its time runs out. */
  time: CallTime = UNLIMITED_TIME;
  /** How urgent it is, one of `Priority`. */
  priority = 0;

  /** Its deadline, on the session's clock; `Infinity` if there is none. */
  get deadlineMs(): number {
    return this.time.deadlineMs;
  }

  /** The first message of the call had to wait, and has now left completely. */
  onTransmitted(): void {}
  /** Headers, trailers or both, which come once each. The answer follows; for a stream, outputs may come before it. */
  onMetadata(_metadata: AnswerMetadata): void {}
  /** The response. The payload is valid during this call only. If it throws, the call fails, not the session. */
  abstract onResponse(kind: number, reader: ByteReader): void;
  /** The call has failed; `detail` is at the peer's detail during this call only, or `null`. */
  abstract onError(error: unknown, detail: ByteReader | null): void;
}

/**
 * Slots of the calls in flight. An id is a slot and a count of its uses. A slot
 * is used again only after the peer has answered its last call, so a response
 * can never be taken for that of a later call.
 */
export class OutgoingCallTable {
  /** How many slots are taken. */
  active = 0;
  readonly #slots: (OutgoingCall | null)[] = [];
  /** The last id of each free slot. */
  readonly #free: number[] = [];
  /** No deadline is earlier than this one. */
  #earliestMs = Infinity;

  /** A lower bound of the deadlines. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /**
   * Assigns a slot and an id to the call.
   *
   * @param deadlineMs The call's. Whoever adds it has read it already, which takes some time.
   */
  add(call: OutgoingCall, deadlineMs: number): number {
    // The id of a slot that was never used is the slot.
    const lastId = this.#free.pop() ?? this.#slots.push(null) - 1;
    const slot = lastId & SLOT_MASK;
    // Begins with 1: id 0 means the connection itself in pings.
    const id = (lastId >>> SLOT_BITS) % MAX_USES + 1 << SLOT_BITS | slot;
    this.#slots[slot] = call;
    this.active++;
    call.id = id;
    if (deadlineMs < this.#earliestMs) this.#earliestMs = deadlineMs;
    return id;
  }

  /** Finds a call; `null` when the id is not in use. */
  get(id: number): OutgoingCall | null {
    const call = this.#slots[id & SLOT_MASK];
    return call !== undefined && call !== null && call.id === id ? call : null;
  }

  /** Frees the slot. */
  remove(call: OutgoingCall): void {
    const { id } = call;
    this.#slots[id & SLOT_MASK] = null;
    this.#free.push(id);
    this.active--;
    call.id = -1;
  }

  /** Calls back with each call whose time has run out, and finds the next deadline. */
  expire(nowMs: number, onExpired: (call: OutgoingCall) => void): void {
    if (nowMs < this.#earliestMs) return;
    const expired: OutgoingCall[] = [];
    this.#earliestMs = takePastDue(this.#slots, nowMs, expired);
    for (const call of expired) onExpired(call);
  }

  /** Removes and returns all calls. */
  clear(): OutgoingCall[] {
    const calls = this.#slots.filter((call) => call !== null);
    for (const call of calls) call.id = -1;
    this.#slots.length = this.#free.length = 0;
    this.active = 0;
    this.#earliestMs = Infinity;
    return calls;
  }

  /** All calls, for pings and invariants. */
  *[Symbol.iterator](): IterableIterator<OutgoingCall> {
    for (const call of this.#slots) if (call !== null) yield call;
  }
}

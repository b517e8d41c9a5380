/**
 * Calls that cannot be sent yet, because the peer has no free slot or there is
 * no room for their messages.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { PriorityQueue } from "./priority_queue.ts";
import type { SendScheduler } from "./send_scheduler.ts";
import type { OutgoingCall, OutgoingCallTable } from "./outgoing_call_table.ts";
import { sizeOf } from "../frames/outgoing_payload.ts";

/** A queued call, and the function that sends it. */
interface QueuedCall {
  readonly call: OutgoingCall;
  readonly send: () => void;
  /** How many bytes it counts as. */
  readonly cost: number;
}

/** What a queued call takes besides its payload, in bytes. */
const CALL_OVERHEAD_BYTES = 512;

/** Calls that wait for a slot or for room, in order, the urgent ones first. Calls that have ended meanwhile are skipped. */
export class SlotQueue {
  readonly #slots: OutgoingCallTable;
  readonly #scheduler: SendScheduler;
  readonly #onExpired: (call: OutgoingCall) => void;
  readonly #calls = new PriorityQueue<QueuedCall>();
  /** The first call: it had a slot, but there was no room for its message. */
  #first: QueuedCall | undefined = undefined;
  /** How much room its message needs. */
  #firstBytes = 0;
  #bytes = 0;
  /** Whether calls have ended here since the last clean-up. */
  #someEnded = false;
  /** No deadline is earlier than this one. */
  #earliestMs = Infinity;

  /**
   * @param slots The calls in flight.
   * @param scheduler Sends the calls; its `sendBudgetBytes` limits what may wait here, except for calls that were accepted before.
   * @param onExpired Ends a call whose time has run out.
   */
  constructor(
    slots: OutgoingCallTable,
    scheduler: SendScheduler,
    onExpired: (call: OutgoingCall) => void,
  ) {
    this.#slots = slots;
    this.#scheduler = scheduler;
    this.#onExpired = onExpired;
  }

  /** Whether the peer has a free slot. */
  get hasSlot(): boolean {
    return this.#slots.active < this.#scheduler.budget.limits.maxCalls;
  }

  /** How many calls wait, ended ones included. */
  get length(): number {
    return this.#calls.length + (this.#first === undefined ? 0 : 1);
  }

  /** A lower bound of the deadlines. */
  get earliestMs(): number {
    return this.#earliestMs;
  }

  /**
   * Adds a call; `send` is called when it has a slot, possibly at once. The
   * value is not encoded before. The size of most values is unknown, so only
   * raw bytes count. A call that already waited for a connection was accepted
   * before and is never refused here.
   *
   * @throws {InternodeError} `Overloaded` if too much waits already.
   */
  add(call: OutgoingCall, value: unknown, send: () => void): void {
    const cost = CALL_OVERHEAD_BYTES + sizeOf(value);
    if (call.state !== "waiting" && this.#bytes + cost > this.#scheduler.sendBudgetBytes) {
      this.#forgetEnded();
      if (this.length > 0 && this.#bytes + cost > this.#scheduler.sendBudgetBytes) {
        call.state = "ended";
        throw this.#overloaded();
      }
    }
    call.state = "waiting";
    this.#push({ call, send, cost });
    this.flow();
  }

  /** Sends queued calls as long as there are slots and room. */
  readonly flow = (): void => {
    if (this.#calls.length > 0 || this.#first !== undefined) this.#flow();
  };

  #flow(): void {
    const scheduler = this.#scheduler, { bulk } = scheduler;
    while (this.length > 0 && this.hasSlot) {
      if (this.#first !== undefined && !bulk.hasRoom(this.#firstBytes)) {
        scheduler.whenRoom = this.flow;
        return;
      }
      const next = this.shift();
      if (next === undefined) return;
      const { call } = next;
      if (call.deadlineMs <= scheduler.nowMs) {
        this.#onExpired(call);
        continue;
      }
      try {
        next.send();
      } catch (error) {
        if (isOverloaded(error) && !bulk.hasRoom(bulk.refusedBytes)) {
          this.#putBack(next, bulk.refusedBytes);
          continue;
        }
        call.state = "ended";
        call.onError(error, null);
      }
    }
  }

  /** Removes the first call that still waits; `undefined` if there is none. */
  shift(): QueuedCall | undefined {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      if (next.call.state === "waiting") return next;
    }
    this.#earliestMs = Infinity;
    return undefined;
  }

  /** The calls that still wait. */
  waiting(): OutgoingCall[] {
    const all = this.#first === undefined ? [...this.#calls] : [this.#first, ...this.#calls];
    return all.map(({ call }) => call).filter(({ state }) => state === "waiting");
  }

  /** One of the queued calls has ended. */
  onEnded(): void {
    this.#someEnded = true;
  }

  /** Ends each call whose time has run out, and finds the next deadline. */
  expire(): void {
    const { nowMs } = this.#scheduler;
    if (nowMs < this.#earliestMs) return;
    this.#earliestMs = Infinity;
    const first = this.#first?.call;
    if (first !== undefined && !this.#hasEnded(first, nowMs)) this.#noteDeadline(first);
    this.#calls.filter((next) => {
      // First, as what is called back may add a call in its place.
      this.#bytes -= next.cost;
      if (this.#hasEnded(next.call, nowMs)) return false;
      this.#count(next);
      return true;
    });
  }

  /** Whether a call has ended; one whose time has run out ends here. */
  #hasEnded(call: OutgoingCall, nowMs: number): boolean {
    if (call.state !== "waiting") return true;
    if (call.deadlineMs > nowMs) return false;
    this.#onExpired(call);
    return true;
  }

  #putBack(next: QueuedCall, bytes: number): void {
    next.call.state = "waiting";
    // User code that ran while a value was encoded may have put another call first.
    if (this.#first !== undefined) return this.#push(next);
    this.#first = next;
    this.#firstBytes = bytes;
    this.#count(next);
  }

  #push(next: QueuedCall): void {
    this.#calls.push(next, next.call.priority);
    this.#count(next);
  }

  #count({ cost, call }: QueuedCall): void {
    this.#bytes += cost;
    this.#noteDeadline(call);
  }

  #noteDeadline({ deadlineMs }: OutgoingCall): void {
    this.#earliestMs = Math.min(this.#earliestMs, deadlineMs);
  }

  #take(): QueuedCall | undefined {
    const next = this.#first ?? this.#calls.shift();
    this.#first = undefined;
    if (next !== undefined) this.#bytes -= next.cost;
    return next;
  }

  #forgetEnded(): void {
    if (!this.#someEnded) return;
    this.#someEnded = false;
    this.#calls.filter(({ call, cost }) => {
      if (call.state === "waiting") return true;
      this.#bytes -= cost;
      return false;
    });
  }

  #overloaded(): InternodeError {
    return new InternodeError(
      "Overloaded",
      `${counted(this.length, "call")} with ${counted(this.#bytes, "byte")} already ${
        this.length === 1 ? "waits" : "wait"
      } until the peer takes them: it ` +
        "takes maxCalls at a time, and so many bytes may wait here as sendBudgetBytes allows " +
        `(${this.#scheduler.sendBudgetBytes}). Wait for calls to finish, or raise one of the limits.`,
      { origin: "caller", outcome: "notSent" },
    );
  }
}

function isOverloaded(error: unknown): boolean {
  return isOwnError(error) && error.code === "Overloaded";
}

/**
 * How many calls of a handler run at a time.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { Priority } from "../../session/frames/priority.ts";
import { PriorityQueue } from "../../session/sending/priority_queue.ts";

/** Calls of low priority may take this part of the places to wait. */
const LOW_PART = 0.5;

/** A call that waits for a slot. */
export interface WaitingCall {
  /** How urgent it is, one of `Priority`. */
  readonly priority: number;
  /** Since when it waits, in milliseconds. */
  readonly sinceMs: number;
  /** When its caller's time runs out; `Infinity` if never. */
  readonly deadlineMs: number;
  /** Whether it still wants a slot; {@linkcode ConcurrencyGate.forget} changes it. */
  isWanted: boolean;
  /** Called when it has its slot. */
  start(): void;
  /** Called when it gets none. */
  refuse(): void;
}

/**
 * Limits how many calls run at a time and how many wait; further ones are
 * refused. Urgent calls begin first, and where no more may wait they take the
 * place of others. Calls of low priority may take half of the places.
 */
export class ConcurrencyGate {
  /** Those that wait, and some that no longer do. */
  protected readonly queue: PriorityQueue<WaitingCall> = new PriorityQueue();
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  #running = 0;
  #waiting = 0;
  /** How many of those that wait are of each `Priority`. */
  readonly #waitingOf: [number, number, number] = [0, 0, 0];
  #isStarting = false;

  /**
   * @param concurrency How many calls may run at a time.
   * @param maxWaiting How many may wait.
   */
  constructor(concurrency: number, maxWaiting: number) {
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  /** How many calls may run at a time, now. */
  get concurrency(): number {
    return this.#concurrency;
  }

  /** How many calls run. */
  get running(): number {
    return this.#running;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Sets where time comes from, and how long handlers may run in one turn of the event loop. A fixed limit needs neither. */
  use(_clock: Clock, _inlineHandlerUs: number): void {}

  /** Whether a call may enter or wait; if not it is refused. */
  hasRoom(priority: number, nowMs: number): boolean {
    const waiting = this.#waiting;
    if (waiting === 0 && this.#running < this.concurrency) return true;
    const most = this.mostWaiting(nowMs);
    if (priority === Priority.low) {
      return waiting < most * LOW_PART || most > 0 && this.#waitingOf[Priority.low] === 0;
    }
    return waiting < most || priority === Priority.high && this.#givesWay(most) !== null;
  }

  /**
   * Takes a slot at once, if there is one.
   *
   * @param turnMs When the turn began in which the call has come.
   */
  tryEnter(turnMs: number): boolean {
    if (this.#running >= this.concurrency) return false;
    this.begin(turnMs);
    return true;
  }

  /** Waits for a slot; {@linkcode ConcurrencyGate.hasRoom} has said that it may. */
  wait(call: WaitingCall): void {
    const most = this.mostWaiting(call.sinceMs);
    if (call.priority === Priority.high && this.#waiting >= most) this.#makeRoom(most);
    // Those that were cancelled must not fill the queue.
    if (this.queue.length > 2 * this.#waiting + 16) this.queue.filter(({ isWanted }) => isWanted);
    this.queue.push(call, call.priority);
    this.#waiting++;
    this.#waitingOf[call.priority]!++;
  }

  /** A call that waits has ended by itself. */
  forget(call: WaitingCall): void {
    if (!call.isWanted) return;
    call.isWanted = false;
    this.#waitingOf[call.priority]!--;
    if (--this.#waiting === 0) this.onEmpty();
  }

  /**
   * Frees a slot; the next waiting call gets it.
   *
   * @param _isAnswered Whether the call did what it should.
   */
  leave(_isAnswered: boolean): void {
    this.#running--;
    this.flow();
  }

  /** How many calls may wait, now. */
  protected mostWaiting(_nowMs: number): number {
    return this.#maxWaiting;
  }

  /** A call takes a slot. */
  protected begin(_nowMs: number): void {
    this.#running++;
  }

  /** No call waits any more. */
  protected onEmpty(): void {
    this.queue.clear();
  }

  /** Starts calls that wait, as long as there are slots. */
  protected flow(): void {
    // A call that is done at once frees its slot within its start: avoid recursion over thousands of them.
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      this.startWaiting();
    } finally {
      this.#isStarting = false;
    }
  }

  /** See {@linkcode ConcurrencyGate.flow}. */
  protected startWaiting(): void {
    while (this.#running < this.concurrency) {
      const next = this.take();
      if (next === null) return;
      this.begin(next.sinceMs);
      next.start();
    }
  }

  /** Removes the call whose turn it is; `null` if none waits. */
  protected take(): WaitingCall | null {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      if (!next.isWanted) continue;
      this.forget(next);
      return next;
    }
    return null;
  }

  /** Of which priority the newest call gives way to an urgent one; `null` if none does. */
  #givesWay(most: number): number | null {
    const [normal, , low] = this.#waitingOf;
    // The one of low priority beyond the places takes none.
    if (low > 1 || low === 1 && this.#waiting <= most) return Priority.low;
    return normal > 0 ? Priority.normal : null;
  }

  #makeRoom(most: number): void {
    const priority = this.#givesWay(most);
    if (priority === null) return;
    for (;;) {
      const least = this.queue.pop(priority);
      if (least === undefined) return;
      if (!least.isWanted) continue;
      this.forget(least);
      least.refuse();
      return;
    }
  }
}

/**
 * What will happen, in order: the heap underneath virtual time.
 *
 * @module
 */

import type { Timer } from "../net/clock.ts";

/** A clock tick: times are whole multiples of it, so that sums of them are exact. */
export const TICK_MS = 1 / 1024;

/** More timers at once than this would not fit into a timer's number. */
const MAX_SLOTS = 2 ** 24;

/** One thing that will happen. */
export interface SimulatedEvent {
  /** When, in the queue's time. */
  time: number;
  /** Breaks ties: of two events at one time the one scheduled first comes first. */
  sequence: number;
  /** What is called; `null` once it has run or was cancelled. */
  callback: (() => void) | null;
  /** The node it happens to; `null` for the world between the nodes. */
  readonly owner: EventOwner | null;
  /** Whether it comes from outside the node, such as arriving bytes. */
  readonly io: boolean;
  /** Its place in the heap, -1 when it is not in it. */
  place: number;
  /** Its number for {@linkcode EventQueue.cancel}. */
  readonly timer: Timer;
}

/** Something that can be frozen: its events then wait until it thaws. */
export interface EventOwner {
  /** Whether its events must wait. */
  readonly frozen: boolean;
  /** Where they wait. */
  readonly parked: SimulatedEvent[];
}

/**
 * A heap of events ordered by time, then by when they were scheduled. It also
 * holds the time, which only {@linkcode EventQueue.runNext} and
 * {@linkcode EventQueue.moveTo} change.
 */
export class EventQueue {
  /** The time, in milliseconds. */
  now: number;
  readonly #heap: SimulatedEvent[] = [];
  readonly #slots: (SimulatedEvent | null)[] = [];
  readonly #generations: number[] = [];
  readonly #freeSlots: number[] = [];
  #sequence = 0;

  /** @param startMs The time at which it starts. */
  constructor(startMs: number) {
    this.now = roundUp(startMs);
  }

  /** How many events are scheduled, those of frozen nodes left out. */
  get size(): number {
    return this.#heap.length;
  }

  /** The time of the next event, `Infinity` if there is none. */
  get nextTime(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  /** Adds an event `delayMs` from now (rounded up to a tick; below 0 counts as 0). */
  schedule(delayMs: number, callback: () => void, owner: EventOwner | null, io: boolean): Timer {
    const slot = this.#takeSlot();
    const event: SimulatedEvent = {
      time: this.now + (delayMs > 0 ? roundUp(delayMs) : 0),
      sequence: this.#sequence++,
      callback,
      owner,
      io,
      place: -1,
      timer: this.#generations[slot]! * MAX_SLOTS + slot,
    };
    this.#slots[slot] = event;
    this.#insert(event);
    return event.timer;
  }

  /** Forgets an event; one that has run or was forgotten already is no error. */
  cancel(timer: Timer): void {
    const event = this.#slots[timer % MAX_SLOTS];
    if (event === null || event === undefined || event.timer !== timer) return;
    if (event.place >= 0) this.#removeAt(event.place);
    this.#release(event);
  }

  /** Moves time to the next event and runs it, or parks it with its frozen owner. */
  runNext(): void {
    const event = this.#heap[0];
    if (event === undefined) return;
    this.#removeAt(0);
    if (event.time > this.now) this.now = event.time;
    if (event.owner?.frozen === true) {
      event.owner.parked.push(event);
      return;
    }
    const callback = event.callback;
    this.#release(event);
    callback?.();
  }

  /** Moves time on, up to the next event at most. */
  moveTo(time: number): void {
    if (time > this.now) this.now = Math.min(time, this.nextTime);
  }

  /** Puts parked events back, to happen now: overdue timers first, then what came from outside. */
  unpark(owner: EventOwner): void {
    const parked = owner.parked.splice(0);
    for (const io of [false, true]) {
      for (const event of parked) {
        if (event.io !== io || event.callback === null) continue;
        event.time = this.now;
        event.sequence = this.#sequence++;
        this.#insert(event);
      }
    }
  }

  /** Forgets everything that would happen to this owner. */
  cancelAll(owner: EventOwner): void {
    for (const event of owner.parked.splice(0)) this.#release(event);
    for (const event of this.#heap.filter((event) => event.owner === owner)) {
      this.cancel(event.timer);
    }
  }

  /** How many timers this owner has pending; what comes from outside does not count. */
  timersOf(owner: EventOwner): number {
    let count = 0;
    for (const event of this.#heap) if (event.owner === owner && !event.io) count++;
    for (const event of owner.parked) if (event.callback !== null && !event.io) count++;
    return count;
  }

  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    const slot = this.#slots.length;
    if (slot === MAX_SLOTS) {
      throw new RangeError(`Over ${MAX_SLOTS} timers at once: some must leak.`);
    }
    this.#slots.push(null);
    this.#generations.push(1);
    return slot;
  }

  #release(event: SimulatedEvent): void {
    if (event.callback === null) return;
    event.callback = null;
    const slot = event.timer % MAX_SLOTS;
    this.#slots[slot] = null;
    this.#generations[slot]!++;
    this.#freeSlots.push(slot);
  }

  #insert(event: SimulatedEvent): void {
    this.#heap.push(event);
    this.#siftUp(event, this.#heap.length - 1);
  }

  #removeAt(place: number): void {
    const heap = this.#heap;
    heap[place]!.place = -1;
    const last = heap.pop()!;
    if (place === heap.length) return;
    this.#siftDown(last, place);
    if (last.place === place) this.#siftUp(last, place);
  }

  #siftUp(event: SimulatedEvent, from: number): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1, parent = heap[above]!;
      if (!isBefore(event, parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = above;
    }
    heap[place] = event;
    event.place = place;
  }

  #siftDown(event: SimulatedEvent, from: number): void {
    const heap = this.#heap, size = heap.length;
    let place = from;
    for (let below = 2 * place + 1; below < size; below = 2 * place + 1) {
      if (below + 1 < size && isBefore(heap[below + 1]!, heap[below]!)) below++;
      const child = heap[below]!;
      if (!isBefore(child, event)) break;
      heap[place] = child;
      child.place = place;
      place = below;
    }
    heap[place] = event;
    event.place = place;
  }
}

/** Up to the next tick, so that a timer never fires early. */
export function roundUp(timeMs: number): number {
  return Math.ceil(timeMs / TICK_MS) * TICK_MS;
}

function isBefore(event: SimulatedEvent, other: SimulatedEvent): boolean {
  return event.time < other.time || (event.time === other.time && event.sequence < other.sequence);
}

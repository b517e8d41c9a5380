/**
 * What will happen, in order: the queue underneath virtual time.
 *
 * @module
 */

import type { Timer } from "../../runtime/clock.ts";
import { EventHeap } from "./event_heap.ts";
import type { Freezable, SimulatedEvent } from "./simulated_event.ts";

/** A clock tick: times are whole multiples of it, so that sums of them are exact. */
export const TICK_MS: number = 1 / 1024;

/** Time is cut into windows this long; only what happens in the present one, or before it, is kept in order. */
const WINDOW_MS = 64;

/** More timers at once than this would not fit into a timer's number. */
const MAX_SLOTS = 2 ** 24;

/**
 * Events ordered by time, then by when they were scheduled. It also holds the
 * time, which only {@linkcode EventQueue.runNext} and {@linkcode EventQueue.moveTo}
 * change.
 *
 * Most timers are far off, such as a ping and a time-out of each connection, and
 * most of those are cleared before they come. They lie unordered in windows of
 * time until theirs has come, so that they cost next to nothing until then, and
 * what happens at once is not sorted among a million of them.
 */
export class EventQueue {
  /** The time, in milliseconds. */
  now: number;
  readonly #heap = new EventHeap();
  /** The windows behind the present one, by number. */
  readonly #far = new Map<number, SimulatedEvent[]>();
  #farSize = 0;
  /** The number of the present window: its events and those before it are in the heap. */
  #window: number;
  readonly #slots: (SimulatedEvent | null)[] = [];
  readonly #generations: number[] = [];
  readonly #freeSlots: number[] = [];
  #sequence = 0;

  /** @param startMs The time at which it starts. */
  constructor(startMs: number) {
    this.now = roundUp(startMs);
    this.#window = windowOf(this.now);
  }

  /** How many events are scheduled, those of frozen nodes left out. */
  get size(): number {
    return this.#heap.size + this.#farSize;
  }

  /** Whether anything happens up to that time. */
  isDue(time: number): boolean {
    while (this.#heap.size === 0 && this.#farSize > 0) {
      const next = this.#nextWindow();
      if (next > windowOf(time)) return false;
      this.#enter(next);
    }
    return (this.#heap.first?.time ?? Infinity) <= time;
  }

  /** Adds an event `delayMs` from now (rounded up to a tick; below 0 counts as 0). */
  schedule(delayMs: number, callback: () => void, owner: Freezable | null, io: boolean): Timer {
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
    if (event.place >= 0) this.#remove(event);
    this.#release(event);
  }

  /** Moves time to the next event and runs it, or parks it with its frozen owner. */
  runNext(): void {
    if (this.#heap.size === 0 && this.#farSize > 0) this.#enter(this.#nextWindow());
    const event = this.#heap.first;
    if (event === undefined) return;
    this.#heap.removeAt(0);
    if (event.time > this.now) this.now = event.time;
    if (event.owner?.frozen === true) {
      event.owner.parked.push(event);
      return;
    }
    const callback = event.callback;
    this.#release(event);
    callback?.();
  }

  /** Moves time on to where nothing has happened yet: see {@linkcode EventQueue.isDue}. */
  moveTo(time: number): void {
    if (time > this.now) this.now = time;
  }

  /** Puts parked events back, to happen now: overdue timers first, then what came from outside. */
  unpark(owner: Freezable): void {
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
  cancelAll(owner: Freezable): void {
    for (const event of owner.parked.splice(0)) this.#release(event);
    for (const event of [...this.#events()]) if (event.owner === owner) this.cancel(event.timer);
  }

  /** How many timers this owner has pending; what comes from outside does not count. */
  timersOf(owner: Freezable): number {
    let count = 0;
    for (const event of this.#events()) if (event.owner === owner && !event.io) count++;
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
    const window = windowOf(event.time);
    if (window <= this.#window) return this.#heap.add(event);
    let events = this.#far.get(window);
    if (events === undefined) this.#far.set(window, events = []);
    event.place = events.length;
    events.push(event);
    this.#farSize++;
  }

  #remove(event: SimulatedEvent): void {
    const window = windowOf(event.time);
    if (window <= this.#window) return this.#heap.removeAt(event.place);
    const events = this.#far.get(window)!, last = events.pop()!;
    if (last !== event) {
      events[event.place] = last;
      last.place = event.place;
    }
    event.place = -1;
    this.#farSize--;
    if (events.length === 0) this.#far.delete(window);
  }

  /** The first window behind the present one in which something happens. */
  #nextWindow(): number {
    let next = Infinity;
    for (const window of this.#far.keys()) if (window < next) next = window;
    return next;
  }

  /** A window becomes the present one. */
  #enter(window: number): void {
    const events = this.#far.get(window)!;
    this.#far.delete(window);
    this.#farSize -= events.length;
    this.#window = window;
    for (const event of events) this.#heap.add(event);
  }

  *#events(): Generator<SimulatedEvent> {
    yield* this.#heap;
    for (const events of this.#far.values()) yield* events;
  }
}

function windowOf(time: number): number {
  return Math.floor(time / WINDOW_MS);
}

/** Up to the next tick, so that a timer never fires early. */
export function roundUp(timeMs: number): number {
  return Math.ceil(timeMs / TICK_MS) * TICK_MS;
}

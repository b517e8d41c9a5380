/**
 * Events in order.
 *
 * @module
 */

import type { SimulatedEvent } from "./simulated_event.ts";

/** A binary heap, ordered by time, then by when events were scheduled. Each event knows its place in it. */
export class EventHeap {
  readonly #events: SimulatedEvent[] = [];

  /** How many there are. */
  get size(): number {
    return this.#events.length;
  }

  /** The first. */
  get first(): SimulatedEvent | undefined {
    return this.#events[0];
  }

  /** Adds one. */
  add(event: SimulatedEvent): void {
    this.#events.push(event);
    this.#siftUp(event, this.#events.length - 1);
  }

  /** Takes one out, by its place. */
  removeAt(place: number): void {
    const events = this.#events;
    events[place]!.place = -1;
    const last = events.pop()!;
    if (place === events.length) return;
    this.#siftDown(last, place);
    if (last.place === place) this.#siftUp(last, place);
  }

  /** All of them, in no order. */
  [Symbol.iterator](): IterableIterator<SimulatedEvent> {
    return this.#events.values();
  }

  #siftUp(event: SimulatedEvent, from: number): void {
    const events = this.#events;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1, parent = events[above]!;
      if (!isBefore(event, parent)) break;
      events[place] = parent;
      parent.place = place;
      place = above;
    }
    events[place] = event;
    event.place = place;
  }

  #siftDown(event: SimulatedEvent, from: number): void {
    const events = this.#events, size = events.length;
    let place = from;
    for (let below = 2 * place + 1; below < size; below = 2 * place + 1) {
      if (below + 1 < size && isBefore(events[below + 1]!, events[below]!)) below++;
      const child = events[below]!;
      if (!isBefore(child, event)) break;
      events[place] = child;
      child.place = place;
      place = below;
    }
    events[place] = event;
    event.place = place;
  }
}

function isBefore(event: SimulatedEvent, other: SimulatedEvent): boolean {
  return event.time < other.time || (event.time === other.time && event.sequence < other.sequence);
}

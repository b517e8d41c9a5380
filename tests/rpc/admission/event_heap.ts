/** What is to happen. */
export interface ModelEvent {
  readonly atMs: number;
  readonly happen: () => void;
}

/** What is to happen, the earliest first: for models that need nothing else of a clock. */
export class EventHeap {
  readonly #events: ModelEvent[] = [];

  push(atMs: number, happen: () => void): void {
    const events = this.#events;
    let at = events.push({ atMs, happen }) - 1;
    for (
      let up = (at - 1) >> 1;
      at > 0 && events[up]!.atMs > events[at]!.atMs;
      up = (at - 1) >> 1
    ) {
      [events[up], events[at]] = [events[at]!, events[up]!];
      at = up;
    }
  }

  /** Removes the earliest event up to then; `null` if there is none. */
  pop(untilMs: number): ModelEvent | null {
    const events = this.#events, first = events[0];
    if (first === undefined || first.atMs > untilMs) return null;
    const last = events.pop()!;
    if (events.length === 0) return first;
    events[0] = last;
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < events.length && events[child]!.atMs < events[least]!.atMs) least = child;
      }
      if (least === at) return first;
      [events[at], events[least]] = [events[least]!, events[at]!];
      at = least;
    }
  }
}

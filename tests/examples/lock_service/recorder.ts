/** A log that keeps what is written, and a clock that stands where it is put. @module */

import type { Log, LogEvent } from "../../../examples/lock_service/log/log_event.ts";

export class Recorder<Event extends LogEvent = LogEvent> implements Log<Event> {
  readonly events: Event[] = [];
  nowMs = 1_000;
  readonly now = (): number => this.nowMs;

  write(event: Event): void {
    this.events.push(event);
  }

  /** The kinds of the events so far, in their order. */
  get kinds(): string[] {
    return this.events.map(({ event }) => event);
  }
}

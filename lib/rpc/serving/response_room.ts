/**
 * Predicts whether there is room for the response of a new call.
 *
 * @module
 */

import type { Responder } from "../../session/calls/responder.ts";

/** How many waiting responses in a row show the size of a handler's responses. */
const TELLING_COUNT = 4;

/**
 * The sizes of one handler's responses while they had to wait for the caller to
 * read. Running a handler without room for its response would waste time and
 * memory. But only the handler knows how large a response is, and one large
 * response says nothing about the next. So calls are refused if there is no
 * room for even the smallest of the last responses, or if a response has found
 * no room and nothing has left since.
 */
export class ResponseRoom {
  /** How many in a row had to wait. */
  #count = 0;
  #smallestBytes = 0;
  /** The departures when a response found no room; -1 if the last one found room. */
  #fullAt = -1;

  /** Whether the handler may run. */
  mayRun({ bulk }: Responder): boolean {
    if (this.#fullAt === bulk.departures) return false;
    return this.#count < TELLING_COUNT || bulk.hasRoom(this.#smallestBytes);
  }

  /** A response was accepted, of which this many bytes had to wait. */
  onTaken(waitingBytes: number): void {
    this.#fullAt = -1;
    if (waitingBytes === 0) this.#count = 0;
    else this.#note(waitingBytes);
  }

  /** A response was refused as `Overloaded`. */
  onRefused({ bulk }: Responder): void {
    // A codec of the user may have thrown that error.
    if (bulk.hasRoom(bulk.refusedBytes)) return;
    this.#fullAt = bulk.departures;
    this.#note(bulk.refusedBytes);
  }

  #note(bytes: number): void {
    this.#smallestBytes = this.#count === 0 ? bytes : Math.min(this.#smallestBytes, bytes);
    if (this.#count < TELLING_COUNT) this.#count++;
  }
}

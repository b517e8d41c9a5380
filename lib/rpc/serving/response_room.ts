/**
 * Whether the response of a call that has come will find room.
 *
 * @module
 */

import type { Responder } from "../../session/calls/responder.ts";

/** So many responses in a row that had to wait show how large a handler's are. */
const TELLING_COUNT = 4;

/**
 * What one handler's responses were like while they had to wait for the caller
 * to read. Running a handler whose response has nowhere to go would be waste,
 * and might cost much memory; but how large a response is only the handler
 * knows, and one that was large says nothing of the next. So calls are refused
 * if there is no room for even the smallest of the last responses, or if one
 * has found no room and nothing has left since.
 */
export class ResponseRoom {
  /** How many in a row had to wait. */
  #count = 0;
  #smallestBytes = 0;
  /** How much had left when a response found no room; -1: the last one found some. */
  #fullAt = -1;

  /** Whether the handler may run. */
  mayRun({ bulk }: Responder): boolean {
    if (this.#fullAt === bulk.departures) return false;
    return this.#count < TELLING_COUNT || bulk.hasRoom(this.#smallestBytes);
  }

  /** A response was taken; so many bytes of it had to wait. */
  onTaken(waitingBytes: number): void {
    this.#fullAt = -1;
    if (waitingBytes === 0) this.#count = 0;
    else this.#note(waitingBytes);
  }

  /** A response was refused as `Overloaded`. */
  onRefused({ bulk }: Responder): void {
    // A codec of the user's own may have said so.
    if (bulk.hasRoom(bulk.refusedBytes)) return;
    this.#fullAt = bulk.departures;
    this.#note(bulk.refusedBytes);
  }

  #note(bytes: number): void {
    this.#smallestBytes = this.#count === 0 ? bytes : Math.min(this.#smallestBytes, bytes);
    if (this.#count < TELLING_COUNT) this.#count++;
  }
}

/**
 * Hears the peer's last word.
 *
 * @module
 */

import type { BatchReader } from "../wire/batch_reader.ts";
import { holdsGoodbye } from "../wire/goodbye.ts";

/** How many bytes a peer may send after this side's goodbye before reading stops. */
const MAX_LATE_BYTES = 4 * 1024 * 1024;

/** Looks for the peer's goodbye in what comes after this side has said its own. */
export class GoodbyeListener {
  readonly #batches: BatchReader;
  #hasHeard = false;
  /** Whether something was not understood. */
  #isDeaf = false;
  #lateBytes = 0;

  /** @param batches Where the bytes are. */
  constructor(batches: BatchReader) {
    this.#batches = batches;
  }

  /** So many bytes more have come. Returns whether that is too much. */
  isTooMuch(bytes: number): boolean {
    return (this.#lateBytes += bytes) > MAX_LATE_BYTES;
  }

  /** Looks through what has come. What is not understood is dropped, such as large calls behind a proof that was refused. */
  listen(): void {
    const batches = this.#batches, { ring } = batches;
    try {
      while (!this.#hasHeard && !this.#isDeaf && batches.next()) {
        this.#hasHeard = holdsGoodbye(ring.view, batches.start, batches.end);
      }
    } catch {
      this.#isDeaf = true;
    }
    if (this.#isDeaf) ring.head = ring.tail;
  }

  /** Whether the peer has said goodbye. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }
}

/**
 * Whether the peer has received what this side has said.
 *
 * @module
 */

import type { SendScheduler } from "./sending/send_scheduler.ts";

/**
 * Pings are answered in order. So the answer to one that nothing was waiting
 * before shows that the peer has received all that was said until then.
 */
export class Delivery {
  readonly #scheduler: SendScheduler;
  /** How much the peer is known to have received, as {@linkcode Delivery.#said} counts. */
  #received = 0;
  /** How much it will be known to have received when it has answered a certain ping. */
  #asked = 0;
  #token = 0;

  /** @param scheduler What has been said. */
  constructor(scheduler: SendScheduler) {
    this.#scheduler = scheduler;
  }

  /** Whether the peer is known to have received everything. */
  get isConfirmed(): boolean {
    return this.#received === this.#said;
  }

  /** Whether a ping is under way whose answer will show it. */
  get isRequested(): boolean {
    return this.#asked === this.#said;
  }

  /** What was said in the handshake needs no answer. */
  onOpen(): void {
    this.#received = this.#asked = this.#said;
  }

  /** A ping is about to be sent. */
  onPing(token: number): void {
    // It would overtake what waits.
    if (this.isRequested || this.#scheduler.hasOutput || this.#scheduler.bulk.queuedBytes > 0) {
      return;
    }
    this.#asked = this.#said;
    this.#token = token;
  }

  /** A ping was answered. */
  onPong(token: number): void {
    // That one, or a later one.
    if ((token - this.#token | 0) >= 0) this.#received = this.#asked;
  }

  /** Every message counts, and every small frame that keeps its place, such as an error or a stream's end. */
  get #said(): number {
    return this.#scheduler.messages + this.#scheduler.smallFrames;
  }
}

/**
 * Whether the peer has received everything that this side has sent.
 *
 * @module
 */

import type { SendScheduler } from "./sending/send_scheduler.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/**
 * Pings are answered in order. The answer to a ping before which nothing was
 * waiting shows that the peer has received everything sent until then.
 */
export class Delivery {
  readonly #scheduler: SendScheduler;
  /** How much the peer has received at least, as counted by {@linkcode Delivery.#said}. */
  #received: number = DOUBLE_ZERO;
  /** How much the answer to the pending ping will confirm. */
  #asked: number = DOUBLE_ZERO;
  #token = 0;

  /** @param scheduler Counts what was sent. */
  constructor(scheduler: SendScheduler) {
    this.#scheduler = scheduler;
  }

  /** Whether the peer is known to have received everything. */
  get isConfirmed(): boolean {
    return this.#received === this.#said;
  }

  /** Whether a ping is in flight whose answer will confirm it. */
  get isRequested(): boolean {
    return this.#asked === this.#said;
  }

  /** What was sent in the handshake needs no confirmation. */
  onOpen(): void {
    this.#received = this.#asked = this.#said;
  }

  /** A ping is about to be sent. */
  onPing(token: number): void {
    // The ping would overtake what waits.
    if (this.isRequested || this.#scheduler.hasOutput || this.#scheduler.bulk.queuedBytes > 0) {
      return;
    }
    this.#asked = this.#said;
    this.#token = token;
  }

  /** A ping was answered. */
  onPong(token: number): void {
    // The pending ping or a later one.
    if ((token - this.#token | 0) >= 0) this.#received = this.#asked;
  }

  /** Counts messages, and small frames that keep their order, such as an error or a stream's end. */
  get #said(): number {
    return this.#scheduler.messages + this.#scheduler.smallFrames;
  }
}

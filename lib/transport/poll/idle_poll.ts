/**
 * Keeps the event loop awake for a moment.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import { SpinPolicy } from "./spin_policy.ts";

/** How long the loop stays awake after a read. */
const AWAKE_MS = 0.025;
/** Who receives as much is sent so much that it is worth it. */
const FAST_BYTES_PER_MS = 1024 * 1024;
/** In so many turns Deno's event loop looks at its sockets in any case, so that this is the end even if the clock does not advance. */
const MOST_TURNS = 60;

/**
 * Keeps the event loop from going to sleep between the reads of a fast stream.
 * A process that sleeps has to be woken by whoever writes to it, for each
 * segment that comes: on a virtual machine this takes the writer 40 µs, in
 * which it could write 200 KiB. A loop that stays awake for about as long as
 * a read takes finds the next bytes by itself. It stays awake only while that
 * is so: a stream of less than 1 GiB/s costs next to nothing.
 */
export class IdlePoll {
  readonly #clock: Clock;
  readonly #policy = new SpinPolicy();
  /** When the latest read was done after which the loop stayed awake. */
  #readMs = -Infinity;
  #turns = 0;
  #isAwake = false;

  /** @param clock The source of time, and of turns. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A read has brought so many bytes, and more are likely to follow at once. */
  onRead(bytes: number): void {
    const policy = this.#policy, nowMs = this.#clock.now(), sinceMs = nowMs - this.#readMs;
    if (bytes >= sinceMs * FAST_BYTES_PER_MS) policy.onHit();
    else if (sinceMs < Infinity) policy.onMiss(nowMs);
    this.#readMs = -Infinity;
    if (!policy.maySpin(nowMs)) return;
    this.#readMs = nowMs;
    this.#turns = MOST_TURNS;
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#clock.soon(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#turns--;
    this.#isAwake = this.#turns > 0 && this.#clock.now() - this.#readMs < AWAKE_MS;
    if (this.#isAwake) this.#clock.soon(this.#onTurn);
  };
}

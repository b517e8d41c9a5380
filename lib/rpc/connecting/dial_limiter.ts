/**
 * How many connections a node makes at a time.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../runtime/clock.ts";

/** How many attempts hold a slot at most. */
export const MAX_DIALS = 64;
/** How long an attempt holds its slot at most, in milliseconds, so that hosts that do not answer do not delay the others. */
export const SLOT_MS = 250;

/** An attempt that waits for a slot. */
export interface PendingDial {
  /** The attempt has a slot and begins. */
  begin(): void;
}

/**
 * Limits how many connections a node makes at a time. A node of a large grid
 * would otherwise open hundreds of sockets in one turn. A node that is dialled
 * by hundreds of nodes at once would overflow its listener's queue, and the
 * system retries the connections that were dropped there only a second later.
 * The next attempt is chosen at random, so that nodes with the same list of
 * hosts do not all dial the same host.
 */
export class DialLimiter {
  readonly #clock: Clock;
  readonly #random: Random;
  /** The attempts that hold a slot, with the timer that frees it. */
  readonly #slots = new Map<PendingDial, Timer>();
  readonly #waiting: PendingDial[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Calls `begin` when there is a slot: within this call if one is free. */
  acquire(dial: PendingDial): void {
    if (this.#slots.size < MAX_DIALS) this.#begin(dial);
    else this.#waiting.push(dial);
  }

  /** Frees the slot of an attempt that has ended, or removes one that still waits. Further calls do nothing. */
  release(dial: PendingDial): void {
    const timer = this.#slots.get(dial);
    if (timer !== undefined) {
      this.#clock.clearTimer(timer);
      this.#free(dial);
    } else {
      const index = this.#waiting.indexOf(dial);
      if (index >= 0) this.#takeAt(index);
    }
  }

  #begin(dial: PendingDial): void {
    this.#slots.set(dial, this.#clock.setTimer(SLOT_MS, () => this.#free(dial)));
    dial.begin();
  }

  #free(dial: PendingDial): void {
    this.#slots.delete(dial);
    if (this.#waiting.length === 0) return;
    this.#begin(this.#takeAt(Math.floor(this.#random.next() * this.#waiting.length)));
  }

  /** The last one fills the gap: the order is random anyway. */
  #takeAt(index: number): PendingDial {
    const taken = this.#waiting[index]!, last = this.#waiting.pop()!;
    if (index < this.#waiting.length) this.#waiting[index] = last;
    return taken;
  }
}

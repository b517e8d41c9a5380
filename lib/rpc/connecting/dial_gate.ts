/**
 * How many connections a node makes at a time.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../runtime/clock.ts";

/** So many attempts at most are under way. */
export const MAX_DIALS = 64;
/** An attempt that takes longer than this lets another begin, so that hosts that do not answer do not delay the others. */
export const PLACE_MS = 250;

/** Somebody who wants to dial. */
export interface Dialler {
  /** It is its turn. */
  begin(): void;
}

/**
 * Lets a node's dials go a few at a time. A node of a large grid would
 * otherwise open hundreds of sockets in the turn in which it starts, and
 * whoever is dialled by hundreds of nodes that start together would have to
 * hear them all at once: its listener's queue overflows, and connections that
 * were dropped there are tried again by the system only a second later. Whose
 * turn it is next is drawn, so that nodes with the same list of hosts do not
 * all come to the same one.
 */
export class DialGate {
  readonly #clock: Clock;
  readonly #random: Random;
  /** Those under way, and when each has had its time. */
  readonly #places = new Map<Dialler, Timer>();
  readonly #waiting: Dialler[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Calls `begin` when there is a place, within this call if there is one now. */
  enter(dialler: Dialler): void {
    if (this.#places.size < MAX_DIALS) this.#begin(dialler);
    else this.#waiting.push(dialler);
  }

  /** The attempt has ended, or need not begin any more. Any number of calls. */
  leave(dialler: Dialler): void {
    const timer = this.#places.get(dialler);
    if (timer !== undefined) {
      this.#clock.clearTimer(timer);
      this.#free(dialler);
    } else {
      const index = this.#waiting.indexOf(dialler);
      if (index >= 0) this.#takeAt(index);
    }
  }

  #begin(dialler: Dialler): void {
    this.#places.set(dialler, this.#clock.setTimer(PLACE_MS, () => this.#free(dialler)));
    dialler.begin();
  }

  #free(dialler: Dialler): void {
    this.#places.delete(dialler);
    if (this.#waiting.length === 0) return;
    this.#begin(this.#takeAt(Math.floor(this.#random.next() * this.#waiting.length)));
  }

  /** The order is drawn anyway, so the last one fills the gap. */
  #takeAt(index: number): Dialler {
    const taken = this.#waiting[index]!, last = this.#waiting.pop()!;
    if (index < this.#waiting.length) this.#waiting[index] = last;
    return taken;
  }
}

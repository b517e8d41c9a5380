/**
 * What a path between two sides holds.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** A round trip from which on a path is long; on a shorter one an estimate is corrected in no time. */
const FAR_MS = 2;
/** How long an estimate of bandwidth or delay is kept, in case the path changes. */
const MEMORY_MS = 10_000;
/** How many round trips at least. */
const MEMORY_TRIPS = 16;
/** Over a shorter time the bandwidth of a far path is not measured: when a process pauses for some milliseconds, what gathers meanwhile arrives at once, and the path seems to hold as much more. */
const MEASURE_MS = 100;
/** A delay from which on it matters how soon a path is filled. */
const GROWS_MS = 10;
/** For so many round trips a path may look longer than it is, as a process that begins is slow. */
const SURE_TRIPS = 3;
/** How many times what the path holds may be in flight: while a new path is filled, while a known one shows to hold more, and when neither holds more. */
const GAINS = { first: 2, later: 1.125, none: 1 } as const;
/** With so much more bandwidth in a round trip it is worth to go on. */
const WORTH = 1.05;
/** After so many round trips without it, the path holds no more. */
const FLAT_TRIPS = 3;
/** A delay that is longer than the shortest by so much shows a queue: as a factor, and in milliseconds. */
const QUEUED = 1.25, QUEUED_MS = 2;
/** The part of the path's capacity that leaves no queue on it, so that the shortest delay shows. */
const QUIET = 0.5;
/** How long turns of both sides may hold a frame back: without that, each round trip would seem to show that the path holds less. */
const TURNS_MS = 2;
/** A delay that is the shortest still, as nearly as can be seen. */
const SAME = 1.04, SAME_MS = 2.5;

/** From so many bytes a millisecond on, large pieces keep nothing waiting. */
const FAST_BYTES_PER_MS = 256 * 1024;

/** What the arrival of a frame shows. */
export interface Arrival {
  readonly nowMs: number;
  /** How long after it was sent this side has heard of it. */
  readonly delayMs: number;
  /** How many bytes this side knew of when it was sent, in all. */
  readonly knownBytes: number;
  /** When it came to know of them. */
  readonly knownMs: number;
  /** How many it knows of now. */
  readonly arrivedBytes: number;
  /** How many bytes had arrived when there was last nothing under way. */
  readonly begunBytes: number;
  /** When that ended. */
  readonly begunMs: number;
  /** Whether most of the room in flight was in use; if not, its sender had little to send, and it shows no bandwidth. */
  readonly isPaced: boolean;
}

/**
 * Bandwidth times delay: by the best bandwidth and the shortest delay measured
 * recently. The idea is that of BBR (Cardwell and others, 2016), one layer up:
 *
 * - **growing**: `gain` is over 1. Until the path holds no more: the bandwidth
 *   has stayed the same, for one round trip if a queue has shown, or for three.
 * - **known**: `gain` is 1, until more bandwidth shows than was known.
 * - **measuring**: the shortest delay has not been seen for 10 s, as there was
 *   always a queue. Less is sent until one frame has gone without it.
 */
export class PathEstimate {
  /** How many bytes the path holds. */
  bytes: number = DOUBLE_ZERO;
  /** The shortest delay, in milliseconds; `Infinity` while none is known. */
  delayMs: number = Infinity;
  /** Whether as little should be in flight that no queue builds up. */
  isMeasuring = false;

  /** When that delay was seen, or it was decided to look for it. */
  #delaySinceMs: number = DOUBLE_ZERO;
  /** Which of them applies now. */
  #growth: keyof typeof GAINS = "first";
  #bytesPerMs: number = DOUBLE_ZERO;
  /** The best of the time before, and of the time since. */
  #formerBytesPerMs: number = DOUBLE_ZERO;
  #recentBytesPerMs: number = DOUBLE_ZERO;
  #recentSinceMs: number = DOUBLE_ZERO;
  /** A frame that was sent when so much had arrived belongs to the next round trip. */
  #tripEndBytes: number = DOUBLE_ZERO;
  /** When so much had arrived. */
  #tripEndMs = -Infinity;
  #tripBytesPerMs: number = DOUBLE_ZERO;
  #flatTrips = 0;
  #trips = 0;
  /** Whether a queue has shown in this round trip. While more arrives in each, that is what was sent at once. */
  #hasQueued = false;

  /** How many times `bytes` is worth trying. */
  get gain(): number {
    if (this.#trips < SURE_TRIPS || !this.isFar) return 1;
    const gain = GAINS[this.#growth];
    return this.delayMs < GROWS_MS ? Math.min(gain, GAINS.later) : gain;
  }

  /** How many bytes leave no queue, by what has arrived lately. */
  get quietBytes(): number {
    return QUIET * this.#recentBytesPerMs * this.delayMs;
  }

  /** Whether a round trip takes so long that it matters how soon the estimate is right. */
  get isFar(): boolean {
    return this.delayMs >= FAR_MS && this.delayMs < Infinity;
  }

  /** Whether it moves so much that large pieces keep nothing waiting; not before that was seen. */
  get isFast(): boolean {
    return this.#bytesPerMs >= FAST_BYTES_PER_MS;
  }

  /** Takes note of an arrival. */
  learn(arrival: Arrival): void {
    this.#learnDelay(arrival);
    // Of many frames, some come close behind others: one in a round trip tells more of the path.
    const isNext = arrival.knownBytes >= this.#tripEndBytes && !this.#isTooSoon(arrival);
    const bytesPerMs = this.#rateOf(arrival, isNext);
    if (isNext) {
      this.#trips++;
      this.#tripEndBytes = arrival.arrivedBytes;
      this.#tripEndMs = arrival.nowMs;
    }
    if (bytesPerMs !== null) this.#learnBandwidth(bytesPerMs, arrival);
    this.bytes = this.#bytesPerMs * (this.isFar ? this.delayMs + TURNS_MS : this.delayMs);
    this.#follow(bytesPerMs, isNext, arrival);
  }

  /** Whether too little time has passed to measure on. */
  #isTooSoon({ nowMs, delayMs, begunMs }: Arrival): boolean {
    if (!this.isFar || delayMs >= MEASURE_MS || nowMs - begunMs < MEASURE_MS) return false;
    return nowMs - Math.max(begunMs, this.#tripEndMs) < MEASURE_MS;
  }

  /**
   * How many bytes a millisecond have arrived; `null` if that tells little.
   *
   * Of a far path with short round trips: over at least 100 ms. A message may be
   * over sooner than that. In its first 100 ms each round trip counts, as if it
   * had taken as much longer as turns may hold a frame back.
   */
  #rateOf(arrival: Arrival, isNext: boolean): number | null {
    const { nowMs, delayMs, knownBytes, knownMs, arrivedBytes, begunBytes, begunMs } = arrival;
    const gained = arrivedBytes - knownBytes;
    if (!this.isFar) return gained / delayMs;
    if (!isNext && (this.#growth === "none" || this.#isTooSoon(arrival))) return null;
    if (delayMs >= MEASURE_MS) return gained / (nowMs - knownMs);
    if (nowMs - begunMs < MEASURE_MS) return gained / (nowMs - knownMs + TURNS_MS);
    return begunMs >= this.#tripEndMs
      ? (arrivedBytes - begunBytes) / (nowMs - begunMs)
      : (arrivedBytes - this.#tripEndBytes) / (nowMs - this.#tripEndMs);
  }

  #learnDelay({ nowMs, delayMs, isPaced }: Arrival): void {
    if (this.isMeasuring) {
      // What was sent before stood in the queue, or behind it.
      if (nowMs - delayMs <= this.#delaySinceMs) return;
      this.isMeasuring = false;
      this.delayMs = delayMs;
      this.#delaySinceMs = nowMs;
    } else if (delayMs <= this.delayMs) {
      this.delayMs = delayMs;
      this.#delaySinceMs = nowMs;
    } else if (delayMs <= this.delayMs * SAME + SAME_MS) {
      this.#delaySinceMs = nowMs;
    } else if (nowMs - this.#delaySinceMs > this.#memoryMs) {
      this.#delaySinceMs = nowMs;
      if (this.isFar && isPaced) this.isMeasuring = true;
      else this.delayMs = delayMs;
    }
  }

  #learnBandwidth(bytesPerMs: number, { nowMs, isPaced }: Arrival): void {
    if (bytesPerMs > this.#recentBytesPerMs) this.#recentBytesPerMs = bytesPerMs;
    // Where there was no more to send, the path may hold more than that shows.
    if (isPaced && nowMs - this.#recentSinceMs > this.#memoryMs / 2) {
      this.#formerBytesPerMs = this.#recentBytesPerMs;
      this.#recentBytesPerMs = bytesPerMs;
      this.#recentSinceMs = nowMs;
      this.#tripBytesPerMs = Math.min(this.#tripBytesPerMs, this.#formerBytesPerMs);
    }
    this.#bytesPerMs = Math.max(this.#formerBytesPerMs, this.#recentBytesPerMs);
  }

  /** Decides whether more is worth trying. */
  #follow(
    bytesPerMs: number | null,
    isNext: boolean,
    arrival: Arrival,
  ): void {
    const { delayMs, isPaced } = arrival;
    if (!isPaced || this.isMeasuring) return;
    const isMore = this.#bytesPerMs > this.#tripBytesPerMs * WORTH;
    if (this.#growth === "none") {
      if (isMore && bytesPerMs === this.#bytesPerMs) this.#grow(arrival);
      return;
    }
    if (delayMs > this.delayMs * QUEUED + QUEUED_MS) this.#hasQueued = true;
    if (!isNext) return;
    const hasQueued = this.#hasQueued;
    this.#hasQueued = false;
    if (isMore) {
      this.#flatTrips = 0;
      this.#tripBytesPerMs = this.#bytesPerMs;
    } else if (hasQueued || ++this.#flatTrips >= FLAT_TRIPS) this.#settle();
  }

  #grow({ arrivedBytes, nowMs }: Arrival): void {
    this.#growth = "later";
    this.#flatTrips = 0;
    this.#tripEndBytes = arrivedBytes;
    this.#tripEndMs = nowMs;
    this.#tripBytesPerMs = this.#bytesPerMs;
  }

  #settle(): void {
    this.#growth = "none";
    this.#tripBytesPerMs = this.#bytesPerMs;
  }

  get #memoryMs(): number {
    return Math.max(MEMORY_MS, MEMORY_TRIPS * this.delayMs);
  }
}

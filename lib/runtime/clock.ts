/**
 * Clock and random numbers, as this library uses them.
 *
 * @module
 */

/** A pending timer of a {@linkcode Clock}. */
export type Timer = number;

/**
 * Where all time comes from: the system's clock on real nodes, a virtual one
 * in simulations.
 */
export interface Clock {
  /** Monotonic time in milliseconds, fractions included, from an arbitrary start. */
  now(): number;
  /** The wall clock: milliseconds since 1970, as of `Date.now()`. */
  wallNow(): number;
  /** Calls back once, at least `delayMs` from now, in a turn of its own. Never before it returns. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Forgets a timer; one that has fired or was cleared already is no error. */
  clearTimer(timer: Timer): void;
  /** Calls back in a later turn of the event loop, after timers and I/O have had theirs. */
  defer(callback: () => void): void;
  /** Calls back in the next turn of the event loop, at once when the present one and its microtasks are done. */
  soon(callback: () => void): void;
}

/** The source of all random numbers. */
export interface Random {
  /** A number from 0 up to but not including 1, for jitter. */
  next(): number;
  /** `count` unpredictable bytes, for nonces and ids (predictable only in simulations). */
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

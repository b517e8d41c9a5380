/**
 * The clock of real nodes.
 *
 * @module
 */

import { thisPlatform } from "./this_platform.ts";
import type { Clock, Timer } from "./clock.ts";

/** The longest delay that `setTimeout` keeps; a longer one it would fire at once. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

/** Timers set in several steps: the number given out first, and the one pending now. */
const stepping = new Map<Timer, Timer>();

/** What waits for the next turn; all of it shares one. */
let deferred: (() => void)[] = [];
const ONE_BYTE = new Uint8Array(1);

/** During a digest that takes so long, in milliseconds, the loop has rested, in four cases of five. */
const RESTED_MS = 0.035;
/** So long at most sockets wait without success for the loop to rest, in milliseconds, or so many turns if those are longer. */
const MAX_RESTLESS_MS = 4, MAX_RESTLESS_TURNS = 2.5;
/** When there was the last sign of rest, and the one before: a single one may deceive. */
let lastSignMs = -Infinity, signBeforeMs = -Infinity;
/** When the last deferred turn began, and how long turns take that nothing else holds up. */
let turnMs = -Infinity, leastTurnMs = Infinity;
/** How fast turns are trusted to have become longer. */
const LEAST_GROWTH = 1.25;

/**
 * The system's time: `performance.now`, `Date.now`, `setTimeout`, and
 * `setImmediate` (1.5 µs) for `soon`.
 *
 * `defer` goes by way of `setImmediate`, behind which timers have had their
 * turn, and the runtime's thread pool (the digest of one byte), as that is the
 * quickest way to let sockets be read: while the thread works the loop has
 * nothing to do and asks the system, which takes 35 to 50 µs.
 * `setImmediate` and `MessageChannel` alone take 1.5 µs, but while they keep
 * the loop busy the runtime polls its sockets only once in 61 turns (so after
 * 61 ms if each turn works for 1 ms), and `setTimeout` takes 1.1 ms.
 *
 * On a machine with too few free cores the digest is done, within 10 µs,
 * before the loop rests. So where signs of rest are missing `setTimeout` makes
 * the loop rest, every 4 ms. Node looks at its sockets between any two
 * `setImmediate`, so that one is enough there.
 *
 * ```ts ignore
 * systemClock.defer(() => console.log("sockets and timers have had their turn"));
 * ```
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer,
  clearTimer,
  defer,
  soon: (callback) => void setImmediate(callback),
};

function setTimer(delayMs: number, callback: () => void): Timer {
  if (!(delayMs > LONGEST_TIMEOUT_MS)) return timeout(delayMs, callback);
  const dueMs = performance.now() + delayMs;
  const step = (): void => {
    const leftMs = dueMs - performance.now();
    const far = leftMs > LONGEST_TIMEOUT_MS;
    stepping.set(first, far ? timeout(LONGEST_TIMEOUT_MS, step) : timeout(leftMs, fire));
  };
  const fire = (): void => {
    stepping.delete(first);
    callback();
  };
  const first = timeout(LONGEST_TIMEOUT_MS, step);
  stepping.set(first, first);
  return first;
}

/** The runtime drops fractions of milliseconds and would be early; its timers are objects that have a number. */
function timeout(delayMs: number, callback: () => void): Timer {
  return Number(setTimeout(callback, Math.ceil(delayMs)));
}

function clearTimer(timer: Timer): void {
  const pending = stepping.get(timer);
  if (pending === undefined) {
    clearTimeout(timer);
  } else {
    stepping.delete(timer);
    clearTimeout(pending);
  }
}

function defer(callback: () => void): void {
  if (deferred.push(callback) > 1) return;
  setImmediate(thisPlatform().readsBetweenImmediates ? runDeferred : rest);
}

/** Lets the loop rest, so that it looks at its sockets. */
function rest(): void {
  const beganMs = performance.now();
  leastTurnMs = Math.min(leastTurnMs * LEAST_GROWTH, beganMs - turnMs);
  crypto.subtle.digest("SHA-1", ONE_BYTE).then(() => {
    turnMs = performance.now();
    if (turnMs - beganMs >= RESTED_MS) {
      signBeforeMs = lastSignMs;
      lastSignMs = turnMs;
    }
    const mostMs = Math.max(MAX_RESTLESS_MS, MAX_RESTLESS_TURNS * leastTurnMs);
    if (turnMs - signBeforeMs < mostMs) return runDeferred();
    setTimeout(() => {
      turnMs = signBeforeMs = lastSignMs = performance.now();
      runDeferred();
    }, 0);
  });
}

function runDeferred(): void {
  const callbacks = deferred;
  deferred = [];
  for (let i = 0; i < callbacks.length; i++) {
    try {
      callbacks[i]!();
    } catch (error) {
      // One that fails must not take the others' turn.
      report(error);
    }
  }
}

/** As an error that nobody has caught. */
function report(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}

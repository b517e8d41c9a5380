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
/** In so many turns Deno's event loop looks at its sockets at least once, and those who read from them hear of it. */
const EMPTY_TURNS = 64;
let emptyTurns = 0;

/**
 * The system's time: `performance.now`, `Date.now`, `setTimeout`, and
 * `setImmediate` (1.5 µs) for `soon`.
 *
 * `defer` goes by way of `setImmediate`, behind which timers have had their
 * turn. While `setImmediate` keeps Deno's event loop busy, the loop looks at
 * its sockets only once in 61 turns (`event_interval` of tokio), so after 61 ms
 * if each turn works for 1 ms. So there are 64 turns with nothing to do, which
 * take 50 to 60 µs together. Node looks at its sockets between any two
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
  setImmediate(thisPlatform().readsBetweenImmediates ? runDeferred : emptyTurn);
}

/** Goes on to the next turn, until sockets have had theirs. */
function emptyTurn(): void {
  if (++emptyTurns < EMPTY_TURNS) return void setImmediate(emptyTurn);
  emptyTurns = 0;
  runDeferred();
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

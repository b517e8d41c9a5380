import type { Clock } from "../../../lib/runtime/clock.ts";

/** A clock that is another one but for the time that it tells. */
export function clockWith(clock: Clock, now: () => number): Clock {
  return {
    now,
    wallNow: () => clock.wallNow(),
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
    clearTimer: (timer) => clock.clearTimer(timer),
    defer: (callback) => clock.defer(callback),
    soon: (callback) => clock.soon(callback),
  };
}

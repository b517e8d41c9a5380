/**
 * Calling what users have given, so that what it throws stays where it belongs.
 *
 * @module
 */

import { follow, thenOf } from "./thenable.ts";

/**
 * Calls a user's function whose result counts.
 *
 * @param action Calls it.
 * @param onThrown Is given what was thrown; what it returns counts in its place.
 */
export function guard<T>(action: () => T, onThrown: (thrown: unknown) => T): T {
  try {
    return action();
  } catch (thrown) {
    return onThrown(thrown);
  }
}

/**
 * Calls a user's function that is only told something. Nobody waits for a
 * promise that it returns, but a rejection does not go unhandled.
 *
 * @param action Calls it.
 * @param onThrown Is given what was thrown, or what the promise was rejected with. Must not throw.
 */
export function tell(action: () => unknown, onThrown: (thrown: unknown) => void): void {
  try {
    const result = action();
    const then = thenOf(result);
    if (then !== null) follow(result, then, ignore, onThrown);
  } catch (thrown) {
    onThrown(thrown);
  }
}

function ignore(): void {}

/**
 * Calling what users have given, so that what it throws stays where it belongs.
 *
 * @module
 */

/**
 * Calls a user's function.
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

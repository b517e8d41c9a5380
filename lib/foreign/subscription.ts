/**
 * Listening to what users have made.
 *
 * @module
 */

import { tell } from "./guard.ts";

/**
 * Listens to a source of a user's own. Neither beginning nor ending that throws.
 *
 * @param listen Begins; may give what ends it.
 * @param onThrown Is given what either has thrown. Must not throw.
 * @returns What ends it. Any number of calls.
 */
export function subscribe(listen: () => unknown, onThrown: (thrown: unknown) => void): () => void {
  let end: unknown;
  tell(() => end = listen(), onThrown);
  return () => {
    const ending = end;
    end = undefined;
    if (typeof ending === "function") tell(() => ending(), onThrown);
  };
}

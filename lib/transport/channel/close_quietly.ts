/**
 * Closes channels that are no longer needed.
 *
 * @module
 */

import type { Channel } from "./transport.ts";

/** Closes a channel and ignores what it throws: it may be made by a user, or not be a channel at all. */
export function closeQuietly(channel: Channel | undefined): void {
  try {
    channel?.close();
  } catch {
    // It is no longer needed, so its error does not matter.
  }
}

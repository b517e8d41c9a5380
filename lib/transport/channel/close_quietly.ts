/**
 * Closing what is of no use any more.
 *
 * @module
 */

import type { Channel } from "./transport.ts";

/** Closes a channel, whatever it throws: it may be of a user's own making, or no channel at all. */
export function closeQuietly(channel: Channel | undefined): void {
  try {
    channel?.close();
  } catch {
    // It is of no use any more, whatever it says.
  }
}

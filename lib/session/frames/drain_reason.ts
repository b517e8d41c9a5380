/**
 * Why one side asks to end a connection.
 *
 * @module
 */

/**
 * The reason in a drain frame.
 *
 * - `closing`: the sender accepts no new calls
 * - `renewal`: the sender asks the dialler for a new connection that replaces
 *   this one
 * - `replaced`: there is a newer connection, and this one is only for calls
 *   made before; the dialler sends it at once, the acceptor when it has no such
 *   call left
 * - `unlisted`: as `closing`, since the sender has taken the receiver off its
 *   list of hosts, and may list it again
 * - `idle`: the sender has closed the connection to have fewer; who needs one
 *   makes another
 */
export type DrainReason = "closing" | "renewal" | "replaced" | "unlisted" | "idle";

/** The reasons by their number on the wire; one from a later version of the protocol is read as the first. */
export const DRAIN_REASONS: readonly DrainReason[] = [
  "closing",
  "renewal",
  "replaced",
  "unlisted",
  "idle",
];

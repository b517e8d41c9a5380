/**
 * Why one side wants a connection to come to an end.
 *
 * @module
 */

/**
 * What a drain frame is for.
 *
 * - `closing`: the sender takes no new calls
 * - `renewal`: it asks the dialler for a new connection in place of this one
 * - `replaced`: there is a newer connection, and this one is only for calls made before; said by the dialler at once, by the acceptor when no such call of its own is left
 */
export type DrainReason = "closing" | "renewal" | "replaced";

/** The reasons by their number on the wire; one from a later version of the protocol reads as the first. */
export const DRAIN_REASONS: readonly DrainReason[] = ["closing", "renewal", "replaced"];

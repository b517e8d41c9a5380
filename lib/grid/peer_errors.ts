/**
 * Why there is no connection to a peer.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { textOf } from "../foreign/text_of.ts";

/** The error of calls that nothing was sent for, as there is no connection. */
export function unreachable(lastFailure: unknown): InternodeError {
  return new InternodeError("Unreachable", `The peer is down: ${textOf(lastFailure)}`, {
    origin: "network",
    outcome: "notSent",
    cause: lastFailure,
  });
}

/** The error of what is asked of a node that was closed. */
export function managerClosed(): InternodeError {
  return new InternodeError("Closed", "This manager is closed.", { origin: "local" });
}

/** What the peer is told when this side closes. */
export function peerCloses(): InternodeError {
  return new InternodeError("Closed", "The peer is closing.", {
    origin: "local",
    outcome: "maybeExecuted",
  });
}

/** What handlers are told, and the caller of one that gives up for this reason, when this side closes. */
export function nodeCloses(local: string): InternodeError {
  return new InternodeError("Closed", `${local} is closing.`, {
    origin: "remote",
    outcome: "maybeExecuted",
  });
}

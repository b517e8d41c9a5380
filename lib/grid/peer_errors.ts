/**
 * Why there is no connection to a peer.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { MANAGER_CLOSED, PEER_CLOSES } from "../session/frames/wire_error.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import type { Unsent } from "../rpc/calling/waiting_calls.ts";

/** The error of a call that waited for a connection to a peer. */
export function unsent(why: Unsent, peer: WantedPeer): InternodeError {
  const { lastFailure } = peer.reconnector;
  if (why === "closed") return peer.hasLeft ? notListed(peer) : managerCloses();
  return why === "down" ? unreachable(peer.host, lastFailure) : tooLate(lastFailure);
}

/** The error of calls that nothing was sent for, as there is no connection. */
function unreachable(host: string, lastFailure: unknown): InternodeError {
  const reason = lastFailure === undefined
    ? "No attempt to connect has succeeded yet."
    : sentence(textOf(lastFailure));
  // A failed attempt to connect says itself what it was to reach.
  const isWhole = isOwnError(lastFailure) && lastFailure.host === host;
  const message = isWhole ? reason : `There is no connection to ${host}: ${reason}`;
  return new InternodeError("Unreachable", message, {
    origin: "network",
    outcome: "notSent",
    cause: lastFailure,
  });
}

/** Why there is no connection before the manager was told to connect. */
export function notStarted(): InternodeError {
  const message = "This manager does not connect yet: call its listen(), or its connect() " +
    "where a server of your own accepts its connections.";
  return new InternodeError("Unreachable", message, { origin: "caller", outcome: "notSent" });
}

/** The error of calls whose time has run out before there was a connection. */
function tooLate(lastFailure: unknown): InternodeError {
  const why = lastFailure === undefined
    ? ""
    : ` The last failure: ${sentence(textOf(lastFailure))}`;
  const message = `The call's time ran out before there was a connection.${why}`;
  return new InternodeError("DeadlineExceeded", message, {
    origin: "network",
    outcome: "notSent",
    cause: lastFailure,
  });
}

/** Who is no peer any more. */
export interface FormerPeer {
  /** Its canonical URL. */
  readonly host: string;
  /** The canonical URL of the host that has forgotten it. */
  readonly local: string;
  /** Whether it was never listed, but admitted. */
  readonly isAdmitted: boolean;
}

/** A peer for whose connection calls wait. */
export interface WantedPeer extends FormerPeer {
  /** Whether it is no peer any more. */
  readonly hasLeft: boolean;
  /** Keeps the connection. */
  readonly reconnector: { readonly lastFailure: unknown };
}

/** The error of calls to a host that is no peer any more. */
export function notListed(peer: FormerPeer): InternodeError {
  return new InternodeError("NotListed", `${departure(peer)}.`, {
    origin: "local",
    outcome: "notSent",
  });
}

/** What ends calls that have outlasted the grace time of a host that left. */
export function hostLeft(peer: FormerPeer): InternodeError {
  const message = `${departure(peer)}, and the call did not end within the grace time.`;
  return new InternodeError("GoingAway", message, { origin: "local", outcome: "maybeExecuted" });
}

function departure({ host, local, isAdmitted }: FormerPeer): string {
  return isAdmitted
    ? `${host} is not listed by ${local}, which had admitted it and cannot reach it any more`
    : `${host} has left the list of hosts of ${local}`;
}

/** What ends a connection that nobody needs at the moment. */
export function unused(): InternodeError {
  return new InternodeError("GoingAway", "The connection was not used, and was closed.", {
    origin: "local",
    outcome: "maybeExecuted",
  });
}

/** The error of what is asked of a node that was closed. */
export function managerClosed(): InternodeError {
  return new InternodeError("Closed", "This manager is closed.", { origin: "local" });
}

/** The error of what is asked of a node that begins to close. */
export function managerCloses(): InternodeError {
  return new InternodeError("Closed", "This manager is closing.", { origin: "local" });
}

/** What the peer is told when this side closes. */
export function peerCloses(): InternodeError {
  return new InternodeError("Closed", PEER_CLOSES, {
    origin: "local",
    outcome: "maybeExecuted",
  });
}

/** What ends calls that have outlasted the grace time of this side when it closes. */
export function closedAtLast(): InternodeError {
  return new InternodeError("Closed", MANAGER_CLOSED, {
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

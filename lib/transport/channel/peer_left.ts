/**
 * Connections that end before their handshake is done.
 *
 * @module
 */

import { errorKind } from "../../runtime/platform/error_kind.ts";
import { isError } from "../../foreign/own_error.ts";

/** The other end has closed the connection before its part of the handshake was complete. */
export class PeerLeft extends Error {
  override readonly name = "PeerLeft";
}

/** The other end did not finish its handshake in time. That is common, with every transport. */
export class HandshakeTimeout extends PeerLeft {
  /** @param timeoutMs How long this side has waited, in milliseconds. */
  constructor(timeoutMs: number) {
    super(`its handshake took more than ${timeoutMs} ms`);
  }
}

/** Whether a failure means that the other end has closed the connection. */
export function hasLeft(failure: unknown): boolean {
  if (!isError(failure)) return false;
  return failure instanceof PeerLeft || errorKind(failure) === "left" || hasLeft(failure.cause);
}

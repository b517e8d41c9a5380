/**
 * Connections that end before their handshake is done.
 *
 * @module
 */

import { errorKind } from "../../runtime/platform/error_kind.ts";
import { isError } from "../../foreign/own_error.ts";

/** The other end has closed the connection before all had come that it was to say first. */
export class PeerLeft extends Error {
  override readonly name = "PeerLeft";
}

/** Who has come has not said in time who it is. That is no news, whichever transport it came by. */
export class HandshakeTimeout extends PeerLeft {
  /** @param timeoutMs How long was waited. */
  constructor(timeoutMs: number) {
    super(`its handshake took more than ${timeoutMs} ms`);
  }
}

/** Whether something failed as the other end has gone, in whichever way. */
export function hasLeft(failure: unknown): boolean {
  if (!isError(failure)) return false;
  return failure instanceof PeerLeft || errorKind(failure) === "left" || hasLeft(failure.cause);
}

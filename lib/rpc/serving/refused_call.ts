/**
 * Calls that interceptors of this side have ended.
 *
 * @module
 */

import { type ErrorCode, type ErrorOutcome, InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";

/** A failure with its detail, ready to be sent. It is thrown, and only this library makes it. */
export class RefusedCall extends InternodeError {
  /** The detail's bytes; `null` if there is none. */
  readonly detailBytes: Uint8Array | null;

  /** @param error What the caller is told. */
  constructor(error: InternodeError, outcome: ErrorOutcome, detailBytes: Uint8Array | null) {
    const { code, message, remoteName, remoteMessage, cause } = error;
    super(code, message, { origin: "remote", outcome, remoteName, remoteMessage, cause });
    this.detailBytes = detailBytes;
  }
}

/** The codes with which an interceptor may end a call; those of connections are told by connections alone. */
const CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "DeadlineExceeded",
  "InvalidArgument",
  "InvalidPayload",
  "MessageTooLarge",
  "Overloaded",
  "PermissionDenied",
  "Unauthenticated",
  "UnknownHandler",
]);

/** Whether an interceptor has made an error itself, for the caller, and not got it from a call of its own. */
export function isRefusal(thrown: unknown): thrown is InternodeError {
  return isOwnError(thrown) && CODES.has(thrown.code) && thrown.host === undefined;
}

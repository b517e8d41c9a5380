/**
 * Which errors are a loss, after which a stream is opened anew.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";

/** With these another attempt may do better. */
const LOSSES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "Disconnected",
  "GoingAway",
  "NotListed",
  "Overloaded",
  "ProtocolError",
  "Unreachable",
]);

/**
 * Whether an error of a stream is a loss.
 *
 * | error | a loss |
 * |---|---|
 * | `Unreachable`, `Disconnected`, `GoingAway`, `NotListed`, `Overloaded`, `ProtocolError` | yes |
 * | `Closed` by the peer, which stops or restarts | yes |
 * | `DeadlineExceeded`: the time of one attempt has run out | yes |
 * | `Closed` by this side, `DeadlineExceeded` before it was sent for lack of time | no |
 * | `HandlerFailed`, `UnknownHandler`, `Cancelled`, `InvalidPayload`, `MessageTooLarge`, `InvalidArgument`, `PermissionDenied`, `Unauthenticated`, and what is no `InternodeError` | no |
 */
export function isUsualLoss(error: unknown): boolean {
  if (!isOwnError(error)) return false;
  const { code, origin } = error;
  if (code === "Closed") return origin === "remote" || origin === "network";
  if (code === "DeadlineExceeded") return origin !== "caller";
  return LOSSES.has(code);
}

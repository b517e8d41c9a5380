/**
 * Files and folders that cannot be read.
 *
 * @module
 */

import { messageOf } from "../foreign/text_of.ts";
import { InternodeError } from "../errors.ts";
import { errorKind } from "./platform/error_kind.ts";
import { isOwnError } from "../foreign/own_error.ts";

/**
 * Tells of a path that cannot be read, so that one knows what to do.
 *
 * @param path The path.
 * @param cause What was thrown; what is an `InternodeError` already comes back as it is.
 * @returns An error of code `InvalidArgument` for a missing permission, else `Unreachable`.
 */
export function readError(path: string, cause: unknown): InternodeError {
  if (isOwnError(cause)) return cause;
  const isForbidden = errorKind(cause) === "notPermitted";
  return new InternodeError(
    isForbidden ? "InvalidArgument" : "Unreachable",
    `Could not read ${path}: ${messageOf(cause)}. ` +
      (isForbidden
        ? "Allow it with --allow-read for the path and its folder."
        : "Check the path and its permissions."),
    { origin: isForbidden ? "caller" : "local", cause },
  );
}

/**
 * What went wrong, whichever runtime says so.
 *
 * @module
 */

import { guard } from "../../foreign/guard.ts";
import { isA, isError } from "../../foreign/own_error.ts";

/**
 * - `addressInUse`: somebody listens there
 * - `badCertificate`: TLS does not believe the other end
 * - `closed`: this side has closed it
 * - `denied`: the system does not allow it
 * - `exists`, `notFound`: there is, or is not, something of that name
 * - `invalid`: the system does not understand what it was given
 * - `left`: the other end has gone
 * - `noDescriptor`: as many files are open as may be
 * - `notPermitted`: the runtime was not given the permission
 * - `refused`: nobody listens there
 */
export type ErrorKind =
  | "addressInUse"
  | "badCertificate"
  | "closed"
  | "denied"
  | "exists"
  | "invalid"
  | "left"
  | "noDescriptor"
  | "notFound"
  | "notPermitted"
  | "refused";

/** By the names of classes, Deno's and our own; errors of Deno may have codes, too. */
const BY_NAME: Readonly<Record<string, ErrorKind>> = {
  AddrInUse: "addressInUse",
  AlreadyExists: "exists",
  BadCertificate: "badCertificate",
  BadResource: "closed",
  BrokenPipe: "left",
  ConnectionAborted: "left",
  ConnectionRefused: "refused",
  ConnectionReset: "left",
  InvalidData: "badCertificate",
  NotCapable: "notPermitted",
  NotConnected: "left",
  NotFound: "notFound",
  PermissionDenied: "denied",
  UnexpectedEof: "left",
};

/** By the codes of the system, and of `node:` modules. */
const BY_CODE: Readonly<Record<string, ErrorKind>> = {
  EACCES: "denied",
  EADDRINUSE: "addressInUse",
  ECONNABORTED: "left",
  ECONNREFUSED: "refused",
  ECONNRESET: "left",
  EEXIST: "exists",
  EINVAL: "invalid",
  EMFILE: "noDescriptor",
  ENAMETOOLONG: "invalid",
  ENFILE: "noDescriptor",
  ENODATA: "notFound",
  ENOENT: "notFound",
  ENOTCONN: "left",
  // What `node:dns` says of a name that does not exist; where names are dialled it is asked for without success.
  ENOTFOUND: "notFound",
  EPERM: "denied",
  EPIPE: "left",
  ERR_ACCESS_DENIED: "notPermitted",
  ERR_INVALID_ARG_VALUE: "invalid",
};

/**
 * Says what went wrong.
 *
 * @param thrown Anything.
 * @returns What it was; `null` if it is none of these. Never throws.
 */
export function errorKind(thrown: unknown): ErrorKind | null {
  if (!isError(thrown)) return null;
  const [name, code] = guard(
    () => [thrown.name, (thrown as { code?: unknown }).code],
    () => ["", undefined],
  );
  const kind = ownValue(BY_NAME, name) ?? ownValue(BY_CODE, code);
  return kind ?? (isA(thrown, TypeError) ? "invalid" : null);
}

function ownValue(kinds: Readonly<Record<string, ErrorKind>>, key: unknown): ErrorKind | undefined {
  return typeof key === "string" && Object.hasOwn(kinds, key) ? kinds[key] : undefined;
}

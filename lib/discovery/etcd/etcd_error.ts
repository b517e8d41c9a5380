/**
 * Failures of etcd, told so that one knows what to do.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { type ErrorCode, InternodeError } from "../../errors.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { asObject, isObject } from "../http/json_body.ts";
import { httpError, type HttpServer } from "../http/request_error.ts";

/** The gRPC status that etcd answers with when a lease does not exist. */
export const NOT_FOUND = 5;
/** The one for what a user may not do. */
export const PERMISSION_DENIED = 7;
/** The one for a member that cannot serve at the moment. */
export const UNAVAILABLE = 14;

/** What the `detail` of an error from etcd is. */
export interface EtcdErrorDetail {
  /** The gRPC status code that etcd answered with. */
  readonly grpcCode: number;
}

/** What errors call an etcd. */
export function etcdAt(url: string): HttpServer {
  return { kind: "etcd", url };
}

/**
 * Tells of an answer that is an error: the body of a failed request, or an
 * error within a stream. Versions of etcd differ in where they put code and text.
 *
 * @param url The etcd that answered.
 * @param status The HTTP status.
 * @param body The answer, parsed, or its text if it is no JSON.
 * @returns The error, with an {@linkcode EtcdErrorDetail} if etcd itself answered.
 */
export function answerError(url: string, status: number, body: unknown): InternodeError {
  const outer = asObject(body);
  const inner = isObject(outer["error"]) ? outer["error"] : outer;
  const code = inner["grpc_code"] ?? inner["code"];
  if (typeof code !== "number") return foreignError(url, status, body);
  const text = String(inner["message"] ?? inner["error"] ?? "no reason given");
  return refusal(url, code, text);
}

/**
 * Tells of a gRPC status.
 *
 * @param url The etcd that answered.
 * @param grpcCode The status code.
 * @param text What it said.
 * @returns The error.
 */
export function refusal(url: string, grpcCode: number, text: string): InternodeError {
  const [code, advice] = statusAdvice(grpcCode, text);
  const detail: EtcdErrorDetail = { grpcCode };
  return new InternodeError(code, `etcd at ${url} answered: ${messageOf(text)}. ${advice}`, {
    origin: "remote",
    outcome: "maybeExecuted",
    host: url,
    detail,
  });
}

/**
 * Tells that none of several URLs could be used.
 *
 * @param errors One for each.
 * @returns The only one, or one that names all.
 */
export function nowhereError(errors: readonly InternodeError[]): InternodeError {
  if (errors.length === 1) return errors[0]!;
  const all = errors.map((error) => error.message).join(" ");
  return new InternodeError("Unreachable", `None of ${errors.length} etcd URLs works: ${all}`, {
    origin: "network",
    outcome: "maybeExecuted",
    cause: errors[0],
  });
}

/** Something answered, but not etcd's gateway. */
function foreignError(url: string, status: number, body: unknown): InternodeError {
  const text = plainText(typeof body === "string" ? body : JSON.stringify(body), 200).trim();
  const said = `answered with HTTP status ${status}${text === "" ? "" : ` and "${text}"`}`;
  if (status >= 500) {
    return httpError(
      "Unreachable",
      "network",
      etcdAt(url),
      `${said}. Check the proxy in front of it.`,
    );
  }
  return httpError(
    "InvalidArgument",
    "caller",
    etcdAt(url),
    `${said}, which its JSON gateway never does. Give the client URL of an etcd from 3.4 on, whose gateway is on (--enable-grpc-gateway).`,
  );
}

function statusAdvice(grpcCode: number, text: string): readonly [ErrorCode, string] {
  if (grpcCode === PERMISSION_DENIED) {
    return ["PermissionDenied", "Grant the user a role that covers the prefix."];
  }
  if (grpcCode === 16 || /\b(user name|auth\w*)\b/.test(text)) {
    return ["Unauthenticated", "Check the user and password options against etcd's users."];
  }
  if (grpcCode === 8) return ["Overloaded", "Make room in etcd, or slow down."];
  if (grpcCode === 3 || grpcCode === 9 || grpcCode === 11 || grpcCode === 12) {
    return ["InvalidArgument", "Check the options, and that etcd is 3.4 or newer."];
  }
  return ["Unreachable", "It is tried again; if that does not help, look at etcd's log."];
}

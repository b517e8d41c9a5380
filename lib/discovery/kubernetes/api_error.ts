/**
 * What a Kubernetes API server answers with instead of what was asked for.
 *
 * @module
 */

import type { ErrorCode, ErrorOrigin, InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { plainText } from "../../foreign/plain_text.ts";
import { messageOf, sentence } from "../../foreign/text_of.ts";
import { asObject, isObject } from "../http/json_body.ts";
import { httpError, type HttpServer } from "../http/request_error.ts";

/** So long a server may ask to be left alone, in milliseconds. */
const MAX_RETRY_AFTER_MS = 60_000;

/** What the `detail` of an error from the API server is. */
export interface KubernetesErrorDetail {
  /** The HTTP status, or the code of an error within a watch. */
  readonly status: number;
  /** How long the server wants not to be asked, in milliseconds; 0 if it does not say. */
  readonly retryAfterMs: number;
}

/** What errors call an API server. */
export function apiServerAt(url: string): HttpServer {
  return { kind: "The Kubernetes API server", url };
}

/** What was asked for, for errors that say what is missing. */
export interface Asked {
  /** The API server's URL. */
  readonly url: string;
  /** The namespace. */
  readonly namespace: string;
  /** The file with the token, if one was sent. */
  readonly tokenPath: string | null;
}

/**
 * Tells of an answer that is an error: a failed request, or an error within a watch.
 *
 * @param asked What was asked for.
 * @param status The HTTP status, or the code of the error.
 * @param body The answer, parsed, or its text if it is no JSON.
 * @param retryAfter The header of that name, in seconds.
 * @returns The error, with a {@linkcode KubernetesErrorDetail}.
 */
export function answerError(
  asked: Asked,
  status: number,
  body: unknown,
  retryAfter: string | null = null,
): InternodeError {
  const { kind, message, details } = asObject(body);
  const [code, origin, advice] = verdictOn(status, asked);
  const said = kind === "Status" && typeof message === "string"
    ? `answered: ${sentence(messageOf(message))}`
    : sentence(`answered with HTTP status ${status}${shownBody(body)}`);
  const seconds = Number(asObject(details)["retryAfterSeconds"] ?? retryAfter ?? 0);
  const detail: KubernetesErrorDetail = {
    status,
    retryAfterMs: seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : 0,
  };
  const text = advice === "" ? said : `${said} ${advice}`;
  return httpError(code, origin, apiServerAt(asked.url), text, undefined, detail);
}

/**
 * Tells of an answer that makes no sense.
 *
 * @param url The API server's URL.
 * @param what What is wrong, as a sentence: "sent …".
 */
export function nonsense(url: string, what: string): InternodeError {
  return httpError(
    "ProtocolError",
    "remote",
    apiServerAt(url),
    `${what} Check that the URL leads to a Kubernetes API server, and what is in between.`,
  );
}

/** What an error says beside its text; zeros if it is none of an API server. */
export function detailOf(error: unknown): KubernetesErrorDetail {
  const { status, retryAfterMs } = asObject(isOwnError(error) ? error.detail : undefined);
  return { status: Number(status ?? 0), retryAfterMs: Number(retryAfterMs ?? 0) };
}

function verdictOn(
  status: number,
  { namespace, tokenPath }: Asked,
): readonly [ErrorCode, ErrorOrigin, string] {
  if (status === 401) {
    return [
      "Unauthenticated",
      "remote",
      tokenPath === null
        ? "No token is sent to a URL that begins with http://."
        : `It does not accept the token in ${tokenPath}. ` +
          "Check that the service account exists, and that the token is of this cluster.",
    ];
  }
  if (status === 403) {
    return [
      "PermissionDenied",
      "remote",
      `Bind the service account of this pod to a Role in namespace ${namespace} with the rule ` +
      'apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"].',
    ];
  }
  if (status === 404) {
    return [
      "InvalidArgument",
      "caller",
      "Give the URL of the API server of Kubernetes 1.21 or newer, which has " +
      "EndpointSlices of discovery.k8s.io/v1.",
    ];
  }
  if (status === 429) return ["Overloaded", "remote", "It is asked again later."];
  if (status === 410 || status >= 500) {
    return ["Unreachable", "remote", "It is asked again; if that does not help, look at its log."];
  }
  return [
    "InvalidArgument",
    "caller",
    "Check that the URL leads to a Kubernetes API server, and what is in between.",
  ];
}

function shownBody(body: unknown): string {
  const text = plainText(
    typeof body === "string" || !isObject(body) ? String(body ?? "") : JSON.stringify(body),
    200,
  ).trim();
  return text === "" ? "" : ` and "${text}"`;
}

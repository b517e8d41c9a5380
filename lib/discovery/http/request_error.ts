/**
 * Requests over HTTP that got no answer.
 *
 * @module
 */

import { messageOf, sentence } from "../../foreign/text_of.ts";
import { errorKind } from "../../runtime/platform/error_kind.ts";
import { type ErrorCode, type ErrorOrigin, InternodeError } from "../../errors.ts";
import { isError, isOwnError } from "../../foreign/own_error.ts";

/** Who is asked. */
export interface HttpServer {
  /** What errors call it: `"etcd"`. */
  readonly kind: string;
  /** Its URL. */
  readonly url: string;
}

/**
 * Tells of a request that got no answer.
 *
 * @param server Who was asked.
 * @param thrown What the runtime threw.
 * @param timeoutMs How long was waited, if the wait was too long; `null` otherwise.
 * @returns `Unreachable`; `InvalidArgument` if it can never succeed; an `InternodeError` with its code.
 */
export function requestError(
  server: HttpServer,
  thrown: unknown,
  timeoutMs: number | null,
): InternodeError {
  if (timeoutMs !== null) {
    const what = `did not answer within ${timeoutMs} ms. Check that it runs, ` +
      "can be reached and is not overloaded.";
    return httpError("Unreachable", "network", server, what);
  }
  if (isOwnError(thrown)) {
    if (thrown.host !== undefined) return thrown;
    const what = `cannot be used: ${sentence(thrown.message)}`;
    return httpError(thrown.code, thrown.origin, server, what, thrown);
  }
  if (errorKind(thrown) === "notPermitted") {
    const what = `may not be asked: ${messageOf(thrown)}. Allow it with --allow-net.`;
    return httpError("InvalidArgument", "caller", server, what, thrown);
  }
  const why = reasonOf(thrown);
  const advice = /certificate/i.test(why)
    ? "Check that its certificate is valid for that host, and from an authority that is believed."
    : "Check that it runs and listens there, and that no firewall blocks it.";
  const what = `could not be asked: ${why}. ${advice}`;
  return httpError("Unreachable", "network", server, what, thrown);
}

/** What `fetch` throws says mostly that it failed; why is the cause's. Deno's tells the whole URL as well. */
function reasonOf(thrown: unknown): string {
  const cause = isError(thrown) && isError(thrown.cause) ? thrown.cause : thrown;
  return messageOf(cause).replace(/^error sending request for url \([^)]*\): /, "");
}

/**
 * An error that says which server it is about.
 *
 * @param code Its code.
 * @param origin Who caused it.
 * @param server Who was asked.
 * @param what What happened, as it follows the server's URL.
 * @param cause The error underneath.
 * @param detail What its receiver goes by.
 */
export function httpError(
  code: ErrorCode,
  origin: ErrorOrigin,
  { kind, url }: HttpServer,
  what: string,
  cause?: unknown,
  detail?: unknown,
): InternodeError {
  return new InternodeError(code, `${kind} at ${url} ${what}`, {
    origin,
    outcome: "maybeExecuted",
    host: url,
    detail,
    cause,
  });
}

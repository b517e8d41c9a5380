/**
 * Failures that only calls to services have.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence } from "../../foreign/text_of.ts";
import type { Unsent } from "../../rpc/calling/waiting_calls.ts";
import type { ReplicaSet } from "../replicas/replica_set.ts";

/** No replica could take a call. */
export function unsentError(why: Unsent, method: string, replicas: ReplicaSet): InternodeError {
  if (why === "closed") return closedError(method);
  const [what, advice] = why === "late"
    ? ["no replica could take the call in time", "allow more time"]
    : ["no replica can be reached", "let the call wait (waitForReady)"];
  return new InternodeError(
    "Unreachable",
    `${method}: ${what}; ${sentence(replicas.describe())} ` +
      `Check that the service runs and that the resolver lists it, or ${advice}.`,
    { origin: "network", outcome: "notSent", handler: method },
  );
}

/** The client accepts no more calls. */
export function closedError(method: string | undefined): InternodeError {
  return new InternodeError(
    "Closed",
    `${method === undefined ? "" : `${method}: `}this client is closed.`,
    { origin: "local", outcome: "notSent", handler: method },
  );
}

/** The last attempt may not have been sent, but the handler may have run in an earlier one. */
export function withMaybeExecuted(error: unknown): unknown {
  if (!isOwnError(error)) return error;
  const { code, message, origin, outcome, host, handler, detail, cause } = error;
  if (outcome !== "notSent" && outcome !== "notExecuted") return error;
  return new InternodeError(code, message, {
    origin,
    outcome: "maybeExecuted",
    host,
    handler,
    detail,
    cause,
  });
}

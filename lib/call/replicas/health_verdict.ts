/**
 * What the end of an attempt says about its replica.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";

/**
 * - `answered`: the replica does its work
 * - `failed`: it should have answered
 * - `neutral`: nothing can be said
 */
export type HealthVerdict = "answered" | "failed" | "neutral";

/**
 * What an attempt's error says about its replica's health.
 *
 * - An answer is an answer, whether the caller likes it or not: a handler that
 *   throws may do so for reasons of its caller's, and one wrong caller must
 *   not set all replicas aside. `Overloaded` is an answer too, since taking
 *   the replica out would only move its load to the others.
 * - A call that was sent and whose time ran out counts against the replica.
 * - Lost connections are neutral here: one that takes a thousand calls with
 *   it is one failure, counted where the connection is seen to be lost.
 * - Cancelled calls are neutral, losers of hedged calls among them, as is
 *   everything that ended on this side.
 */
export function healthVerdict(error: unknown): HealthVerdict {
  if (!isOwnError(error)) return "neutral";
  const { code, origin, outcome } = error;
  switch (code) {
    case "DeadlineExceeded":
      if (outcome === "notSent") return "neutral";
      // By an answer the replica is there; one that takes no more of a request in pieces may not be.
      return outcome === "notExecuted" && origin === "remote" ? "neutral" : "failed";
    case "HandlerFailed":
    case "UnknownHandler":
    case "InvalidPayload":
    case "MessageTooLarge":
    case "InvalidArgument":
    case "Overloaded":
    case "Unauthenticated":
    case "PermissionDenied":
      return origin === "remote" ? "answered" : "neutral";
    default:
      return "neutral";
  }
}

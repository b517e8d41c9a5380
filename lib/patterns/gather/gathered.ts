/**
 * What many hosts have said together.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { HostFailure, HostResult } from "./host_result.ts";

/**
 * What has come when the whole was decided.
 *
 * @typeParam Value What hosts answer.
 */
export interface Gathered<Value> {
  /** What each host has said that had ended by then, in the order in which it came. */
  readonly results: readonly HostResult<Value>[];
  /** The answers that count, in that order: at least `need`. */
  readonly values: readonly Value[];
  /** Those that have failed. */
  readonly failures: readonly HostFailure[];
}

/** Sorts what has come so far. */
export function gathered<Value>(all: readonly HostResult<Value>[]): Gathered<Value> {
  const results = [...all];
  const values: Value[] = [], failures: HostFailure[] = [];
  for (const result of results) {
    if (!result.ok) failures.push(result);
    else if (result.accepted) values.push(result.value);
  }
  return { results, values, failures };
}

/** What ends calls that nobody needs any more. */
export function cancelled(what: string, why: string): InternodeError {
  return new InternodeError("Cancelled", `${what}: cancelled, ${why}.`, {
    origin: "caller",
    outcome: "maybeExecuted",
  });
}

/** The time is up. */
export function lateError(what: string): InternodeError {
  return new InternodeError("DeadlineExceeded", `${what}: no answer in time.`, {
    origin: "caller",
    outcome: "maybeExecuted",
  });
}

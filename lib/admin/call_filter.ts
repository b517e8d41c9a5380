/**
 * Which calls a question is about.
 *
 * @module
 */

import { invalidOption, notNegative, wholeNumber } from "../foreign/option_checks.ts";
import { shown } from "../foreign/text_of.ts";
import type { CallsRequest, TraceRequest } from "./calls_contract.ts";

/** The most calls in flight that are listed. */
const MAX_CALLS = 10_000;
const DEFAULT_CALLS = 1_000;

/**
 * Checks which calls in flight are asked for: a filter that can fit no call would
 * otherwise be answered as if there were no calls.
 *
 * @returns The same, with its limit.
 * @throws {InternodeError} `InvalidArgument`, naming the field.
 */
export function checkedCalls(request: CallsRequest): CallsRequest & { readonly limit: number } {
  const { limit = DEFAULT_CALLS, minAgeMs, direction } = request;
  notNegative("minAgeMs", minAgeMs, 0);
  checkDirection(direction);
  return { ...request, limit: wholeNumber("limit", limit, 1, MAX_CALLS) };
}

/**
 * Checks which ended calls are asked for.
 *
 * @returns The same.
 * @throws {InternodeError} `InvalidArgument`, naming the field.
 */
export function checkedTrace(request: TraceRequest): TraceRequest {
  notNegative("slowerThanMs", request.slowerThanMs, 0);
  checkDirection(request.direction);
  return request;
}

function checkDirection(direction: string | undefined): void {
  if (direction === undefined || direction === "incoming" || direction === "outgoing") return;
  throw invalidOption("direction", `must be "incoming" or "outgoing", not ${shown(direction)}`);
}

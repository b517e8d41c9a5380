/**
 * What one host has said.
 *
 * @module
 */

import { type ErrorCode, type ErrorOutcome, InternodeError } from "../../errors.ts";
import { isA } from "../../foreign/own_error.ts";

/** A host has answered. */
export interface HostAnswer<Value> {
  /** It has answered. */
  readonly ok: true;
  /** Who. */
  readonly host: string;
  /** What. */
  readonly value: Value;
  /** Whether it counts towards `need`: what option `accept` said of it; `true` without that option. */
  readonly accepted: boolean;
  /** How long that took, in milliseconds, from when this host was asked. */
  readonly ms: number;
}

/** A host has not answered. */
export interface HostFailure {
  /** It has not answered. */
  readonly ok: false;
  /** Who. */
  readonly host: string;
  /** What its call has failed with: mostly an `InternodeError`, or the reason of the signal. */
  readonly error: unknown;
  /** The code of that error; `undefined` if it is none of this library's. */
  readonly code: ErrorCode | undefined;
  /** Whether the handler may have run on this host: of the error; `maybeExecuted` if that does not say. */
  readonly outcome: ErrorOutcome;
  /** How long that took, in milliseconds, from when this host was asked; 0 if it was not. */
  readonly ms: number;
}

/**
 * What one host has said; `ok` tells which of the two it is.
 *
 * @typeParam Value What hosts answer.
 */
export type HostResult<Value> = HostAnswer<Value> | HostFailure;

/** A failure of a call. */
export function failureOf(host: string, error: unknown, ms: number): HostFailure {
  if (!isA(error, InternodeError)) {
    return { ok: false, host, error, code: undefined, outcome: "maybeExecuted", ms };
  }
  const { code, outcome } = error;
  return { ok: false, host, error, code, outcome, ms };
}

/** The same for a host that was never asked. */
export function notAsked(host: string, error: unknown): HostFailure {
  return { ...failureOf(host, error, 0), outcome: "notSent" };
}

const OUTCOMES: readonly ErrorOutcome[] = ["notSent", "notExecuted", "maybeExecuted", "executed"];

/** How far the calls got together: as far as the one that got furthest. */
export function outcomeOf(results: Iterable<HostResult<unknown>>): ErrorOutcome {
  let furthest = 0;
  for (const result of results) {
    furthest = Math.max(furthest, OUTCOMES.indexOf(result.ok ? "executed" : result.outcome));
  }
  return OUTCOMES[furthest]!;
}

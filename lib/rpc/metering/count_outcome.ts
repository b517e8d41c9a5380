/**
 * Counts outgoing calls that may have failed with anything.
 *
 * @module
 */

import { type CallTime, UNLIMITED_TIME } from "../../session/frames/call_time.ts";
import type { AnyContract } from "../contract/contract.ts";
import { traceCode } from "../tracing/call_trace.ts";
import type { CallFigures } from "./call_figures.ts";

/**
 * An outgoing call has ended.
 *
 * @param failure `undefined`: it went well.
 * @param durationMs How long it took, in milliseconds.
 */
export function countOutcome(figures: CallFigures, failure: unknown, durationMs: number): void {
  const outcome = traceCode(failure);
  if (outcome === null) figures.succeed(durationMs);
  else figures.fail(outcome, durationMs);
}

/** Whoever makes calls. */
interface Caller {
  /** The monotonic time in milliseconds. */
  now(): number;
  /** The figures of a contract's calls. */
  figuresOf(contract: AnyContract): CallFigures;
}

/**
 * An outgoing request has failed; without a time it was never under way.
 *
 * @param caller Whose figures count.
 * @param time When it was made.
 */
export function countFailed(
  caller: Caller,
  contract: AnyContract,
  time: CallTime,
  failure: unknown,
): void {
  const tookMs = time === UNLIMITED_TIME ? 0 : caller.now() - time.madeMs;
  countOutcome(caller.figuresOf(contract), failure, tookMs);
}

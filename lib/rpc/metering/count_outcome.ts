/**
 * Counts outgoing calls that may have failed with anything.
 *
 * @module
 */

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

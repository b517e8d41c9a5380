/**
 * How nodes and clients are closed.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";

/** How to close. */
export interface CloseOptions {
  /** How long calls under way may take to finish, and their answers to arrive, in milliseconds; 0: no time at all, `Infinity`: as long as they need. Default: 5,000. */
  readonly graceMs?: number | undefined;
}

/**
 * The grace time that was asked for.
 *
 * @throws {InternodeError} `InvalidArgument` if it is no number of 0 or more.
 */
export function resolveGraceMs(options: CloseOptions): number {
  const { graceMs = 5_000 } = optionsOf("close", options);
  if (typeof graceMs === "number" && graceMs >= 0) return graceMs;
  throw invalidOption("graceMs", `must be a number of 0 or more, not ${shown(graceMs)}`);
}

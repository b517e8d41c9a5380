/**
 * How nodes and clients are closed.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";

/** How to close. */
export interface CloseOptions {
  /** How long running calls may take to finish, and their responses to arrive, in milliseconds; 0 for no time, `Infinity` for as long as they need. Default: 5,000. */
  readonly graceMs?: number | undefined;
}

/**
 * The grace time of the options.
 *
 * @throws {InternodeError} `InvalidArgument` if it is not a number of 0 or more.
 */
export function resolveGraceMs(options: CloseOptions): number {
  const { graceMs = 5_000 } = optionsOf("close", options);
  if (typeof graceMs === "number" && graceMs >= 0) return graceMs;
  throw invalidOption("graceMs", `must be a number of 0 or more, not ${shown(graceMs)}`);
}

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

/** How long running calls may take unless something else is said, in milliseconds. */
export const DEFAULT_GRACE_MS = 5_000;

/**
 * The grace time of the options.
 *
 * @param fallback Where they do not say it. Default: {@linkcode DEFAULT_GRACE_MS}.
 * @throws {InternodeError} `InvalidArgument` if it is not a number of 0 or more.
 */
export function resolveGraceMs(options: CloseOptions, fallback: number = DEFAULT_GRACE_MS): number {
  const { graceMs } = optionsOf("close", options);
  return graceOf("graceMs", graceMs, fallback);
}

/**
 * Checks a grace time.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option, if it is not a number of 0 or more.
 */
export function graceOf(name: string, given: number | undefined, fallback: number): number {
  if (given === undefined) return fallback;
  if (typeof given === "number" && given >= 0) return given;
  throw invalidOption(name, `must be a number of 0 or more, not ${shown(given)}`);
}

/**
 * What bounds nesting and counts.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { Problem } from "./problem.ts";

/** How deep values may be nested where a contract does not say otherwise. */
export const DEFAULT_MAX_DEPTH = 64;
/** How many items a list, map or dynamic value may have where a contract does not say otherwise. */
export const DEFAULT_MAX_ITEMS = 1_000_000;
/** No contract can allow more, so that the stack is never in danger. */
const HIGHEST_MAX_DEPTH = 1_000;

/** How many items a list or map may have. */
export interface CountOptions {
  /** The most items one value may have, in both directions. Default: 1,000,000. */
  maxItems?: number;
}

/** How deep a value may be nested. */
export interface DepthOptions {
  /** The most containers (records, lists, maps, unions) around any value, counted from the payload's outermost; at most 1,000. Default: 64. */
  maxDepth?: number;
}

/**
 * Checks an option.
 *
 * @param name The option.
 * @param value Its value.
 * @returns The value.
 * @throws {InternodeError} `InvalidArgument` if it is not a whole number from 0 on.
 */
export function checkLimit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InternodeError(
    "InvalidArgument",
    `${name} must be a whole number from 0 on, not ${value}.`,
    { origin: "caller" },
  );
}

/**
 * The depth that options ask for.
 *
 * @param options What the user said.
 * @returns The depth.
 * @throws {InternodeError} `InvalidArgument` if it is not a whole number from 1 to 1,000.
 */
export function maxDepthOf(options: DepthOptions): number {
  const maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
  if (Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= HIGHEST_MAX_DEPTH) return maxDepth;
  throw new InternodeError(
    "InvalidArgument",
    `maxDepth must be a whole number from 1 to ${HIGHEST_MAX_DEPTH}, not ${maxDepth}.`,
    { origin: "caller" },
  );
}

/**
 * Fails because of a count over its limit.
 *
 * @param count How many there are, or are claimed.
 * @param maxItems How many there may be.
 */
export function tooMany(count: number, maxItems: number): never {
  throw new Problem(`has ${count} items, over its limit maxItems of ${maxItems}`);
}

/**
 * Fails because of nesting.
 *
 * @param maxDepth How deep it may be.
 */
export function tooDeep(maxDepth: number): never {
  throw new Problem(`is nested deeper than its limit maxDepth of ${maxDepth}`);
}

/**
 * What bounds nesting and counts.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { ItemCount } from "../../wire/item_count.ts";
import { Problem } from "./problem.ts";
import { counted, shown } from "../../foreign/text_of.ts";

/** How deep values may be nested where a contract does not say otherwise. */
const DEFAULT_MAX_DEPTH = 64;
/** No contract can allow more, so that the stack is never in danger. */
const HIGHEST_MAX_DEPTH = 1_000;

/** How many items a list or map may have. */
export interface CountOptions {
  /**
   * The most items one value may have, in both directions. Default: 1,000,000.
   *
   * A message is bounded in all too: the items of its lists, maps and dynamic
   * values and the values of `lazy()` may together be as many as the largest
   * `maxItems` among them, and 1,000,000 in any case. So say how many there are
   * in all where lists of lists are to hold more.
   */
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
 * @param fallback Stands for one that is left out.
 * @returns The value.
 * @throws {InternodeError} `InvalidArgument` if it is not a whole number from 0 on.
 */
export function checkLimit(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(`${name} must be a whole number of at least 0, not ${shown(value)}.`);
}

/**
 * The depth that options ask for.
 *
 * @param options What the user said.
 * @returns The depth.
 * @throws {InternodeError} `InvalidArgument` if it is not a whole number from 1 to 1,000.
 */
export function maxDepthOf(options: DepthOptions): number {
  const { maxDepth = DEFAULT_MAX_DEPTH } = options;
  if (Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= HIGHEST_MAX_DEPTH) return maxDepth;
  throw invalidArgument(
    `maxDepth must be a whole number from 1 to ${HIGHEST_MAX_DEPTH}, not ${shown(maxDepth)}.`,
  );
}

/**
 * Counts items, of one value and of the message in all.
 *
 * @param message What is being read or written.
 * @param count How many items the value has, or claims.
 * @param maxItems How many it may have.
 */
export function countItems(message: ItemCount, count: number, maxItems: number): void {
  if (count > maxItems) tooMany(count, maxItems);
  if (maxItems > message.maxItems) message.maxItems = maxItems;
  if ((message.items += count) > message.maxItems) tooManyInAll(message);
}

function tooManyInAll({ items, maxItems }: ItemCount): never {
  throw new Problem(
    `brings the message to ${
      counted(items, "item")
    } in all its lists and maps, over the limit of ${maxItems} (the largest maxItems of its contract)`,
  );
}

/**
 * Fails because of a count over its limit.
 *
 * @param count How many there are, or are claimed.
 * @param maxItems How many there may be.
 */
export function tooMany(count: number, maxItems: number): never {
  throw new Problem(`has ${counted(count, "item")}, over its limit maxItems of ${maxItems}`);
}

/**
 * Fails because of nesting.
 *
 * @param maxDepth How deep it may be.
 */
export function tooDeep(maxDepth: number): never {
  throw new Problem(`is nested deeper than its limit maxDepth of ${maxDepth}`);
}

/**
 * Fails because of a length over its limit.
 *
 * @param length How many bytes there are.
 * @param maxBytes How many there may be.
 */
export function tooLong(length: number, maxBytes: number): never {
  throw new Problem(`has ${counted(length, "byte")}, over its limit maxBytes of ${maxBytes}`);
}

/**
 * The order of positions.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { unpromised } from "../../foreign/thenable.ts";

/** Numbers and bigints by their value; others are the same, or the first is new. */
export function usualOrder(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : 0;
  return 1;
}

/**
 * Checks what a user's function has given as a position.
 *
 * @throws {InternodeError} `InvalidArgument` if it is none.
 */
export function checkPosition<Position>(position: Position): Position {
  if (position !== undefined && !Number.isNaN(position)) {
    return unpromised(position, "Option position");
  }
  throw invalidArgument(`Option position must give a position, not ${shown(position)}.`);
}

/**
 * Checks what a user's function says of the order of two positions.
 *
 * @throws {InternodeError} `InvalidArgument` if it is no number.
 */
export function checkOrder(order: number): number {
  if (typeof order === "number" && !Number.isNaN(order)) return order;
  unpromised(order, "Option compare");
  throw invalidArgument(`Option compare must give a number, not ${shown(order)}.`);
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

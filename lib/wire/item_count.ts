/**
 * How many items a message has in all.
 *
 * @module
 */

/** How many items a message may have in all if its contract does not allow more. */
export const DEFAULT_MAX_ITEMS = 1_000_000;

/**
 * Counts items: a `ByteReader` or `ByteWriter`. Items are everything without a
 * fixed number: those of lists, maps and dynamic values, and the values of
 * `lazy()`. One byte can be a list, which takes 40 times as much memory, so all
 * are counted together.
 */
export interface ItemCount {
  /** How many items the message has so far. */
  items: number;
  /** How many it may have. Default: 1,000,000; more if a part of its contract allows more. */
  maxItems: number;
}

/**
 * How many items a message has in all.
 *
 * @module
 */

/** How many items a message may have in all where its contract does not ask for more. */
export const DEFAULT_MAX_ITEMS = 1_000_000;

/**
 * What counts them, a `ByteReader` or `ByteWriter`: all that can stand
 * in a message without end, the items of its lists, maps and dynamic values,
 * and the values of `lazy()`. One byte can be a list, which takes 40 times as
 * much memory; that they are counted together is what bounds it.
 */
export interface ItemCount {
  /** How many items the message has so far. */
  items: number;
  /** How many it may have. Default: 1,000,000; more where a part of its contract asks for more. */
  maxItems: number;
}

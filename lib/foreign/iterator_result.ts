/**
 * What iterators of users give.
 *
 * @module
 */

/**
 * The result of an iterator.
 *
 * @param result What its `next()` has given, awaited if need be.
 * @param whose Whose iterator it is, for the message.
 * @throws {TypeError} If that is no iterator's result, as it never ends then.
 */
export function resultOf<T>(result: unknown, whose: string): IteratorResult<T> {
  if (typeof result === "object" && result !== null || typeof result === "function") {
    return result as IteratorResult<T>;
  }
  throw new TypeError(
    `next() of the ${whose}'s iterator returned ${
      result === null ? "null" : `a ${typeof result}`
    } instead of an object with done and value.`,
  );
}

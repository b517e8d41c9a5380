/**
 * Promises of anybody's making.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";

/** The method that makes a value a promise. */
export type Then = (
  onValue: (value: never) => void,
  onThrown: (thrown: unknown) => void,
) => unknown;

const nativeThen: unknown = Promise.prototype.then;

/**
 * The `then` of a value, read once. Never throws.
 *
 * @param value Anything.
 * @returns Its `then`; `null` if it is a plain value. Where reading it throws, a function that throws the same.
 */
export function thenOf(value: unknown): Then | null {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  try {
    const { then } = value as { readonly then?: unknown };
    return typeof then === "function" ? then as Then : null;
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  }
}

/** What a user's function promises, as a promise of the platform: what it throws is a rejection too. */
export function promiseOf<T>(action: () => unknown): Promise<T> {
  return new Promise((resolve) => resolve(action() as T | PromiseLike<T>));
}

/**
 * Waits for a promise. One of the two functions is called, once, whatever the
 * promise does: one of another make may throw, call back twice or give another
 * promise, as one of the platform may not. Never throws.
 *
 * @param value The promise.
 * @param then Its method, from {@linkcode thenOf}.
 * @param onValue Is given the value. Must not throw.
 * @param onThrown Is given what the promise is rejected with. Must not throw.
 */
export function follow<T>(
  value: unknown,
  then: Then,
  onValue: (value: T) => void,
  onThrown: (thrown: unknown) => void,
): void {
  if (then === nativeThen) {
    try {
      then.call(value, onValue, onThrown);
    } catch (thrown) {
      // It only looks like a promise of the platform, or a class made of that one does not work.
      onThrown(thrown);
    }
    return;
  }
  new Promise<T>((resolve, reject) => then.call(value, resolve, reject)).then(onValue, onThrown);
}

/** Ignores how a promise settles: its rejection counts as handled. Other values are left as they are. */
export function disregard(value: unknown): void {
  const then = thenOf(value);
  if (then !== null) follow(value, then, ignore, ignore);
}

/**
 * Checks that a user's function returned no promise, for callers that cannot wait for one.
 *
 * @param value What the function returned.
 * @param what The function's name in the error: `"Option position"`.
 * @returns The same value.
 * @throws {InternodeError} `InvalidArgument` for a promise, which is disregarded.
 */
export function unpromised<T>(value: T, what: string): T {
  if (thenOf(value) === null) return value;
  disregard(value);
  throw invalidArgument(`${what} must return its result itself, not a promise of it.`);
}

function ignore(): void {}

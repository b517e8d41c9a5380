/**
 * What became of a call.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import type { VirtualClock } from "@internode/grid/testing";
import { assertEquals, assertRejects } from "@std/assert";

/** The error of the library with which a call fails, as it must. */
export async function failureOf(call: Promise<unknown>): Promise<InternodeError> {
  return await assertRejects(() => call, InternodeError);
}

/** A promise that is watched, on virtual time. */
export interface Watched<T> {
  readonly settled: boolean;
  readonly value: T | undefined;
  /** What it was rejected with. */
  readonly error: unknown;
  /** The error's code and outcome, or `"ok"`. */
  readonly fate: string;
  /** How long it took, in virtual milliseconds. */
  readonly tookMs: number;
  /** How often it settled, as far as that shows. */
  readonly promise: Promise<T>;
}

/** Notes when and how a promise settles. */
export function watch<T>(clock: VirtualClock, promise: Promise<T>): Watched<T> {
  const startMs = clock.now();
  const watched = {
    settled: false,
    value: undefined as T | undefined,
    error: undefined as unknown,
    fate: "pending",
    tookMs: NaN,
    promise,
  };
  const settle = (fate: string): void => {
    watched.settled = true;
    watched.fate = fate;
    watched.tookMs = clock.now() - startMs;
  };
  promise.then((value) => {
    watched.value = value;
    settle("ok");
  }, (error) => {
    watched.error = error;
    settle(error instanceof InternodeError ? `${error.code} ${error.outcome}` : String(error));
  });
  return watched;
}

/** Asserts how and about when each ended. */
export function assertFate(
  watched: Watched<unknown>,
  fate: string,
  fromMs = 0,
  toMs = Infinity,
): void {
  assertEquals(watched.fate, fate, watched.error instanceof Error ? watched.error.message : "");
  if (watched.tookMs >= fromMs && watched.tookMs <= toMs) return;
  throw new Error(`${fate} came after ${watched.tookMs} ms, not ${fromMs} to ${toMs}`);
}

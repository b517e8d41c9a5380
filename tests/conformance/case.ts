/**
 * A case of the conformance suite.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "@internode/grid";
import { assertEquals, assertInstanceOf } from "@std/assert";
import type { Pair, Setup } from "./world.ts";

/** One behaviour that holds over every transport. */
export interface Case {
  readonly name: string;
  /** Made anew for each transport. */
  readonly setup: Setup | (() => Setup);
  readonly body: (pair: Pair) => Promise<void>;
}

/** What a promise rejects with, which has to be an error of the library's with that code. */
export async function failure(work: Promise<unknown>, code: ErrorCode): Promise<InternodeError> {
  const error = await work.then(
    (value) => {
      throw new Error(`${code} was expected, not ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
  assertInstanceOf(error, InternodeError);
  assertEquals(error.code, code, error.message);
  return error;
}

/** What a promise rejects with, whatever it is. */
export async function reason(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    (value) => {
      throw new Error(`a rejection was expected, not ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
}

/** Reads everything. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
}

/** Bytes that tell their own place. */
export function numbered(count: number, first = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = (first + at) % 251;
  return bytes;
}

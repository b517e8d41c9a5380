/**
 * What the nodes ask of each other's replicas.
 *
 * @module
 */

import { single, type SingleContract } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Under which lock something is asked. */
export interface UnderLock {
  readonly key: string;
  /** Its token. */
  readonly fence: number;
  readonly shared: boolean;
}

/** What stands in a replica: the newest write it has accepted. */
export interface Value {
  /** The token of the writer; 0 if nothing was ever written. */
  readonly token: number;
  /** Counts the writes: each writer writes one more than it has read. */
  readonly version: number;
  /** Who wrote it. */
  readonly uid: string;
}

/** The answer to a read; without a value it was refused for its old token. */
export interface ReadReply {
  readonly value?: Value | undefined;
}

const value = { token: t.uint(), version: t.uint(), uid: t.string() };
const underLock = { key: t.string(), fence: t.uint(), shared: t.boolean() };

/** Reads a replica and fences off older locks. */
export const read: SingleContract<UnderLock, ReadReply> = single("register.read", {
  request: t.record(underLock),
  response: t.record({ value: t.optional(t.record(value)) }),
});

/** Writes to a replica; the answer is whether it was accepted. A reader that repairs writes what was written under an older token. */
export const write: SingleContract<UnderLock & Value, boolean> = single("register.write", {
  request: t.record({ ...underLock, ...value }),
  response: t.boolean(),
});

/**
 * What the nodes of the conformance suite say to each other.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Bytes in, bytes out. */
export const echo = single("echo");
/** Whatever it is told. */
export const answer = single("answer", { request: t.string(), response: t.string() });
/** Fails with a detail. */
export const fail = single("fail", {
  request: t.string(),
  response: t.string(),
  detail: t.record({ missing: t.uint() }),
});
/** Null, empty and absent payloads. */
export const presence = single("presence", {
  request: t.optional(t.nullable(t.string())),
  response: t.optional(t.nullable(t.string())),
});
/** The handler sends. */
export const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});
/** The caller sends. */
export const collect = stream("collect", {
  initial: t.string(),
  input: t.uint(),
  inputCapacity: 4,
  outputCapacity: 0,
});
/** Neither sends. */
export const watch = stream("watch", { initial: t.string(), inputCapacity: 0, outputCapacity: 0 });
/** Both send. */
export const double = stream("double", {
  initial: t.uint(),
  input: t.uint(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});
/** Both send bytes. */
export const pipe = stream("pipe", { inputCapacity: 2, outputCapacity: 2 });

/** Something that a test waits for and a handler makes happen, or the other way round. */
export class Signal<T = void> {
  readonly promise: Promise<T>;
  fire!: (value: T) => void;

  constructor() {
    this.promise = new Promise((resolve) => this.fire = resolve);
  }
}

/**
 * What the victim serves.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Answers with what it was sent. */
export const echo = single("echo");
/** Answers with as many bytes as it is asked for. */
export const large = single("large", { request: t.record({ size: t.uint() }) });
/** The same, encoded by a codec, so that the engine makes a copy. */
export const typed = single("typed", {
  request: t.record({ size: t.uint() }),
  response: t.record({ data: t.bytes() }),
});
/** Never answers. */
export const hold = single("hold");
/** Sends pieces of the size asked for, as many as there is credit for. */
export const push = stream("push", {
  initial: t.record({ size: t.uint() }),
  inputCapacity: 0,
  outputCapacity: 65_535,
});
/** Takes inputs and reads none. */
export const sink = stream("sink", { inputCapacity: 8, outputCapacity: 8 });
/** Takes any value. */
export const anything = single("anything", { request: t.dynamic(), response: t.uint() });
/** Takes lists of lists. */
export const nested = single("nested", {
  request: t.list(t.list(t.record({ name: t.optional(t.string()) }))),
  response: t.uint(),
});
/** Takes a map and a text. */
export const labels = single("labels", {
  request: t.record({ text: t.string(), labels: t.map(t.uint()) }),
  response: t.uint(),
});
/** Fails with whatever text it is sent. */
export const fail = single("fail", { request: t.string() });

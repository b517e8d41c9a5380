/**
 * What the traced processes agree on.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Answers after a span of its own. */
export const work = single("work", { request: t.string(), response: t.string() });
/** Calls `work` of its caller. */
export const relay = single("relay", { request: t.string(), response: t.string() });
/** Fails. */
export const fail = single("fail", { request: t.nothing(), response: t.nothing() });
/** Has a span of its own before each output. */
export const ticks = stream("ticks", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 1,
});

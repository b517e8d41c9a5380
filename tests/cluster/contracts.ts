/**
 * What the nodes of a simulated cluster say to each other.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** A payload that names the call it belongs to. */
export const Tagged = t.record({ tag: t.string(), filling: t.bytes() });

/** Answered at once, in the turn it came. */
export const echo = single("echo", { request: Tagged, response: Tagged });
/** Answered after a while. */
export const slow = single("slow", {
  request: t.record({ tag: t.string(), pauseMs: t.uint() }),
  response: t.string(),
});
/** Numbers from 0 on, then the end or an error. */
export const count = stream("count", {
  initial: t.record({ tag: t.string(), many: t.uint(), fails: t.boolean(), filling: t.bytes() }),
  output: t.record({ tag: t.string(), value: t.uint() }),
  inputCapacity: 0,
  outputCapacity: 4,
});
/** Each number comes back; the handler ends when the caller does. */
export const mirror = stream("mirror", {
  initial: t.string(),
  input: t.record({ tag: t.string(), value: t.uint(), filling: t.bytes() }),
  output: t.record({ tag: t.string(), value: t.uint() }),
  inputCapacity: 3,
  outputCapacity: 5,
});

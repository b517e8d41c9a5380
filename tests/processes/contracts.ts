/**
 * What the processes say to each other.
 *
 * @module
 */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** The process that answers. */
export const whoAreYou = single("whoAreYou", { request: t.nothing(), response: t.uint() });
/** Never answered. */
export const hang = single("hang", { request: t.nothing(), response: t.nothing() });
/** Numbers without end. */
export const ticks = stream("ticks", {
  initial: t.nothing(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 8,
});
/** What a third process sees of another one: the process it talks to. */
export const relay = single("relay", { request: t.string(), response: t.uint() });

/** Quick enough for a test that has to notice a silent process, and more than one takes on a busy machine. */
export const TIMES = { pingIntervalMs: 300, livenessTimeoutMs: 1_500 };

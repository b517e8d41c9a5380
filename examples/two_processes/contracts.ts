/**
 * What the two processes agree on.
 *
 * @module
 */

import { single, type SingleContract } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Greets its caller by name. */
export const greet: SingleContract<{ name: string }, { text: string }> = single("greet", {
  request: t.record({ name: t.string() }),
  response: t.record({ text: t.string() }),
});

/** Every node has the same list; a host is where a node is reached. */
export const hosts = ["tcp://127.0.0.1:9001", "tcp://127.0.0.1:9002"];

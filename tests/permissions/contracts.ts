/**
 * What the processes say to each other.
 *
 * @module
 */

import { single } from "@internode/grid";
import { method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** Between nodes. */
export const greet = single("greet", { request: t.string(), response: t.string() });

/** Between clients and servers. */
export const Greeter = service("greeter", {
  greet: method({ request: t.string(), response: t.string(), idempotent: true }),
});

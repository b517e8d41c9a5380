/** What the workers of the tests serve. */

import { method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** A service that tells which worker answers, and lets a test harm it. */
export const Whoami = service("whoami", {
  number: method({ request: t.nothing(), response: t.uint(), idempotent: true }),
  greeting: method({ request: t.nothing(), response: t.string(), idempotent: true }),
  /** Answers after so many milliseconds. */
  wait: method({ request: t.uint(), response: t.uint() }),
  /** Ends the worker, by an error that nobody catches. */
  die: method({ request: t.nothing(), response: t.nothing() }),
  /** Keeps the worker from its event loop for so many milliseconds. */
  block: method({ request: t.uint(), response: t.nothing() }),
});

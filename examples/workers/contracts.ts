/**
 * What the workers do, and what clients ask of them.
 *
 * @module
 */

import { method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** Work for a core, as much of it as the caller wants. */
export const Primes = service("primes", {
  /** How many primes there are below a number, and which worker has counted them. */
  count: method({
    request: t.uint(),
    response: t.record({ primes: t.uint(), worker: t.uint() }),
    idempotent: true,
  }),
});

/**
 * Endpoints that never change.
 *
 * @module
 */

import { listedEndpoints } from "./resolver/made_endpoint.ts";
import type { Endpoint } from "../transport/channel/endpoint.ts";
import { distinctEndpoints } from "./resolver/latest_resolution.ts";
import type { Resolution, Resolver } from "./resolver/resolver.ts";

/**
 * A resolver whose endpoints never change. Without any, `connect` fails at once
 * as `Unreachable`.
 *
 * @param endpoints The replicas; of several with one address the first counts.
 * @returns A resolver that is asked once.
 *
 * @example
 * ```ts
 * import { constantResolver, tcp } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const resolver = constantResolver(tcp("10.0.0.1:9000"), tcp("10.0.0.2:9000"));
 * const { endpoints, version } = await resolver.resolve(null, new AbortController().signal);
 * assertEquals([endpoints.length, version], [2, null]);
 * ```
 */
export function constantResolver(...endpoints: readonly Endpoint[]): Resolver {
  const resolution: Resolution = {
    endpoints: distinctEndpoints(listedEndpoints(endpoints)),
    version: null,
  };
  return {
    isConstant: true,
    resolve: (_version, signal) =>
      signal.aborted ? Promise.reject(signal.reason) : Promise.resolve(resolution),
  };
}

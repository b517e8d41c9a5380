/** Endpoints that only have an address. */

import type { Resolution } from "../../lib/discovery/resolver/resolver.ts";
import type { Endpoint } from "../../lib/transport/channel/endpoint.ts";

/** An endpoint that cannot be dialled. */
export function named(address: string): Endpoint {
  return { address, dial: () => Promise.reject(new Error(`${address} is only a name`)) };
}

/** The same for each address. */
export function allNamed(...addresses: readonly string[]): Endpoint[] {
  return addresses.map(named);
}

/** The addresses that a resolver has answered with. */
export function addressesOf(resolution: Resolution): string[] {
  return resolution.endpoints.map((endpoint) => endpoint.address);
}

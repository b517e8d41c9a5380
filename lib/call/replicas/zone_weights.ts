/**
 * How weights change if a client prefers its own zone.
 *
 * @module
 */

import type { Replica } from "../balancers/balancer.ts";
import { weightOfEndpoint } from "../balancers/replica_weight.ts";
import type { ZoneSettings } from "../service/zone_options.ts";

/**
 * By how much the weights of replicas in other zones shrink.
 *
 * @param replicas The replicas that can take calls.
 * @param zone The own zone, and how much of the mean weight it needs.
 * @returns From 0 (they get no calls) to 1 (zones make no difference).
 */
export function weightElsewhere(
  replicas: readonly Replica[],
  { name, enough }: ZoneSettings,
): number {
  let own = 0, total = 0;
  const zones = new Set<string>();
  for (const { endpoint } of replicas) {
    const weight = weightOfEndpoint(endpoint), { zone } = endpoint;
    total += weight;
    if (zone === name) own += weight;
    // A replica of an unknown zone may be in any zone.
    if (zone !== undefined) zones.add(zone);
  }
  if (own === 0 || own === total) return 1;
  const share = Math.min(1, own / (total / zones.size * enough));
  return (1 - share) / (total - own) * own / share;
}

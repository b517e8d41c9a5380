/**
 * A resolver that wavers: replicas that are listed, forgotten and listed again.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "@internode/grid/call";
import { InternodeError } from "@internode/grid";
import { RepeatedFailures } from "../../../lib/rpc/connecting/repeated_failures.ts";
import { DEFAULT_BACK_OFF, LastingBackOff } from "../../../lib/rpc/connecting/back_off.ts";
import { OutlierDetector, ReplicaHealth } from "../../../lib/call/service/outlier_detector.ts";
import {
  ReplicaHistories,
  type ReplicaHistory,
} from "../../../lib/call/replicas/replica_history.ts";
import { SeededRandom, VirtualClock } from "../../../lib/testing/mod.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

/** An endpoint whose host refuses each attempt, and when they came. */
function refusing(
  sim: SimulatedService,
): { readonly endpoint: Endpoint; readonly dials: number[] } {
  const dials: number[] = [];
  const endpoint: Endpoint = {
    address: "memory://down",
    dial() {
      dials.push(sim.clock.elapsedMs);
      return Promise.reject(new InternodeError("Unreachable", "refused", { origin: "network" }));
    },
  };
  return { endpoint, dials };
}

Deno.test("a replica that is down is not dialled more often because its resolver wavers", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const { endpoint, dials } = refusing(sim);
    await sim.connect({ reconnect: { initialMs: 50, factor: 2, maxMs: 1_000, jitter: 0 } });
    for (let round = 0; round < 200; round++) {
      sim.resolver.set([endpoint]);
      await sim.clock.advance(10);
      sim.resolver.set([]);
      await sim.clock.advance(10);
    }
    // The waits grow, and there is a listing in each 20 ms.
    assert(dials.length >= 4 && dials.length <= 12, `${dials.length} dials`);
  });
});

Deno.test("a replica that was set aside is still set aside when it is listed again", () => {
  const detector = new OutlierDetector({ maxFailures: 1, setAsideMs: 5_000 });
  const past = (): ReplicaHistory => ({
    health: new ReplicaHealth(detector),
    backOff: new LastingBackOff(DEFAULT_BACK_OFF, {
      clock: new VirtualClock(),
      random: new SeededRandom(1),
    }),
    connectFailures: new RepeatedFailures(new VirtualClock(), 4_000),
    setAside: new RepeatedFailures(new VirtualClock(), 30_000),
  });
  const first = past(), second = past(), pasts = new ReplicaHistories();
  detector.join(first.health, 0);
  detector.join(second.health, 0);
  assert(first.health.onFailure(0));
  detector.leave(first.health, 10);
  pasts.keep("a", first, 10);
  assertEquals(pasts.take("b", 20), null);
  assert(pasts.take("a", 20) === first);
  assertEquals(pasts.take("a", 20), null, "taken out once");
});

Deno.test("the past is forgotten after a minute, and beyond a thousand replicas the oldest first", () => {
  const pasts = new ReplicaHistories();
  const past = {} as ReplicaHistory;
  pasts.keep("old", past, 0);
  assertEquals(pasts.take("old", 60_001), null);
  for (let index = 0; index <= 1_000; index++) pasts.keep(`r${index}`, past, index);
  assertEquals(pasts.take("r0", 1_001), null);
  assert(pasts.take("r1", 1_001) === past);
});

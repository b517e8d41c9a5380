import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import type { Endpoint } from "@internode/grid/call";
import { MAX_DIALS } from "../../../lib/rpc/connecting/dial_limiter.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

Deno.test("a client of a service with hundreds of replicas dials a few at a time", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    let now = 0, most = 0;
    const dialled = new Set<string>();
    const endpoints = Array.from({ length: 300 }, (_, index): Endpoint => {
      const address = `memory://far-${index}`;
      return {
        address,
        dial() {
          most = Math.max(most, ++now);
          dialled.add(address);
          return new Promise((_, reject) => {
            sim.clock.setTimer(10, () => {
              now--;
              reject(new InternodeError("Unreachable", "refused", { origin: "network" }));
            });
          });
        },
      };
    });
    sim.resolver.set(endpoints);
    const connection = await sim.connect();
    await sim.clock.runUntil(() => dialled.size === 300, 500, "a dial of each");
    assertEquals(most, MAX_DIALS);
    // Those that still wait for their turn need not have it for the client to close.
    await sim.clock.complete(connection.close(), 100);
    await sim.clock.advance(20);
    assert(now === 0);
  });
});

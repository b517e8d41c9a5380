/**
 * Where further attempts of a call go, by hedging and by retries.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Balancer,
  balancerFunc,
  client,
  consistentHash,
  HandlerMap,
  implement,
  leastLoaded,
  type Replica,
  roundRobin,
  sharded,
} from "@internode/grid/call";
import { watch } from "../../support/outcome.ts";
import { HEDGE, Map_, withReplicas } from "./hedge_world.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const insisting: Balancer = new (class {
  #first: Replica | undefined;

  update(replicas: readonly Replica[]): void {
    this.#first = replicas[0];
  }

  pick(): Replica | undefined {
    return this.#first;
  }
})();

for (
  const [name, balancer] of Object.entries({
    roundRobin: roundRobin(),
    leastLoaded: leastLoaded(),
    sharded: sharded(),
    consistentHash: consistentHash(),
    "a function that asks for nothing but the key": balancerFunc((replicas, { shardKey }) =>
      replicas[Number(shardKey) % replicas.length]
    ),
  })
) {
  Deno.test(`each further attempt of a hedged call goes to another replica: ${name}`, async () => {
    await withReplicas(4, async ({ sim, held, map }) => {
      for (let shardKey = 0; shardKey < 10; shardKey++) {
        held.length = 0;
        const hedge = { delayMs: 10, maxAttempts: 4 };
        const found = watch(sim.clock, map.find("it", { hedge, shardKey }));
        await sim.clock.runUntil(() => held.length === 4, 200);
        assertEquals(held.map(({ name }) => name).sort(), ["r0", "r1", "r2", "r3"]);
        held[3]!.answer.resolve("found");
        await sim.clock.runUntil(() => found.settled, 10);
        await sim.clock.advance(10);
      }
    }, { balancer });
  });

  Deno.test(`each retry goes to another replica: ${name}`, async () => {
    for (const knowing of [0, 1, 2, 3]) {
      const sim = new SimulatedService();
      await sim.run(async () => {
        const found = () => "found";
        const handlers = (index: number): HandlerMap =>
          index === knowing ? implement(Map_, { find: found, change: found }) : new HandlerMap();
        const connection = await sim.connectTo(4, handlers, { balancer });
        const map = client(Map_, connection);
        // The four attempts that there are at most are enough only if none goes to the same one.
        for (let shardKey = 0; shardKey < 8; shardKey++) {
          assertEquals(await map.find("it", { shardKey }), "found");
        }
      });
    }
  });
}

Deno.test("a balancer that insists on one replica has it asked once at a time, and again when it is lost", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE }));
    await sim.clock.advance(2_000);
    assertEquals(held.map(({ name }) => name), ["r0"]);
    held[0]!.answer.resolve("found");
    await sim.clock.advance(5);
    assertEquals(found.value, "found");
  }, { balancer: insisting });
});

Deno.test("another connection to the same replica is no other replica", async () => {
  await withReplicas(2, async ({ sim, connection, held, map }) => {
    await sim.ready(connection, 6);
    for (let shardKey = 0; shardKey < 6; shardKey++) {
      held.length = 0;
      const found = watch(sim.clock, map.find("it", { hedge: HEDGE, shardKey }));
      await sim.clock.runUntil(() => held.length === 2, 100);
      assertEquals(held.map(({ name }) => name).sort(), ["r0", "r1"]);
      held[0]!.answer.resolve("found");
      await sim.clock.runUntil(() => found.settled, 10);
      await sim.clock.advance(10);
    }
  }, { balancer: sharded(), connections: 3 });
});

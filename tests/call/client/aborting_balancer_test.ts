/** Balancers that end the very call that they choose a replica for. @module */

import { assertEquals } from "@std/assert";
import {
  type Balancer,
  client,
  implement,
  method,
  methodStream,
  type Replica,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Door = service("door", {
  knock: method({ request: t.uint(), response: t.uint() }),
  watch: methodStream({
    initial: t.uint(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
});

Deno.test("a call that waits and is aborted by its balancer reaches no handler, request or stream", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const served: number[] = [];
    const controllers = [new AbortController(), new AbortController()];
    let replicas: readonly Replica[] = [];
    const balancer: Balancer = {
      update: (ready) => void (replicas = ready),
      pick: () => {
        if (replicas.length > 0) { for (const each of controllers) each.abort("enough"); }
        return replicas[0];
      },
    };
    const connection = await sim.connect({ balancer });
    const door = client(Door, connection);
    const [knocking, watching] = controllers.map(({ signal }) => signal);
    const calls = [
      watch(sim.clock, door.knock(1, { signal: knocking })),
      watch(sim.clock, door.watch(2, { signal: watching }).finished),
    ];
    await sim.start(
      0,
      implement(Door, {
        knock: (id) => {
          served.push(id);
          return id;
        },
        watch: function* (id) {
          served.push(id);
          yield id;
        },
      }),
    );
    sim.list(0);
    await sim.ready(connection, 1);
    await sim.clock.advance(1_000);
    assertEquals(calls.map(({ fate }) => fate), ["enough", "enough"]);
    assertEquals(served, []);
    assertEquals(connection.replicas.map(({ callsInFlight }) => callsInFlight), [0]);
  });
});

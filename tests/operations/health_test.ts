import { implement, method, service } from "@internode/grid/call";
import { InternodeError } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { health } from "@internode/grid/operations";
import { assertEquals, assertThrows } from "@std/assert";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../support/simulation/simulated_service.ts";

const Disk = service("disk", { read: method({ request: t.uint(), response: t.uint() }) });
const WELL = { ok: true, problems: [] };

Deno.test("a node is ready while it listens, has enough peers and does not close", async () => {
  const grid = simulatedGrid({ listens: ({ index }) => index === 1 });
  await grid.run(async () => {
    await grid.start();
    const [one, two] = [grid.node(0), grid.node(1)];
    assertEquals(health([one]).ready.problems, [`${one.local} does not listen.`]);
    assertEquals(health([one], { listening: false }).ready, WELL);
    assertEquals(health([two]).ready, WELL);
    assertEquals(health([two], { minPeers: 1 }).ready.problems, [
      `${two.local} is connected with 0 peers of 1; at least 1 is needed (minPeers).`,
    ]);
    await one.listen();
    await Promise.all([one.waitForConnect(), two.waitForConnect()]);
    assertEquals(health([one, two], { minPeers: 1 }), { ready: WELL, alive: WELL });
    // Itself is no other.
    await two.connection(two.local).waitForConnect();
    assertEquals(health([two], { minPeers: 2 }).ready.problems, [
      `${two.local} is connected with 1 peers of 1; at least 2 are needed (minPeers).`,
    ]);
    const closed = two.close();
    assertEquals(health([two]).ready.problems, [`${two.local} is closing.`]);
    await closed;
    assertEquals(health([two]), {
      ready: { ok: false, problems: [`${two.local} is closed.`] },
      alive: WELL,
    });
  });
  await grid.close();
});

Deno.test("a client is ready while enough replicas take calls", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const connection = await sim.connectTo(
      2,
      () => implement(Disk, { read: (value) => value }),
      { name: "reader" },
    );
    assertEquals(health([connection], { minReplicas: 2 }).ready, WELL);
    await sim.stop(0);
    assertEquals(health([connection]).ready, WELL);
    assertEquals(health([connection], { minReplicas: 2 }).ready.problems, [
      "The client reader is connected with 1 replicas that take calls of 2; " +
      "at least 2 are needed (minReplicas).",
    ]);
    await sim.stop(1);
    assertEquals(health([connection]).ready.ok, false);
    assertEquals(health([connection], { minReplicas: 0 }).ready, WELL);
  });
});

Deno.test("a process whose event loop was held up too long is not alive until ten seconds later", async () => {
  const grid = simulatedGrid({ nodes: 2 });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0), alive = () => health([node], { maxLoopDelayMs: 500 }).alive;
    assertEquals(alive(), WELL);
    await grid.clock.advance(200);
    grid.freeze(0);
    await grid.clock.advance(2_000);
    grid.thaw(0);
    await grid.clock.advance(100);
    assertEquals(alive().ok, false);
    await grid.clock.advance(11_000);
    assertEquals(alive(), WELL);
  });
  await grid.close();
});

Deno.test("options that make no sense are refused", () => {
  const wrong = [
    [{ minPeers: -1 }, "Option minPeers must be a whole number of at least 0, not -1."],
    [{ minReplicas: 0.5 }, "Option minReplicas must be a whole number of at least 0, not 0.5."],
    [{ listening: 1 }, "Option listening must be true or false, not 1."],
    [{ maxLoopDelayMs: 0 }, "Option maxLoopDelayMs must be a number above 0, not 0."],
    [null, "The options of health must be an object, not null."],
    [{}, "health needs a Manager, a client or a server to judge."],
  ] as const;
  for (const [options, message] of wrong) {
    assertThrows(() => health([], options as never), InternodeError, message);
  }
});

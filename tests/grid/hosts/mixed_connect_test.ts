/** Grids in which some nodes connect to all peers, and others on demand: as during a rolling change of the option. */

import { type ManagerOptions, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { watch } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });

/** Node 0 dials node 1; one of them connects on demand. */
function pairOf(onDemand: number, options: Partial<ManagerOptions> = {}) {
  const logs = [new QuietLogger(), new QuietLogger()];
  const grid = simulatedGrid({
    options: ({ index }) => ({
      logger: logs[index]!,
      ...index === onDemand && { connect: "onDemand", ...options },
    }),
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  return { grid, logs };
}

for (const onDemand of [0, 1]) {
  const which = onDemand === 0 ? "dialler" : "acceptor";

  for (const from of [0, 1]) {
    Deno.test(`the ${which} connects on demand, the other one to all: node ${from} calls first`, async () => {
      const { grid, logs } = pairOf(onDemand);
      await grid.run(async () => {
        await grid.start();
        const to = grid.node(from).connection(grid.hosts[1 - from]!);
        const calls = [false, true].map((waitForReady) =>
          watch(grid.clock, to.request(echo, 7, { waitForReady }))
        );
        await grid.clock.advance(2_100);
        assertEquals(calls.map(({ fate }) => fate), ["ok", "ok"]);
        assertEquals(grid.network.openConnections(grid.hosts[0]!), 1);
        for (const { lines } of logs) assertEquals(lines, []);
      });
      await grid.close();
    });
  }

  Deno.test(`the ${which} connects on demand: who connects to all waits for all, and is connected without a call`, async () => {
    for (const waits of [true, false]) {
      const { grid } = pairOf(onDemand);
      await grid.run(async () => {
        await grid.start();
        const all = grid.node(1 - onDemand);
        if (waits) await all.waitForConnect({ timeoutMs: 2_100 });
        else await grid.clock.advance(12_100);
        assertEquals(all.connections()[0]!.state, "connected");
      });
      await grid.close();
    }
  });

  Deno.test(`the ${which} connects on demand and is started again: who connects to all has it back`, async () => {
    const { grid } = pairOf(onDemand);
    await grid.run(async () => {
      await grid.start();
      const [peer] = grid.node(1 - onDemand).connections();
      await peer!.waitForConnect();
      grid.crash(onDemand);
      await grid.clock.advance(5_000);
      await grid.restart(onDemand);
      await grid.clock.advance(4_500);
      assertEquals(peer!.state, "connected");
      assertEquals(await peer!.request(echo, 3), 3);
    });
    await grid.close();
  });
}

Deno.test("who connects to all does not undo that a peer has closed a connection that was not used", async () => {
  const nodes = 5;
  const grid = simulatedGrid({
    nodes,
    options: ({ index }) => index === 0 ? { connect: "onDemand", maxConnections: 1 } : {},
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(20_000);
    let dials = 0;
    grid.history.subscribe(({ kind }) => {
      if (kind === "accept") dials++;
    });
    await grid.clock.advance(60_000);
    assertEquals([dials, grid.network.openConnections(grid.hosts[0]!)], [0, 1]);
    for (let index = 1; index < nodes; index++) {
      const to = grid.node(index).connection(grid.hosts[0]!);
      assert(to.state === "idle" || to.state === "connected", to.state);
      const call = watch(grid.clock, to.request(echo, index));
      await grid.clock.advance(100);
      assertEquals(call.fate, "ok");
    }
  });
  await grid.close();
});

Deno.test("nodes change from all to on demand and back one after the other, and no call that waits fails", async () => {
  const nodes = 6, modes = Array<"all" | "onDemand">(nodes).fill("all");
  const grid = simulatedGrid({
    nodes,
    options: ({ index }) =>
      modes[index] === "all" ? {} : { connect: "onDemand", maxConnections: 2 },
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  await grid.run(async () => {
    await grid.start();
    await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
    const callAll = async (what: string): Promise<void> => {
      // Who connects on demand calls nobody.
      const calls = grid.running.filter((from) => modes[from] === "all").flatMap((from) =>
        grid.running.filter((to) => to !== from).map((to) =>
          watch(
            grid.clock,
            grid.node(from).connection(grid.hosts[to]!).request(echo, to, {
              waitForReady: true,
              timeoutMs: 8_000,
            }),
          )
        )
      );
      await grid.clock.advance(8_100);
      assertEquals(calls.map(({ fate }) => fate).filter((fate) => fate !== "ok"), [], what);
    };
    for (const mode of ["onDemand", "all"] as const) {
      for (let index = 0; index < nodes; index++) {
        await grid.node(index).close();
        grid.crash(index);
        modes[index] = mode;
        await grid.restart(index);
        await callAll(`node ${index} is ${mode}`);
      }
    }
    await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
    await grid.clock.advance(12_000);
    for (const index of grid.running) {
      const states = grid.node(index).connections().map(({ state }) => state);
      assertEquals(states, Array(nodes - 1).fill("connected"));
    }
  });
  await grid.close();
});

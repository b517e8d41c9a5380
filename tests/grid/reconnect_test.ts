import { type ConnectionState, type Manager, single, stream } from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import * as t from "@internode/grid/codec";
import { mayFollow } from "../../lib/rpc/contract/connection_state.ts";
import { assertFate, watch } from "../support/outcome.ts";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.string(), response: t.string() });
const hang = single("hang", { request: t.string(), response: t.string() });
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});
const collect = stream("collect", {
  initial: t.nothing(),
  input: t.uint(),
  inputCapacity: 4,
  outputCapacity: 0,
});

function serve(manager: Manager): void {
  manager.handle(echo, (text) => text);
  manager.handle(hang, () => new Promise<string>(() => {}));
  manager.handle(count, async function* (many, _, { signal }) {
    for (let value = 0; value < many; value++) yield value;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  });
  manager.handle(collect, async (_, input) => {
    for await (const _value of input);
  });
}

/** The way from node 0 to node 1, or back. */
function way(grid: SimulatedCluster<Manager>, from = 0) {
  return grid.node(from).connection(grid.hosts[1 - from]!);
}

for (const from of [0, 1]) {
  const side = from === 0 ? "dialling" : "accepting";

  Deno.test(`the ${side} side's calls wait while the first connection is made`, async () => {
    const grid = simulatedGrid({ serve, listens: () => false });
    await grid.run(async () => {
      await grid.start();
      const waiting = [
        watch(grid.clock, way(grid, from).request(echo, "a", { timeoutMs: 30_000 })),
        watch(grid.clock, way(grid, from).request(echo, "b", { timeoutMs: 500 })),
        watch(grid.clock, way(grid, from).request(echo, "c", { waitForReady: true })),
      ];
      const opened = way(grid, from).stream(collect, undefined);
      const sending = watch(grid.clock, opened.send(1).then(() => opened.end()));
      await grid.clock.advance(2_000);
      assertFate(waiting[1]!, "DeadlineExceeded notSent", 500, 501);
      assertEquals([waiting[0]!.fate, sending.fate], ["pending", "pending"]);
      await Promise.all([grid.node(0).listen(), grid.node(1).listen()]);
      await opened.finished;
      for (const index of [0, 2]) assertFate(waiting[index]!, "ok", 2_000, 2_100);
    });
    await grid.close();
  });

  Deno.test(`the ${side} side's calls fail at once while the peer is known to be down`, async () => {
    await withPair({ serve }, async (grid) => {
      grid.crash(1 - from, "silent");
      grid.cut(0, 1);
      await grid.clock.runUntil(() => way(grid, from).state === "connecting", 10);
      const first = watch(grid.clock, way(grid, from).request(echo, "first"));
      await grid.clock.runUntil(() => way(grid, from).state === "disconnected", 15_000, "down");
      assertFate(first, "Unreachable notSent", 0, 11_000);
      const second = watch(grid.clock, way(grid, from).request(echo, "second"));
      const opened = watch(grid.clock, way(grid, from).stream(count, 1).finished);
      await grid.clock.settle();
      assertFate(second, "Unreachable notSent", 0, 0);
      assertFate(opened, "Unreachable notSent", 0, 0);
      const patient = watch(
        grid.clock,
        way(grid, from).request(echo, "x", { waitForReady: true, timeoutMs: 3_000 }),
      );
      const rewarded = watch(
        grid.clock,
        way(grid, from).request(echo, "x", { waitForReady: true, timeoutMs: 60_000 }),
      );
      await grid.clock.advance(3_100);
      assertFate(patient, "DeadlineExceeded notSent", 3_000, 3_001);
      await grid.restart(1 - from);
      await grid.clock.runUntil(() => rewarded.settled, 15_000, "the patient call");
      assertFate(rewarded, "ok");
    });
  });

  Deno.test(`a lost connection ends all of the ${side} side's calls at once`, async () => {
    for (const how of ["cut", "close", "reset"] as const) {
      await withPair({ serve }, async (grid) => {
        const connection = way(grid, from);
        const request = watch(grid.clock, connection.request(hang, "x"));
        const counting = connection.stream(count, 3), read: number[] = [];
        const outputs = watch(
          grid.clock,
          (async () => {
            for await (const value of counting) read.push(value);
          })(),
        );
        const collecting = connection.stream(collect, undefined);
        const finished = watch(grid.clock, collecting.finished);
        await collecting.send(1);
        await grid.clock.advance(1_000);
        assertEquals([request.fate, outputs.fate, finished.fate, read.length], [
          "pending",
          "pending",
          "pending",
          3,
        ]);
        if (how === "cut") grid.cut(0, 1);
        else grid.crash(1 - from, how);
        await grid.clock.runUntil(
          () => request.settled && outputs.settled && finished.settled,
          10,
          "all have ended",
        );
        for (const watched of [request, outputs, finished]) {
          assertFate(watched, "Disconnected maybeExecuted");
        }
        const late = watch(grid.clock, collecting.send(2));
        await grid.clock.settle();
        assertFate(late, "Disconnected maybeExecuted");
      });
    }
  });

  Deno.test(`time spent waiting counts against the deadline of the ${side} side's calls`, async () => {
    const grid = simulatedGrid({ serve, listens: () => false });
    await grid.run(async () => {
      await grid.start();
      const asked = watch(grid.clock, way(grid, from).request(hang, "x", { timeoutMs: 1_000 }));
      await grid.clock.advance(600);
      await Promise.all([grid.node(0).listen(), grid.node(1).listen()]);
      await grid.clock.runUntil(() => asked.settled, 2_000);
      assertFate(asked, "DeadlineExceeded maybeExecuted", 1_000, 1_001);
    });
    await grid.close();
  });
}

Deno.test("a connection that is lost is made again within a second, by the same side", async () => {
  await withPair({ serve }, async (grid) => {
    for (let round = 1; round <= 5; round++) {
      const [there, back] = [way(grid), way(grid, 1)];
      assertEquals(grid.cut(0, 1), 1);
      await grid.clock.runUntil(
        () => there.state !== "connected" && back.state !== "connected",
        10,
      );
      assertEquals([there.state, back.state], ["connecting", "connecting"]);
      const waiting = watch(grid.clock, back.request(echo, "waits"));
      await grid.clock.runUntil(() => waiting.settled, 1_000, "the connection is back");
      assertFate(waiting, "ok");
      assertEquals([there.stats().reconnects, back.stats().reconnects], [round, round]);
    }
    assertEquals(grid.history.tail(256).filter((line) => line.includes("  dial  ")).length, 6);
  });
});

Deno.test("what was in flight with a peer is not taken up by the peer's next life", async () => {
  const instances: number[] = [];
  await withPair({
    serve: (manager, { index, restarts }) => {
      serve(manager);
      if (index === 1) {
        manager.handle(single("life", { response: t.uint() }), () => {
          instances.push(restarts);
          return restarts;
        });
      }
    },
  }, async (grid) => {
    const life = single("life", { response: t.uint() });
    const request = watch(grid.clock, way(grid).request(hang, "x", { timeoutMs: 100_000 }));
    await grid.clock.advance(100);
    grid.crash(1, "silent");
    await grid.clock.advance(100);
    assertEquals(request.fate, "pending");
    // The old connection looks open from node 0 until its next byte meets a machine that knows nothing of it.
    await grid.restart(1);
    await grid.clock.runUntil(() => request.settled, 31_000, "the old call has ended");
    assertFate(request, "Disconnected maybeExecuted");
    const again = way(grid).request(life, new Uint8Array(), { waitForReady: true });
    assertEquals(await again, 1);
    assertEquals(instances, [1]);
  });
});

Deno.test("a peer that dials anew while the old connection looks open replaces it", async () => {
  await withPair({ serve }, async (grid) => {
    const back = way(grid, 1), states: ConnectionState[] = [];
    back.onStateChange((state) => states.push(state));
    const old = watch(grid.clock, back.request(hang, "x", { timeoutMs: 100_000 }));
    await grid.clock.advance(100);
    grid.crash(0, "silent");
    await grid.clock.advance(1_000);
    assertEquals([back.state, old.fate], ["connected", "pending"]);
    await grid.restart(0);
    await grid.clock.runUntil(() => states.length > 0, 1_000, "the new connection");
    assertEquals([states, back.state], [["connected"], "connected"]);
    await grid.clock.settle();
    assertFate(old, "Disconnected maybeExecuted", 1_000, 1_500);
    assertEquals(await back.request(echo, "new"), "new");
    await grid.clock.advance(5_000);
    assertEquals(grid.network.openConnections(grid.hosts[1]!), 1);
  });
});

Deno.test("every transition that is seen is in the table", async () => {
  const seen = new Set<string>();
  const grid = simulatedGrid({ nodes: 3, seed: 9, serve });
  await grid.run(async () => {
    const follow = (index: number): void => {
      for (const connection of grid.node(index).connections()) {
        let from = connection.state;
        connection.onStateChange((to) => {
          assert(mayFollow(from, to), `${from} to ${to}`);
          assertEquals(connection.state, to);
          seen.add(`${from} ${to}`);
          from = to;
        });
      }
    };
    await grid.start();
    for (const index of grid.running) follow(index);
    const chaos = grid.chaos({ meanIntervalMs: 1_000, crash: 0 });
    await grid.clock.advance(120_000);
    await chaos.stop();
    await Promise.all(
      grid.running.map((index) => grid.node(index).waitForConnect({ timeoutMs: 40_000 })),
    );
    await grid.node(2).close();
    await grid.clock.advance(100);
  });
  await grid.close();
  assertEquals(
    [...seen].sort(),
    [
      "connected closed",
      "connected connected",
      "connected connecting",
      "connected disconnected",
      "connecting connected",
      "connecting disconnected",
      "disconnected closed",
      "disconnected connected",
    ].filter((transition) => seen.has(transition)),
  );
  for (const needed of ["connected connecting", "connecting connected", "connected disconnected"]) {
    assert(seen.has(needed), needed);
  }
});

Deno.test("waiting for a connection ends by time, by its signal and with the manager", async () => {
  const grid = simulatedGrid({ listens: ({ index }) => index === 0 });
  await grid.run(async () => {
    await grid.start();
    const controller = new AbortController();
    const connection = way(grid);
    const timed = watch(grid.clock, connection.waitForConnect({ timeoutMs: 700 }));
    const aborted = watch(grid.clock, connection.waitForConnect({ signal: controller.signal }));
    const closed = watch(grid.clock, grid.node(0).waitForConnect());
    await grid.clock.advance(800);
    assertFate(timed, "Unreachable notSent", 700, 701);
    controller.abort("why");
    await grid.clock.settle();
    assertFate(aborted, "why");
    await grid.node(0).close();
    assertFate(closed, "Closed notSent");
  });
  await grid.close();
});

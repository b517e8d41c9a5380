import { InternodeError, Manager, type ManagerOptions, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { textOf } from "../../../lib/foreign/text_of.ts";
import { dials } from "../../../lib/grid/dialler.ts";
import { assertFate, watch } from "../../support/outcome.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const ticks = stream("ticks", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});

function gridOf(
  nodes: number,
  options: Partial<ManagerOptions> = {},
  listens = (_index: number): boolean => true,
): SimulatedCluster<Manager> {
  return simulatedGrid({
    nodes,
    options: () => ({ connect: "onDemand", ...options }),
    listens: ({ index }) => listens(index),
    serve: (manager, { clock }) => {
      manager.handle(echo, (value) => value);
      manager.handle(ticks, async function* (ms) {
        for (let tick = 0; tick < 10; tick++) {
          yield tick;
          await new Promise<void>((done) => void clock.setTimer(ms, done));
        }
      });
    },
  });
}

function open(grid: SimulatedCluster<Manager>, index: number): number {
  return grid.network.openConnections(grid.hosts[index]!);
}

Deno.test("nobody connects before it calls, and who is to be dialled can call first", async () => {
  const grid = gridOf(6);
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(5_000);
    for (const index of grid.running) assertEquals(open(grid, index), 0);
    await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
    let dialled = 0;
    for (const [from, to] of [[0, 1], [2, 1], [3, 4], [5, 4], [0, 5], [2, 3]] as const) {
      if (!dials(grid.hosts[from]!, grid.hosts[to]!)) dialled++;
      const connection = grid.node(from).connection(grid.hosts[to]!);
      assertEquals(connection.state, "idle");
      assertEquals(await connection.request(echo, to), to);
      assertEquals([connection.state, grid.node(to).connection(grid.hosts[from]!).state], [
        "connected",
        "connected",
      ]);
      assertEquals(grid.network.openConnections(grid.hosts[from]!, grid.hosts[to]!), 1);
    }
    assert(dialled > 0 && dialled < 6, `${dialled} were to be dialled`);
    const one = grid.node(1).connection(grid.hosts[5]!);
    await one.waitForConnect();
    assertEquals(one.state, "connected");
  });
  await grid.close();
});

Deno.test("of too many connections those go that were not used for the longest time, and none with calls", async () => {
  const grid = gridOf(8, { maxConnections: 3 });
  await grid.run(async () => {
    await grid.start();
    const one = grid.node(0), to = (index: number) => one.connection(grid.hosts[index]!);
    const running = watch(grid.clock, Array.fromAsync(to(1).stream(ticks, 500)));
    for (const index of [2, 3, 2, 4, 5]) {
      assertEquals(await to(index).request(echo, index), index);
      await grid.clock.advance(100);
    }
    await grid.clock.advance(1_000);
    assertEquals([1, 2, 3, 4, 5, 6].map((index) => to(index).state), [
      "connected",
      "idle",
      "idle",
      "connected",
      "connected",
      "idle",
    ]);
    assertEquals(open(grid, 0), 3);
    assertEquals(grid.node(3).connection(grid.hosts[0]!).state, "idle");
    // All have calls: none of them is closed, and there is one more for a while.
    const others = [4, 5, 6].map((index) =>
      watch(grid.clock, Array.fromAsync(to(index).stream(ticks, 300)))
    );
    await grid.clock.advance(2_000);
    assertEquals(open(grid, 0), 4);
    await grid.clock.advance(6_000);
    assertEquals([running, ...others].map(({ fate }) => fate), ["ok", "ok", "ok", "ok"]);
    await grid.clock.advance(2_000);
    assertEquals(open(grid, 0), 3);
    assertEquals(await to(2).request(echo, 9), 9);
  });
  await grid.close();
});

Deno.test("while more have calls than may be open, idle ones are closed as soon as another is made", async () => {
  const grid = gridOf(8, { maxConnections: 1 });
  await grid.run(async () => {
    await grid.start();
    const one = grid.node(0), to = (index: number) => one.connection(grid.hosts[index]!);
    const running = [1, 2].map((index) =>
      watch(grid.clock, Array.fromAsync(to(index).stream(ticks, 500)))
    );
    await grid.clock.advance(100);
    for (const index of [3, 4, 5, 6, 7]) {
      assertEquals(await to(index).request(echo, index), index);
      await grid.clock.advance(20);
      assert(open(grid, 0) <= 3, `${open(grid, 0)} are open, of which 2 have calls`);
    }
    await grid.clock.advance(1_000);
    assertEquals(open(grid, 0), 2);
    await grid.clock.advance(6_000);
    assertEquals([running.map(({ fate }) => fate), open(grid, 0)], [["ok", "ok"], 1]);
  });
  await grid.close();
});

Deno.test("calls that cross the closing of an idle connection are answered", async () => {
  const grid = gridOf(4, { maxConnections: 1 });
  await grid.run(async () => {
    await grid.start();
    const calls: { fate: string }[] = [];
    for (let n = 0; n < 300; n++) {
      const from = n % 4, to = (from + 1 + n % 3) % 4;
      const connection = grid.node(from).connection(grid.hosts[to]!);
      calls.push(watch(grid.clock, connection.request(echo, n)));
      await grid.clock.advance(grid.random.float(0, 3));
    }
    await grid.clock.advance(5_000);
    assertEquals(calls.map(({ fate }) => fate).filter((fate) => fate !== "ok"), []);
    for (const index of grid.running) assert(open(grid, index) <= 3);
  });
  await grid.close();
});

Deno.test("a peer that is down is not dialled once nobody waits for it", async () => {
  const grid = gridOf(2, {}, (index) => index === 0);
  await grid.run(async () => {
    await grid.start();
    const to = grid.node(0).connection(grid.hosts[1]!);
    const call = watch(grid.clock, to.request(echo, 1));
    await grid.clock.advance(5_000);
    assertFate(call, "Unreachable notSent", 0, 100);
    assertEquals([to.state, grid.clock.pendingEvents], ["idle", 0]);
    const waiting = watch(grid.clock, to.request(echo, 2, { waitForReady: true }));
    await grid.clock.advance(5_000);
    assertEquals(waiting.settled, false);
    await grid.node(1).listen();
    await grid.clock.advance(3_000);
    assertEquals([waiting.value, to.state], [2, "connected"]);
    grid.cut(0, 1);
    await grid.clock.advance(5_000);
    assertEquals(to.state, "idle");
  });
  await grid.close();
});

Deno.test("calls to a peer that is down fail at once, whoever of the two is to dial", async () => {
  const grid = gridOf(8, {}, (index) => index === 0);
  await grid.run(async () => {
    await grid.start();
    const sides = new Set<boolean>();
    for (const host of grid.hosts.slice(1)) {
      sides.add(dials(grid.hosts[0]!, host));
      const to = grid.node(0).connection(host);
      for (let n = 0; n < 3; n++) {
        const call = watch(grid.clock, to.request(echo, n));
        await grid.clock.advance(200);
        assertFate(call, "Unreachable notSent", 0, 100);
        assert(textOf(call.error).includes("Could not connect"), textOf(call.error));
      }
      assertEquals([to.state, grid.clock.pendingEvents], ["idle", 0]);
    }
    assertEquals(sides.size, 2);
    for (const host of grid.hosts.slice(1)) {
      const to = grid.node(0).connection(host);
      const waiting = watch(grid.clock, to.request(echo, 9, { waitForReady: true }));
      await grid.clock.advance(5_000);
      const late = watch(grid.clock, to.request(echo, 3, { waitForReady: true, timeoutMs: 100 }));
      await grid.clock.advance(200);
      assertFate(late, "DeadlineExceeded notSent", 100, 100);
      assert(textOf(late.error).includes("The last failure: Could not"), textOf(late.error));
      await grid.node(grid.hosts.indexOf(host)).listen();
      await grid.clock.advance(3_000);
      assertEquals([waiting.value, to.state], [9, "connected"]);
    }
  });
  await grid.close();
});

Deno.test("a peer that does not list its caller fails calls at once, whoever is to dial", async () => {
  const grid = gridOf(8);
  await grid.run(async () => {
    await grid.start();
    for (const host of grid.hosts.slice(1)) {
      grid.node(grid.hosts.indexOf(host)).setHosts([host]);
      const to = grid.node(0).connection(host), call = watch(grid.clock, to.request(echo, 1));
      await grid.clock.advance(200);
      assertFate(call, "Unreachable notSent", 0, 100);
      assert(textOf(call.error).includes("is not among the hosts"), textOf(call.error));
    }
  });
  await grid.close();
});

Deno.test("connect and maxConnections that make no sense are refused", () => {
  const make = (options: object): Manager =>
    new Manager({ local: "memory://a", hosts: ["memory://a"], ...options });
  for (
    const [options, text] of [
      [{ connect: "some" }, 'must be "all" or "onDemand"'],
      [{ maxConnections: 3 }, 'needs connect: "onDemand"'],
      [{ connect: "onDemand", maxConnections: 0 }, "must be a whole number above 0"],
      [{ connect: "onDemand", maxConnections: 1.5 }, "must be a whole number above 0"],
    ] as const
  ) {
    assertThrows(() => make(options), InternodeError, text);
  }
});

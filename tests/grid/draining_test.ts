import { type Manager, single, stream } from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assertEquals, assertMatch } from "@std/assert";
import * as t from "@internode/grid/codec";
import { textOf } from "../../lib/foreign/text_of.ts";
import { assertFate, watch } from "../support/outcome.ts";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";
import { pause } from "../support/pause.ts";

const work = single("work", { request: t.uint(), response: t.string() });
const numbers = stream("numbers", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 2,
});

function way(grid: SimulatedCluster<Manager>, from: number) {
  return grid.node(from).connection(grid.hosts[1 - from]!);
}

for (const closer of [0, 1]) {
  const side = closer === 0 ? "dials" : "accepts";

  Deno.test(`when the side that ${side} closes, running calls finish and new ones go elsewhere`, async () => {
    await withPair({
      serve: (manager, { clock }) => {
        manager.handle(work, async (ms) => {
          await pause(clock, ms);
          return "done";
        });
        manager.handle(numbers, async function* (many) {
          for (let value = 0; value < many; value++) {
            await pause(clock, 100);
            yield value;
          }
        });
      },
    }, async (grid) => {
      const other = 1 - closer;
      const running = watch(grid.clock, way(grid, other).request(work, 1_000));
      const backwards = watch(grid.clock, way(grid, closer).request(work, 500));
      const tooLong = watch(grid.clock, way(grid, other).request(work, 9_000));
      const read: number[] = [];
      const reading = watch(
        grid.clock,
        (async () => {
          for await (const value of way(grid, other).stream(numbers, 10)) read.push(value);
        })(),
      );
      await grid.clock.advance(100);
      const closing = watch(grid.clock, grid.node(closer).close());
      await grid.clock.advance(100);
      const refused = watch(grid.clock, way(grid, other).request(work, 1));
      const own = watch(grid.clock, way(grid, closer).request(work, 1));
      await grid.clock.settle();
      assertFate(refused, "Unreachable notSent", 0, 0);
      assertFate(own, "Closed notSent", 0, 0);
      assertEquals(way(grid, other).state, "disconnected");
      await grid.clock.runUntil(() => closing.settled, 10_000, "the end of closing");
      assertFate(closing, "ok", 4_990, 6_100);
      assertFate(running, "ok", 1_000, 1_100);
      assertFate(backwards, "ok", 500, 600);
      assertFate(reading, "ok", 1_000, 1_200);
      assertEquals(read.length, 10);
      await grid.clock.settle();
      assertFate(tooLong, "Disconnected maybeExecuted", 5_000, 5_200);
      // A new process takes the place of the closed one.
      grid.crash(closer);
      await grid.restart(closer);
      await grid.node(other).waitForConnect();
      assertEquals(await way(grid, other).request(work, 1), "done");
    });
  });
}

Deno.test("whose own node closes before a call has ended, is told so, and not that the peer does", async () => {
  await withPair({
    serve: (manager, { clock }) =>
      manager.handle(work, async (ms) => {
        await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
        return "done";
      }),
  }, async (grid) => {
    const own = watch(grid.clock, way(grid, 0).request(work, 9_000));
    const other = watch(grid.clock, way(grid, 1).request(work, 9_000));
    await grid.clock.advance(100);
    await Promise.all([grid.node(0).close({ graceMs: 100 }), grid.clock.advance(10_000)]);
    assertFate(own, "Closed maybeExecuted", 100, 1_100);
    assertMatch(textOf(own.error), /: This manager was closed, and the call did not end/);
    assertFate(other, "Disconnected maybeExecuted", 100, 1_100);
    assertMatch(textOf(other.error), /: The peer ended the connection, because it is closing\.$/);
  });
});

Deno.test("an idle node closes at once, and two that close together do not wait for each other", async () => {
  for (const channels of ["bytes", "messages"] as const) {
    const grid = simulatedGrid({ nodes: 5, channels });
    await grid.run(async () => {
      await grid.start();
      await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
      const first = watch(grid.clock, grid.node(0).close());
      await grid.clock.runUntil(() => first.settled, 10_000);
      assertFate(first, "ok", 0, 50);
      const rest = grid.running.slice(1).map((index) =>
        watch(grid.clock, grid.node(index).close())
      );
      await grid.clock.runUntil(() => rest.every(({ settled }) => settled), 10_000);
      for (const closing of rest) assertFate(closing, "ok", 0, 50);
    });
    await grid.close();
  }
});

Deno.test("a node closes within its bounds while its peer says nothing any more", async () => {
  await withPair({}, async (grid) => {
    grid.stall(0, 1);
    const closing = watch(grid.clock, grid.node(0).close());
    await grid.clock.runUntil(() => closing.settled, 10_000);
    assertFate(closing, "ok", 0, 1_100);
  });
});

Deno.test("a large call is aborted on the connection it is on, not on one that is ending", async () => {
  const bytes = single("bytes");
  await withPair({
    serve: (manager, { clock }) => {
      manager.handle(work, async (ms) => {
        await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
        return "done";
      });
      manager.handle(bytes, (value) => value);
    },
  }, async (grid) => {
    const there = way(grid, 1);
    const old = watch(grid.clock, there.request(work, 60_000));
    await grid.clock.advance(10);
    // Node 0 loses its connection without node 1's knowing, and dials anew: node 1 says goodbye to the old one for a second.
    grid.crash(0, "silent");
    await grid.restart(0);
    await grid.clock.runUntil(() => old.settled, 5_000);
    const small = watch(grid.clock, there.request(work, 200));
    const controller = new AbortController();
    const large = watch(
      grid.clock,
      there.request(bytes, new Uint8Array(5_000_000), { signal: controller.signal }),
    );
    controller.abort("no longer");
    await grid.clock.advance(1);
    assertFate(large, "no longer", 0, 1);
    await grid.clock.advance(3_000);
    assertFate(small, "ok", 200, 300);
    assertEquals(there.stats().callsOut, 0);
    assertEquals((await there.request(bytes, new Uint8Array(3))).length, 3);
  });
});

Deno.test("a large answer under way arrives whole before its sender closes", async () => {
  const large = single("large");
  const bytes = new Uint8Array(8 * 1024 * 1024).fill(7);
  await withPair({
    link: { bandwidthBytesPerMs: 10_000 },
    serve: (manager) => manager.handle(large, () => bytes),
  }, async (grid) => {
    const answer = way(grid, 0).request(large, new Uint8Array(1));
    // Answered, and on its way for the better part of a second.
    await grid.clock.advance(100);
    await grid.node(1).close();
    assertEquals((await answer).length, bytes.length);
  });
});

/** What a handler needs of another node: one call, two in a row, or one that waits for a connection. */
const NEEDS = {
  one: ["ok", 1_000, 1_100],
  two: ["Closed maybeExecuted", 1_000, 1_100],
  waiting: ["Closed maybeExecuted", 100, 200],
} as const;

for (const [need, [fate, fromMs, toMs]] of Object.entries(NEEDS)) {
  Deno.test(`a handler of a closing node that needs another (${need}) ends soon, and its caller is told what became of it`, async () => {
    const near = single("near", { request: t.nothing(), response: t.string() });
    const grid: SimulatedCluster<Manager> = simulatedGrid({
      nodes: 3,
      serve: (manager, { index, clock }) => {
        manager.handle(work, async (ms) => {
          await pause(clock, ms);
          return "done";
        });
        manager.handle(near, async (_, within) => {
          const far = grid.node(index).connection(grid.hosts[2]!);
          const options = { within, waitForReady: true };
          if (need === "two") await far.request(work, 1_000, options);
          return await far.request(work, 1_000, options);
        });
      },
    });
    await grid.run(async () => {
      await grid.start();
      await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
      if (need === "waiting") {
        grid.crash(2);
        await grid.clock.advance(1_000);
      }
      const asked = watch(
        grid.clock,
        grid.node(0).connection(grid.hosts[1]!).request(near, undefined),
      );
      await grid.clock.advance(100);
      const closing = watch(grid.clock, grid.node(1).close());
      await grid.clock.runUntil(() => closing.settled, 10_000, "the end of closing");
      assertFate(asked, fate, fromMs, toMs);
      assertFate(closing, "ok", 0, 1_100);
      if (fate !== "ok") assertMatch(textOf(asked.error), /: memory:\/\/node-2 is closing\.$/);
      await grid.close();
    });
  });
}

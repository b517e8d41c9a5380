import { type ConnectionState, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { assertFate, watch } from "../support/outcome.ts";
import {
  codeOf,
  collect,
  load,
  numbers,
  SECRETS,
  way,
  work,
  type World,
  world,
} from "./renewing_pair.ts";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";

const patient = single("patient", { request: t.nothing(), response: t.nothing() });

for (
  const [who, dialler, acceptor] of [
    ["the dialler, as it is old enough", 10_000, undefined],
    ["the dialler, as the acceptor asks it to", undefined, 10_000],
    ["the dialler, as it is old enough for both", 10_000, 10_000],
  ] as const
) {
  for (const secret of SECRETS) {
    Deno.test(`a connection is renewed by ${who}, and nothing fails, ${secret}`, async () => {
      const set = world(({ index }) => [index === 0 ? dialler : acceptor, 60_000], secret);
      await withPair(set, async (grid) => {
        const states: ConnectionState[] = [];
        for (const from of [0, 1]) way(grid, from).onStateChange((state) => states.push(state));
        const calls = load(grid, 7);
        const streams = [0, 1].map((from) =>
          watch(grid.clock, collect(way(grid, from).stream(numbers, 300)))
        );
        const long = [0, 1].map((from) => watch(grid.clock, way(grid, from).request(work, 40_000)));
        await grid.clock.advance(36_500);
        calls.stop();
        await grid.clock.advance(10_000);
        for (const each of [...streams, ...long]) assertFate(each, "ok");
        assertEquals([streams[0]!.value, streams[1]!.value], [300, 300]);
        assertEquals(calls.failures, []);
        assert(calls.calls > 8_000);
        for (const from of [0, 1]) {
          const stats = way(grid, from).stats();
          assert(stats.renewals >= 3 && stats.renewals <= 5, `${stats.renewals} renewals`);
          assertEquals([stats.state, stats.reconnects, stats.callsOut], ["connected", 0, 0]);
        }
        assertEquals(way(grid, 0).stats().renewals, way(grid, 1).stats().renewals);
        assertEquals(states, []);
        assertEquals(set.loggers.flatMap(({ lines }) => lines), []);
        assertEquals(set.transports[1]!.dials, 0);
      });
      assertEquals(set.transports.map(({ watchers }) => watchers), [0, 0]);
    });
  }
}

Deno.test("a connection without an age and without a certificate is never renewed", async () => {
  const set = world(() => [undefined, 60_000]);
  await withPair(set, async (grid) => {
    await grid.clock.advance(3_500_000);
    assertEquals(way(grid, 0).stats().renewals, 0);
    assertEquals(set.transports[0]!.dials, 1);
  });
});

for (const from of [0, 1]) {
  const side = from === 0 ? "dials" : "accepts";

  Deno.test(`what outlasts the grace time ends as GoingAway at both ends, for the side that ${side}`, async () => {
    const set = world(({ index }) => [index === 0 ? 10_000 : undefined, 5_000]);
    await withPair(set, async (grid) => {
      const stream = watch(grid.clock, collect(way(grid, from).stream(numbers, 1_000)));
      const call = watch(grid.clock, way(grid, from).request(work, 50_000));
      await grid.clock.advance(16_000);
      assertFate(stream, "GoingAway maybeExecuted", 14_000, 15_200);
      assertFate(call, "GoingAway maybeExecuted", 14_000, 15_200);
      assert(String(call.error).includes("Start it again"), String(call.error));
      assertEquals(set.ended[1 - from]!.map(codeOf), ["GoingAway"]);
      assertEquals(way(grid, 0).state, "connected");
      assertEquals(await way(grid, from).request(work, 1), "done");
    });
  });

  Deno.test(`a change at the side that ${side} renews the connection soon`, async () => {
    const set = world(() => [undefined, 5_000]);
    await withPair(set, async (grid) => {
      const calls = load(grid, 5);
      await grid.clock.advance(60_000);
      assertEquals(way(grid, 0).stats().renewals, 0);
      set.transports[from]!.change();
      await grid.clock.advance(10_200);
      assertEquals(way(grid, 0).stats().renewals, 1);
      await grid.clock.advance(60_000);
      calls.stop();
      await grid.clock.advance(100);
      assertEquals([way(grid, 0).stats().renewals, way(grid, 1).stats().renewals], [1, 1]);
      assertEquals(calls.failures, []);
    });
  });

  Deno.test(`while the side that ${side} closes, a connection that was renewed lets its calls finish`, async () => {
    const set = world(({ index }) => [index === 0 ? 10_000 : undefined, 60_000]);
    // A handler that goes on whatever its signals say.
    const serve: World["serve"] = (manager, node) => {
      set.serve!(manager, node);
      manager.handle(patient, () => new Promise((done) => node.clock.setTimer(12_000, done)));
    };
    await withPair({ ...set, serve }, async (grid) => {
      const old = watch(grid.clock, way(grid, 1 - from).request(patient, undefined));
      await grid.clock.advance(10_500);
      assertEquals(way(grid, 0).stats().renewals, 1);
      const closing = watch(grid.clock, grid.node(from).close());
      await grid.clock.advance(3_000);
      assertFate(old, "ok");
      assertFate(closing, "ok", 1_000, 2_000);
    });
  });
}

Deno.test("a change while a connection is being made renews that one", async () => {
  const set = world(() => [undefined, 5_000]);
  await withPair(set, async (grid) => {
    const { transports } = set;
    transports[0]!.tamper = (channel) => {
      transports[0]!.tamper = (same) => same;
      transports[0]!.change();
      return channel;
    };
    grid.cut(0, 1);
    await grid.clock.advance(20_000);
    const { renewals, reconnects } = way(grid, 0).stats();
    assertEquals([renewals, reconnects], [1, 1]);
  });
});

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`large messages that are under way or wait arrive over ${channels} that are renewed`, async () => {
    const large = single("large"), wide = new Uint8Array(3 * 1024 * 1024).fill(7);
    const set = world(() => [300, 60_000]);
    await withPair({
      ...set,
      channels,
      link: { bandwidthBytesPerMs: 20_000 },
      options: (node) => ({ ...set.options!(node), limits: { sendBudgetBytes: 2 ** 30 } }),
      serve: (manager) => manager.handle(large, (bytes) => bytes),
    }, async (grid) => {
      const calls: Promise<Uint8Array>[] = [];
      for (let round = 0; round < 12; round++) {
        // More than the other side takes at a time, so that some wait.
        for (const from of [0, 1]) {
          for (let n = 0; n < 8; n++) calls.push(way(grid, from).request(large, wide));
        }
        await grid.clock.advance(500);
      }
      for (const answer of await Promise.all(calls)) assertEquals(answer.length, wide.length);
      assert(way(grid, 0).stats().renewals > 10);
    });
  });
}

for (const secret of SECRETS) {
  Deno.test(`many nodes renew over and over under load, and lose nothing, ${secret}`, async () => {
    for (const seed of [1, 2, 3]) {
      const grid = simulatedGrid({
        ...world(() => [400, 5_000], secret),
        nodes: 4,
        seed,
        link: { latencyMinMs: 0.1, latencyMaxMs: 30 },
      });
      await grid.run(async () => {
        await grid.start();
        await Promise.all(grid.running.map((index) => grid.node(index).waitForConnect()));
        const failures: unknown[] = [];
        let calls = 0;
        for (let round = 0; round < 400; round++) {
          for (const index of grid.running) {
            for (const connection of grid.node(index).connections()) {
              calls++;
              connection.request(work, round % 300).catch((error) => failures.push(error));
            }
          }
          await grid.clock.advance(10);
        }
        await grid.clock.advance(1_000);
        assertEquals(failures.map(String), []);
        assertEquals(calls, 4_800);
        for (const index of grid.running) {
          for (const connection of grid.node(index).connections()) {
            const { renewals, reconnects } = connection.stats();
            assert(renewals >= 3 && reconnects === 0, `${renewals} renewals`);
          }
        }
      });
      await grid.close();
    }
  });
}

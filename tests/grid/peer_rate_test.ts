/**
 * Limits for what one peer sends in a second, on virtual time.
 *
 * @module
 */

import { type InternodeError, type Limits, type Manager, single, stream } from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";

const EMPTY = new Uint8Array(0);
const echo = single("echo");
const upload = stream("upload", { inputCapacity: 16, outputCapacity: 0 });
const answer = stream("answer", { inputCapacity: 0, outputCapacity: 4 });

/** How calls end: the number of each code, and of "ok". */
async function endsOf(made: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const end of await Promise.allSettled(made)) {
    const what = end.status === "fulfilled"
      ? "ok"
      : `${(end.reason as InternodeError).code} ${(end.reason as InternodeError).outcome}`;
    ends[what] = (ends[what] ?? 0) + 1;
  }
  return ends;
}

/** Calls of a node, in one go. */
function call(
  grid: SimulatedCluster<Manager>,
  count: number,
  from = 0,
  host = grid.node(1).local,
): Promise<Record<string, number>> {
  const to = grid.node(from).connection(host);
  const made = Array.from({ length: count }, () => to.request(echo, EMPTY));
  return grid.clock.complete(endsOf(made));
}

function limited(limits: Partial<Limits>) {
  return {
    options: () => ({ limits }),
    serve: (manager: Manager) => {
      manager.handle(echo, (bytes) => bytes);
      manager.handle(upload, async (_, inputs) => {
        for await (const _ of inputs);
      });
      manager.handle(answer, function* () {
        yield EMPTY;
      });
    },
  };
}

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`${channels}: so many calls a second are served, and those beyond are Overloaded, which says how many`, async () => {
    await withPair({ channels, ...limited({ maxCallsPerSecond: 10 }) }, async (grid) => {
      assertEquals(await call(grid, 100), { "ok": 10, "Overloaded notExecuted": 90 });
      await grid.clock.advance(500);
      assertEquals(await call(grid, 100), { "ok": 5, "Overloaded notExecuted": 95 });
      await grid.clock.advance(60_000);
      assertEquals(await call(grid, 100), { "ok": 10, "Overloaded notExecuted": 90 });
      const error = await grid.clock.complete(
        grid.node(0).connections()[0]!.request(echo, EMPTY).catch((error) => error),
      );
      assertStringIncludes(error.message, "maxCallsPerSecond");
    });
  });

  Deno.test(`${channels}: streams count as requests do`, async () => {
    await withPair({ channels, ...limited({ maxCallsPerSecond: 4 }) }, async (grid) => {
      const to = grid.node(0).connections()[0]!;
      const made = Array.from({ length: 6 }, () => Array.fromAsync(to.stream(answer, EMPTY)));
      const ends = await grid.clock.complete(endsOf(made));
      assertEquals(ends, { "ok": 4, "Overloaded notExecuted": 2 });
      assertEquals(await call(grid, 1), { "Overloaded notExecuted": 1 });
    });
  });

  Deno.test(`${channels}: who connects anew has no more calls for it`, async () => {
    await withPair({ channels, ...limited({ maxCallsPerSecond: 10 }) }, async (grid) => {
      assertEquals(await call(grid, 10), { "ok": 10 });
      grid.cut(0, 1);
      const to = grid.node(0).connections()[0]!;
      await grid.clock.complete(to.waitForConnect());
      const { "ok": ok = 0 } = await call(grid, 10);
      assert(ok <= 2, `${ok} calls more were served`);
    });
  });
}

Deno.test("one peer's calls take nothing from another's", async () => {
  const grid = simulatedGrid({ nodes: 3, ...limited({ maxCallsPerSecond: 10 }) });
  await grid.run(async () => {
    await grid.start();
    await Promise.all([0, 1, 2].map((index) => grid.node(index).waitForConnect()));
    assertEquals((await call(grid, 1_000))["ok"], 10);
    assertEquals(await call(grid, 10, 2), { "ok": 10 });
    assertEquals(await call(grid, 10, 0, grid.node(2).local), { "ok": 10 });
  });
  await grid.close();
});

const RATE = 64 * 1024, BUDGET = 128 * 1024;
const slow = limited({
  maxBytesPerSecond: RATE,
  receiveBudgetBytes: BUDGET,
  maxMessageBytes: 65_536,
});

for (const channels of ["bytes", "messages"] as const) {
  /** How long it takes a peer to send so much, in virtual milliseconds. */
  const timed = async (
    send: (grid: SimulatedCluster<Manager>) => Promise<unknown>,
  ): Promise<number> => {
    let tookMs = 0;
    await withPair({ channels, ...slow }, async (grid) => {
      const startMs = grid.clock.now();
      await grid.clock.complete(send(grid), 600_000);
      tookMs = grid.clock.now() - startMs;
    });
    return tookMs;
  };

  for (const size of [1_000, 32_000]) {
    const count = 1_024 * 1_024 / size;
    /** Beside what may be under way. */
    const leastMs = (1_024 * 1_024 - BUDGET) / RATE * 1_000 * 0.9;

    Deno.test(`${channels}: requests of ${size} bytes come no faster than the limit, and all are served`, async () => {
      const tookMs = await timed((grid) => {
        const to = grid.node(0).connections()[0]!, payload = new Uint8Array(size);
        const made = Array.from({ length: count }, () => to.request(echo, payload));
        return Promise.all(made);
      });
      // Echoes come back as fast as those that are echoed, as both sides have the limit.
      assert(tookMs >= leastMs && tookMs < 3 * leastMs, `${tookMs} ms`);
    });

    Deno.test(`${channels}: a stream of messages of ${size} bytes is slowed down, and comes whole`, async () => {
      const tookMs = await timed(async (grid) => {
        const flow = grid.node(0).connections()[0]!.stream(upload, EMPTY),
          payload = new Uint8Array(size);
        for (let i = 0; i < count; i++) await flow.send(payload);
        await flow.end();
        await flow.finished;
      });
      assert(tookMs >= leastMs && tookMs < 3 * leastMs, `${tookMs} ms`);
    });
  }
}

Deno.test("a peer that is slowed down keeps no other waiting", async () => {
  const grid = simulatedGrid({ nodes: 3, ...slow });
  await grid.run(async () => {
    await grid.start();
    await Promise.all([0, 1, 2].map((index) => grid.node(index).waitForConnect()));
    const to = grid.node(0).connection(grid.node(1).local), payload = new Uint8Array(32_000);
    const many = Promise.all(Array.from({ length: 32 }, () => to.request(echo, payload)));
    await grid.clock.advance(1_000);
    const startMs = grid.clock.now();
    assertEquals(await call(grid, 10, 2), { "ok": 10 });
    assert(grid.clock.now() - startMs < 100);
    await grid.clock.complete(many, 600_000);
  });
  await grid.close();
});

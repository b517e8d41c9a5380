import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { runSeeded, SimulatedCluster, SimulationFailure } from "../../lib/testing/mod.ts";

Deno.test("what the body returns comes back; without a seed each run draws another", async () => {
  const seeds = await Promise.all(
    [1, 2, 3].map(() => runSeeded(undefined, (random) => Promise.resolve(random.seed))),
  );
  assertEquals(new Set(seeds).size, 3);
  assertEquals(await runSeeded(5, (random) => Promise.resolve(random.seed)), 5);
});

Deno.test("a failure shows the seed and what was drawn, and replays", async () => {
  const play = (seed?: number) =>
    runSeeded(seed, (random, run) => {
      run.note("nodes", random.int(2, 64));
      run.note("link", { latencyMaxMs: random.int(1, 1_000) });
      return Promise.reject(new TypeError(`drew ${random.next()}`));
    });
  const first = await assertRejects(() => play(), SimulationFailure);
  assert(first.message.startsWith(`Seed ${first.seed}: drew 0.`));
  assert(/drawn:\n {2}nodes: \d+\n {2}link: \{"latencyMaxMs":\d+\}$/.test(first.message));
  assert(first.cause instanceof TypeError);
  assertEquals(
    (await assertRejects(() => play(first.seed), SimulationFailure)).message,
    first.message,
  );
  assertNotEquals((await assertRejects(() => play(), SimulationFailure)).message, first.message);
});

Deno.test("a failing cluster inside shows its log too, and the seed once", async () => {
  const failure = await assertRejects(() =>
    runSeeded(77, async (random, run) => {
      run.note("nodes", 2);
      const cluster = new SimulatedCluster({
        nodes: 2,
        seed: random.seed,
        start: () => ({ close() {} }),
      });
      await cluster.run(async () => {
        await cluster.start();
        cluster.crash(1, "silent");
        throw new Error("wrong");
      });
    }), SimulationFailure);
  assert(failure.message.startsWith("Seed 77: wrong\ndrawn:\n  nodes: 2\n"), failure.message);
  assert(failure.message.includes("crash  memory://node-2  silent"), failure.message);
  assertEquals(failure.message.split("Seed 77").length, 2);
});

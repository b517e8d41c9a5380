import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { SimulatedCluster } from "../../lib/testing/mod.ts";

function makeIdle(nodes: number, seed = 1): SimulatedCluster<{ close(): void }> {
  return new SimulatedCluster({ nodes, seed, start: () => ({ close() {} }) });
}

Deno.test("faults come in proportion, and enough nodes stay well", async () => {
  const cluster = makeIdle(5);
  await cluster.start();
  const chaos = cluster.chaos({
    meanIntervalMs: 100,
    maxDurationMs: 2_000,
    cut: 0,
    stall: 1,
    slow: 10,
    partition: 0,
    freeze: 5,
    crash: 5,
    minHealthyNodes: 4,
  });
  for (let second = 0; second < 300; second++) {
    await cluster.clock.advance(1_000);
    const healthy = cluster.running.filter((index) => !cluster.isFrozen(index));
    assert(healthy.length >= 4, `${healthy.length} healthy nodes`);
  }
  const { counts } = chaos;
  assertEquals([counts.cut, counts.partition], [0, 0]);
  assert(counts.stall > 10 && counts.slow > 5 * counts.stall, JSON.stringify(counts));
  assert(counts.freeze > 10 && counts.crash > 10, JSON.stringify(counts));
  await chaos.stop();
  await cluster.close();
});

Deno.test("stop repairs everything, and nothing comes after it", async () => {
  const cluster = makeIdle(4);
  await cluster.start();
  const { network, hosts, clock } = cluster;
  const before = network.link(hosts[0]!, hosts[1]!);
  const chaos = cluster.chaos({ meanIntervalMs: 10, minDurationMs: 60_000, maxDurationMs: 90_000 });
  await clock.advance(5_000);
  assert(cluster.running.some((index) => cluster.isFrozen(index)) || cluster.running.length < 4);
  await chaos.stop();
  const { counts } = chaos;
  assertEquals(cluster.running.filter((index) => !cluster.isFrozen(index)), [0, 1, 2, 3]);
  for (const from of hosts) {
    for (const to of hosts) assertEquals(network.link(from, to), before);
  }
  await clock.advance(200_000);
  assertEquals(chaos.counts, counts);
  assertEquals(clock.pendingEvents, 0);
  await cluster.close();
});

Deno.test("a seed of its own varies the faults alone; the same seeds repeat them", async () => {
  const play = async (seed: number | undefined): Promise<string> => {
    const cluster = makeIdle(5, 9);
    await cluster.start();
    const chaos = cluster.chaos(seed === undefined ? {} : { seed });
    await cluster.clock.advance(20_000);
    await chaos.stop();
    await cluster.close();
    return cluster.history.digest;
  };
  const digests = [await play(undefined), await play(1), await play(2)];
  assertEquals(new Set(digests).size, 3);
  assertEquals([await play(undefined), await play(1), await play(2)], digests);
});

Deno.test("a restart that fails is reported by stop", async () => {
  const cluster = new SimulatedCluster({
    nodes: 3,
    seed: 2,
    start: ({ restarts }) => {
      if (restarts > 0) throw new Error("the disk is gone");
      return { close() {} };
    },
  });
  await cluster.start();
  const chaos = cluster.chaos({ crash: 100 });
  await cluster.clock.advance(60_000);
  await assertRejects(() => chaos.stop(), Error, "the disk is gone");
});

Deno.test("options that make no sense are refused", () => {
  const cluster = makeIdle(3);
  assertThrows(
    () => cluster.chaos({ cut: -1 }),
    InternodeError,
    "Option cut must be a number of 0 or more",
  );
  assertThrows(() => cluster.chaos({ meanIntervalMs: 0 }), InternodeError, "meanIntervalMs");
  assertThrows(() => cluster.chaos({ minDurationMs: 9, maxDurationMs: 8 }), InternodeError);
});

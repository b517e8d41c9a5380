import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { runSeeded, SimulatedCluster, SimulationFailure } from "../../lib/testing/mod.ts";
import { Beacon } from "./beacon.ts";

/** Whether each node beats with all others. */
function isWhole(cluster: SimulatedCluster<Beacon>): boolean {
  return cluster.running.every((index) => cluster.node(index).alive === cluster.running.length - 1);
}

/** A minute of chaos among beacons, then recovery; returns what tells two histories apart. */
async function play(seed: number, nodes: number): Promise<string[]> {
  const log: string[] = [];
  const cluster = new SimulatedCluster({
    nodes,
    seed,
    start: Beacon.start,
    nodeClock: (_, random) => ({ startMs: random.int(0, 1e6), wallOffsetMs: random.int(-9, 9) }),
  });
  cluster.history.subscribe((entry) => {
    if (entry.kind !== "data") log.push(JSON.stringify(entry));
  });
  await cluster.run(async () => {
    await cluster.start();
    await cluster.clock.runUntil(() => isWhole(cluster), 10_000, "the first connections");
    const chaos = cluster.chaos({ meanIntervalMs: 300, maxDurationMs: 10_000 });
    await cluster.clock.advance(30_000);
    await chaos.stop();
    assert(chaos.counts.crash > 0 && chaos.counts.cut > 0, JSON.stringify(chaos.counts));
    await cluster.clock.runUntil(() => isWhole(cluster), 30_000, "recovery");
    log.push(JSON.stringify(chaos.counts));
  });
  await cluster.close();
  return [...log, cluster.history.digest];
}

Deno.test("clusters of 4 to 16 nodes recover from chaos, and no byte is wrong", async () => {
  await runSeeded(undefined, async (random, run) => {
    const nodes = random.int(4, 16);
    run.note("nodes", nodes);
    await play(random.seed, nodes);
  });
});

Deno.test("one seed plays one history, another seed another", async () => {
  const first = await play(4_711, 5);
  assertEquals(await play(4_711, 5), first);
  assertNotEquals((await play(4_712, 5)).at(-1), first.at(-1));
});

Deno.test("sixty-four nodes connect, fall apart into two halves and come together", async () => {
  const cluster = new SimulatedCluster({ nodes: 64, seed: 3, start: Beacon.start });
  await cluster.run(async () => {
    await cluster.start();
    await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
    cluster.partition([cluster.running.slice(0, 32)]);
    const halved = () => cluster.running.every((index) => cluster.node(index).alive === 31);
    await cluster.clock.runUntil(halved, 5_000, "the two halves");
    cluster.heal();
    await cluster.clock.runUntil(() => isWhole(cluster), 5_000, "the whole");
  });
  await cluster.close();
});

Deno.test("a crashed node is gone, a restarted one starts from nothing", async () => {
  const cluster = new SimulatedCluster({ nodes: 3, seed: 5, start: Beacon.start });
  await cluster.start();
  await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
  for (const how of ["close", "reset", "silent"] as const) {
    const before = cluster.node(1);
    cluster.crash(1, how);
    assertThrows(() => cluster.node(1), InternodeError, "Node 1 (memory://node-2) does not run");
    assertEquals([cluster.isRunning(1), cluster.running], [false, [0, 2]]);
    await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
    const received = before.received;
    const after = await cluster.restart(1);
    assert(after !== before && after === cluster.node(1));
    await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
    assertEquals(before.received, received);
  }
  await assertRejects(async () => await cluster.restart(1), InternodeError, "Node 1 runs");
  await cluster.close();
});

Deno.test("a frozen node loses its peers by their silence, and comes back", async () => {
  const cluster = new SimulatedCluster({ nodes: 3, seed: 6, start: Beacon.start });
  await cluster.start();
  await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
  cluster.freeze(2);
  assert(cluster.isFrozen(2));
  await cluster.clock.runUntil(() => cluster.node(0).alive === 1, 5_000);
  cluster.thaw(2);
  await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
  cluster.stall(0, 1, "oneWay");
  await cluster.clock.runUntil(() => cluster.node(1).alive === 1, 5_000);
  cluster.resume(0, 1);
  await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
  assertEquals(cluster.cut(0, 1), 1);
  await cluster.clock.runUntil(() => !isWhole(cluster), 10);
  await cluster.clock.runUntil(() => isWhole(cluster), 5_000);
  await cluster.close();
});

Deno.test("a node that leaves something behind after close is named", async () => {
  const cluster = new SimulatedCluster({
    nodes: 2,
    seed: 1,
    start: async (node) => {
      const beacon = await Beacon.start(node);
      return node.index === 0 ? beacon : { close: () => {} };
    },
  });
  await cluster.start();
  const failure = await assertRejects(() => cluster.close(), SimulationFailure);
  const named = failure.message.split("\n")[0]!;
  assert(named.startsWith("Seed 1: After close node 1 (memory://node-2) has left "), named);
  assert(named.endsWith("a listener."), named);
});

Deno.test("nodes get their host, all hosts, transports and chance of their own", async () => {
  const drawn: number[] = [];
  const cluster = new SimulatedCluster({
    nodes: 3,
    seed: 8,
    host: (index) => `tcp://10.0.0.${index + 1}:9000`,
    start: ({ index, restarts, host, hosts, transports, random }) => {
      assertEquals(host, hosts[index]);
      assertEquals(Object.keys(transports), ["tcp"]);
      drawn.push(random.next());
      return { restarts, close: () => {} };
    },
  });
  assertEquals(cluster.hosts.length, 3);
  await cluster.start();
  cluster.crash(0);
  assertEquals((await cluster.restart(0)).restarts, 1);
  assertEquals(new Set(drawn).size, 4);
  await cluster.close();
  assertThrows(() => cluster.node(3), InternodeError, "There is no node 3: they go from 0 to 2.");
  assertThrows(
    () => new SimulatedCluster({ nodes: 0, start: () => ({ close() {} }) }),
    InternodeError,
    "Option nodes must be a whole number of at least 1",
  );
});

Deno.test("a failing start, a hanging start and a test that hangs name the seed", async () => {
  const failing = new SimulatedCluster({
    nodes: 2,
    seed: 31,
    start: ({ index }) => {
      if (index === 1) throw new TypeError("no disk");
      return { close() {} };
    },
  });
  const failure = await assertRejects(() => failing.run(() => failing.start()), SimulationFailure);
  assert(failure.message.startsWith("Seed 31: no disk\noptions: {"), failure.message);

  const hanging = new SimulatedCluster({
    nodes: 1,
    seed: 32,
    limitMs: 50,
    start: () => new Promise<Beacon>(() => {}),
  });
  await assertRejects(() => hanging.start(), InternodeError, "the start of all nodes");

  const idle = new SimulatedCluster({ nodes: 1, seed: 33, start: () => ({ close() {} }) });
  await assertRejects(
    () => idle.run(() => new Promise(() => {}), 10),
    SimulationFailure,
    "Seed 33: After 10 ms of virtual time the end of the test had not come about.",
  );
});

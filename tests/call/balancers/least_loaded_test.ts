import { assert, assertEquals } from "@std/assert";
import { leastLoaded } from "../../../lib/call/balancers/least_loaded.ts";
import { runSeeded, type SeededRandom } from "../../../lib/testing/mod.ts";
import {
  chiSquare,
  countPicks,
  type FakeReplica,
  fakeReplica,
  fakeReplicas,
  pickOptions,
} from "./replicas.ts";

/** The share of picks that each replica gets. */
function shares(
  replicas: readonly FakeReplica[],
  random: SeededRandom,
  tried: ReadonlySet<FakeReplica> | null = null,
): number[] {
  const balancer = leastLoaded();
  balancer.update(replicas);
  const counts = countPicks(
    balancer,
    20_000,
    () => pickOptions(undefined, tried, () => random.next()),
  );
  assert(!counts.has(undefined));
  return replicas.map((replica) => (counts.get(replica) ?? 0) / 20_000);
}

/** 0.02 is more than 5.6 standard deviations of a share of 20,000 picks. */
function assertNear(actual: readonly number[], expected: readonly number[]): void {
  const isNear = actual.every((share, at) => Math.abs(share - expected[at]!) < 0.02);
  assert(isNear, `${actual} is not near ${expected}`);
}

Deno.test("none, and one", () => {
  const balancer = leastLoaded();
  assertEquals(balancer.pick(pickOptions()), undefined);
  assertEquals(balancer.pick(pickOptions(undefined, new Set())), undefined);
  const [only] = fakeReplicas(1);
  balancer.update([only!]);
  assertEquals(balancer.pick(pickOptions()), only);
  assertEquals(balancer.pick(pickOptions(undefined, new Set([only!]))), only);
});

Deno.test("of two, the one with fewer calls in flight, whatever the latency", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = [fakeReplica("a", 3, 0.1), fakeReplica("b", 2, 900)];
    assertEquals(shares(replicas, random), [0, 1]);
    replicas[1]!.callsInFlight = 4;
    assertEquals(shares(replicas, random), [1, 0]);
  }));

Deno.test("two of many are drawn evenly: the busiest is never taken, the idlest as often as it is drawn", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = [4, 1, 3, 0, 2].map((calls) => fakeReplica(`r${calls}`, calls, 1));
    // Of the 10 pairs of 5, the one with k busier ones wins k.
    assertNear(shares(replicas, random), [0, 0.3, 0.1, 0.4, 0.2]);
    assertEquals(shares(replicas, random)[0], 0);
  }));

Deno.test("equally busy and equally quick: evenly", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    for (const latencyMs of [NaN, 0, 5]) {
      const replicas = fakeReplicas(6);
      for (const replica of replicas) replica.latencyMs = latencyMs;
      const counts = shares(replicas, random).map((share) => share * 20_000);
      // Over 35.9 with 5 degrees of freedom: once in a million.
      assert(chiSquare(counts) < 35.9, `${latencyMs}: ${counts}`);
    }
  }));

Deno.test("equally busy: the latency tilts the odds, and the slow one keeps a share", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    assertNear(shares([fakeReplica("a", 1, 30), fakeReplica("b", 1, 10)], random), [0.25, 0.75]);
    const [slow] = shares([fakeReplica("a", 0, 100), fakeReplica("b", 0, 1)], random);
    assert(slow! > 0.002 && slow! < 0.03, String(slow));
    assertEquals(shares([fakeReplica("a", 0, 0), fakeReplica("b", 0, 1)], random), [1, 0]);
  }));

Deno.test("equally busy: a replica that has not answered yet goes first", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    assertEquals(shares([fakeReplica("a", 0, 0.1), fakeReplica("b", 0)], random), [0, 1]);
    assertEquals(shares([fakeReplica("a", 0), fakeReplica("b", 0, 0.1)], random), [1, 0]);
  }));

Deno.test("further attempts choose among those not tried", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = [0, 3, 1, 2].map((calls) => fakeReplica(`r${calls}`, calls, 1));
    const [idlest, busiest, second, third] = replicas;
    assertNear(shares(replicas, random, new Set([idlest!])), [0, 0, 2 / 3, 1 / 3]);
    assertEquals(shares(replicas, random, new Set([idlest!, second!, third!])), [0, 1, 0, 0]);
    assertNear(shares(replicas, random, new Set(replicas)), [1 / 2, 0, 1 / 3, 1 / 6]);
    assert(busiest !== undefined);
  }));

Deno.test("calls that last keep the load of 10 replicas within a few of each other", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = fakeReplicas(10);
    const balancer = leastLoaded();
    balancer.update(replicas);
    const options = pickOptions(undefined, null, () => random.next());
    for (let call = 0; call < 10_000; call++) {
      const picked = balancer.pick(options) as FakeReplica;
      picked.callsInFlight++;
    }
    const loads = replicas.map((replica) => replica.callsInFlight);
    // One choice by chance would be off by 90 or so; two stay within log2(log2 10) or so.
    assert(Math.max(...loads) - Math.min(...loads) <= 12, String(loads));
  }));

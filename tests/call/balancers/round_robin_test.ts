import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { roundRobin } from "../../../lib/call/balancers/round_robin.ts";
import { runSeeded } from "../../../lib/testing/mod.ts";
import { countPicks, fakeReplicas, pickOptions } from "./replicas.ts";

Deno.test("100 picks over 3 replicas are 33, 33 and 34, wherever the first turn falls", () => {
  for (const first of [0, 0.4, 0.99]) {
    const replicas = fakeReplicas(3);
    const balancer = roundRobin();
    balancer.update(replicas);
    const counts = countPicks(balancer, 100, () => pickOptions(undefined, null, () => first));
    assertEquals([...counts.values()].sort(), [33, 33, 34]);
    assertEquals([...counts.keys()][0], replicas[Math.floor(first * 3)]);
  }
});

Deno.test("no replicas: no pick, and turns begin anew when there are some", () => {
  const balancer = roundRobin();
  assertEquals(balancer.pick(pickOptions()), undefined);
  balancer.update([]);
  assertEquals(balancer.pick(pickOptions()), undefined);
  assertEquals(balancer.pick(pickOptions(undefined, new Set())), undefined);
  const replicas = fakeReplicas(2);
  balancer.update(replicas);
  assertEquals(balancer.pick(pickOptions(undefined, null, () => 0.7)), replicas[1]);
});

Deno.test("after a change the order continues after the address that had the last call", () => {
  const [a, b, c, d] = fakeReplicas(4) as [never, never, never, never];
  const balancer = roundRobin();
  const next = () => balancer.pick(pickOptions());
  balancer.update([a, b, d]);
  assertEquals([next(), next()], [a, b]);
  balancer.update([a, b, c, d]);
  assertEquals([next(), next(), next()], [c, d, a]);
  balancer.update([b, c]);
  assertEquals([next(), next(), next()], [b, c, b]);
  balancer.update([a, c, d]);
  assertEquals(next(), c);
  balancer.update([a]);
  assertEquals([next(), next()], [a, a]);
});

Deno.test("a replica that comes and goes takes no turn from the others", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = fakeReplicas(4);
    const flapping = replicas[random.int(0, 3)]!;
    const steady = replicas.filter((replica) => replica !== flapping);
    const balancer = roundRobin();
    const counts = new Map(replicas.map((replica) => [replica, 0]));
    for (let nth = 0; nth < 3_000; nth++) {
      if (nth % 7 === 0) {
        balancer.update(random.chance(0.5) ? replicas : steady);
      }
      const picked = balancer.pick(pickOptions())! as typeof replicas[number];
      counts.set(picked, counts.get(picked)! + 1);
    }
    const steadyCounts = steady.map((replica) => counts.get(replica)!);
    assert(Math.max(...steadyCounts) - Math.min(...steadyCounts) <= 1, String(steadyCounts));
    assert(counts.get(flapping)! < Math.min(...steadyCounts));
  }));

Deno.test("further attempts go to a replica that had none, and to any where all had one", () => {
  const replicas = fakeReplicas(3);
  const [a, b, c] = replicas;
  const balancer = roundRobin();
  balancer.update(replicas);
  for (let nth = 0; nth < 20; nth++) {
    const second = balancer.pick(pickOptions(undefined, new Set([a!])));
    assertNotEquals(second, a);
    assertEquals(balancer.pick(pickOptions(undefined, new Set([a!, b!]))), c);
    assert(balancer.pick(pickOptions(undefined, new Set(replicas))) !== undefined);
  }
});

Deno.test("a failing replica's calls spread over all others, whose own turns stay even", () => {
  const replicas = fakeReplicas(4);
  const bad = replicas[1]!;
  const balancer = roundRobin();
  balancer.update(replicas);
  const first = new Map<unknown, number>(), second = new Map<unknown, number>();
  for (let nth = 0; nth < 1_200; nth++) {
    const picked = balancer.pick(pickOptions())!;
    first.set(picked, (first.get(picked) ?? 0) + 1);
    if (picked !== bad) continue;
    const again = balancer.pick(pickOptions(undefined, new Set([bad])))!;
    second.set(again, (second.get(again) ?? 0) + 1);
  }
  assertEquals([...first.values()], [300, 300, 300, 300]);
  assertEquals([...second.values()], [100, 100, 100]);
  assertEquals(second.has(bad), false);
});

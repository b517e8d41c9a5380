/**
 * Priorities and weights of replicas.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Balancer,
  client,
  consistentHash,
  type Endpoint,
  type HandlerMap,
  implement,
  leastLoaded,
  ManualResolver,
  method,
  roundRobin,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SeededRandom } from "@internode/grid/testing";
import { watch } from "../../support/outcome.ts";
import { fakeReplica, pickOptions } from "./replicas.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Who = service("who", {
  name: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

function replica(index: number): HandlerMap {
  return implement(Who, { name: () => `r${index}` });
}

function ranked(endpoint: Endpoint, priority: number, weight = 1): Endpoint {
  return { address: endpoint.address, priority, weight, dial: (signal) => endpoint.dial(signal) };
}

Deno.test("replicas of the lowest priority get the calls; the next takes over when they are down", async () => {
  const sim = new SimulatedService(), resolver = new ManualResolver();
  await sim.run(async () => {
    for (const index of [0, 1, 2, 3]) await sim.start(index, replica(index));
    resolver.set([10, 10, 20, 30].map((priority, at) => ranked(sim.endpoint(at), priority)));
    const connection = await sim.connect({ resolver });
    await sim.ready(connection, 4);
    const who = client(Who, connection);
    const names = async (): Promise<string> => {
      const calls = Array.from({ length: 20 }, () => who.name(undefined, { timeoutMs: 10_000 }));
      return [...new Set(await Promise.all(calls))].sort().join();
    };
    assertEquals(await names(), "r0,r1");
    sim.crash(0);
    await sim.ready(connection, 3);
    assertEquals(await names(), "r1");
    sim.crash(1);
    await sim.ready(connection, 2);
    assertEquals(await names(), "r2");
    await sim.start(0, replica(0));
    await sim.ready(connection, 3);
    assertEquals(await names(), "r0");
    // Another priority counts at once, though the addresses are the same.
    resolver.set([10, 10, 5, 30].map((priority, at) => ranked(sim.endpoint(at), priority)));
    await sim.clock.advance(50);
    assertEquals(await names(), "r2");
  });
});

const WEIGHTS = [1, 2, 5];

for (
  const [name, make, tolerance] of [
    ["roundRobin", roundRobin, 0],
    ["leastLoaded", leastLoaded, 0.03],
    ["consistentHash", consistentHash, 0.03],
  ] as const
) {
  Deno.test(`${name} honours weights`, () => {
    const random = new SeededRandom(11);
    const balancer: Balancer = make();
    const replicas = WEIGHTS.map((weight, at) => {
      const { endpoint, ...rest } = fakeReplica(`r${at}`);
      return { ...rest, endpoint: { ...endpoint, weight } };
    });
    balancer.update(replicas);
    const count = 8_000, picks = new Map(replicas.map((replica) => [replica, 0]));
    for (let at = 0; at < count; at++) {
      const picked = balancer.pick(pickOptions(`key-${at}`, null, () => random.next()))!;
      picks.set(picked as typeof replicas[0], picks.get(picked as typeof replicas[0])! + 1);
    }
    [...picks.values()].forEach((picked, at) => {
      const share = WEIGHTS[at]! / 8;
      assert(Math.abs(picked / count - share) <= tolerance, `${picked} of ${count} for ${share}`);
    });
    // A further attempt goes elsewhere all the same.
    const [, , heavy] = replicas;
    for (let at = 0; at < 100; at++) {
      const tried = new Set([heavy!]);
      assert(balancer.pick(pickOptions(`key-${at}`, tried, () => random.next())) !== heavy);
    }
  });
}

Deno.test("leastLoaded takes the busier of two where its weight is larger still", () => {
  const balancer = leastLoaded(), random = new SeededRandom(3);
  const make = (address: string, inFlight: number, weight: number) => {
    const { endpoint, ...rest } = fakeReplica(address, inFlight);
    return { ...rest, endpoint: { ...endpoint, weight } };
  };
  const light = make("a", 2, 1), heavy = make("b", 10, 9);
  balancer.update([light, heavy]);
  for (let at = 0; at < 100; at++) {
    assertEquals(balancer.pick(pickOptions(undefined, null, () => random.next())), heavy);
  }
});

Deno.test("calls over real replicas come as the weights say", async () => {
  const sim = new SimulatedService(), resolver = new ManualResolver();
  await sim.run(async () => {
    for (const index of [0, 1]) await sim.start(index, replica(index));
    resolver.set([ranked(sim.endpoint(0), 0, 1), ranked(sim.endpoint(1), 0, 3)]);
    const connection = await sim.connect({ resolver });
    await sim.ready(connection, 2);
    const who = client(Who, connection);
    const calls = Array.from({ length: 40 }, () => watch(sim.clock, who.name(undefined)));
    await sim.clock.advance(100);
    const counts = Map.groupBy(calls, ({ value }) => value);
    assertEquals([counts.get("r0")?.length, counts.get("r1")?.length], [10, 30]);
  });
});

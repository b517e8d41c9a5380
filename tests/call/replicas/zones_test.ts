/** Clients that prefer replicas in their own zone. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Balancer,
  client,
  type ClientOptions,
  consistentHash,
  type Endpoint,
  implement,
  InternodeError,
  leastLoaded,
  ManualResolver,
  method,
  type Replica,
  roundRobin,
  service,
  sharded,
  withAttributes,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { runSeeded, SeededRandom } from "@internode/grid/testing";
import { resolveClientOptions } from "../../../lib/call/service/client_options.ts";
import { weightElsewhere } from "../../../lib/call/replicas/zone_weights.ts";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { fakeReplica, pickOptions } from "../balancers/replicas.ts";

const OWN = { name: "a", enough: 0.7 };

/** Replicas from their zones and weights: `{ a: [1, 1], b: [2] }`. */
function replicasOf(zones: Readonly<Record<string, readonly number[]>>): Replica[] {
  return Object.entries(zones).flatMap(([zone, weights]) =>
    weights.map((weight, at) => {
      const { endpoint, ...rest } = fakeReplica(`${zone}${at}`);
      const attributes = zone === "?" ? { weight } : { zone, weight };
      return { ...rest, endpoint: withAttributes(endpoint, attributes) };
    })
  );
}

/** What part of the calls stays in the zone "a". */
function shareAtHome(replicas: readonly Replica[], zone = OWN): number {
  const factor = weightElsewhere(replicas, zone);
  let own = 0, others = 0;
  for (const { endpoint: { zone, weight = 1 } } of replicas) {
    if (zone === "a") own += weight;
    else others += weight * factor;
  }
  return own === 0 ? 0 : own / (own + others);
}

const ones = (count: number): number[] => Array(count).fill(1);

Deno.test("what stays in the zone follows its part of the mean weight", () => {
  const share = (own: number, ...others: number[]): number =>
    shareAtHome(
      replicasOf({
        a: ones(own),
        ...Object.fromEntries(others.map((n, at) => [`z${at}`, ones(n)])),
      }),
    );
  // Three zones of three, of which the own one loses one after the other.
  assertEquals(share(3, 3, 3), 1);
  assertEquals(share(2, 3, 3), 1);
  assertAlmostEquals(share(1, 3, 3), 1 / (7 / 3 * 0.7));
  assertEquals(share(0, 3, 3), 0);
  // One that is much too small for its zone, and one that is alone.
  assertAlmostEquals(share(1, 30), 1 / (31 / 2 * 0.7));
  assertEquals(share(1), 1);
  // Weights count, not heads.
  assertEquals(shareAtHome(replicasOf({ a: [10], b: ones(10) })), 1);
  // With no zone but the own one, others may be anywhere.
  assertAlmostEquals(shareAtHome(replicasOf({ a: ones(1), "?": ones(9) })), 1 / (10 * 0.7));
  // More must be there before all calls stay.
  assertAlmostEquals(
    shareAtHome(replicasOf({ a: ones(2), b: ones(3) }), { name: "a", enough: 1 }),
    2 / 2.5,
  );
});

Deno.test("no step at which calls change sides at once, and no replica with more than its zone may give it", () =>
  runSeeded(undefined, async (random, run) => {
    await Promise.resolve();
    for (let round = 0; round < 200; round++) {
      const zones = random.int(2, 5), own = random.int(1, 12);
      const others = Array.from({ length: zones - 1 }, () => random.int(1, 12));
      const enough = 0.3 + 0.7 * random.next();
      run.note("zones", { own, others, enough });
      const at = (count: number): Replica[] =>
        replicasOf({
          a: ones(count),
          ...Object.fromEntries(others.map((n, at) => [`z${at}`, ones(n)])),
        });
      const sum = others.reduce((left, right) => left + right, 0);
      let before = 0;
      for (let count = 1; count <= own; count++) {
        const share = shareAtHome(at(count), { name: "a", enough });
        // It is a curve through 0 that rises with the part of the weight, up to 1.
        const step = zones / enough * (count / (sum + count) - (count - 1) / (sum + count - 1));
        assert(share >= before && share - before <= step + 1e-9, `${before} to ${share}`);
        // One in `zones` clients is here: what they give to one replica, beside the fair share.
        const fair = 1 / (sum + count);
        assert(share / zones / count <= fair / enough + 1e-9);
        before = share;
      }
    }
  }));

for (const [name, make] of [["roundRobin", roundRobin], ["leastLoaded", leastLoaded]] as const) {
  Deno.test(`${name} gives none to weight 0 while there are others, and by weight elsewhere`, () => {
    const balancer: Balancer = make(), random = new SeededRandom(5);
    const replicas = ["a", "b", "c", "d"].map((address) => fakeReplica(address));
    const weigh = (...weights: readonly number[]): Replica[] =>
      replicas.map((replica, at) => ({ ...replica, weight: weights[at] }));
    const count = (given: readonly Replica[], tried: ReadonlySet<Replica> | null = null) => {
      balancer.update(given);
      const counts = given.map(() => 0);
      for (let nth = 0; nth < 4_000; nth++) {
        const picked = balancer.pick(pickOptions(undefined, tried, () => random.next()))!;
        counts[given.indexOf(picked)]!++;
      }
      return counts.map((count) => Math.round(count / 200));
    };
    assertEquals(count(weigh(1, 0, 1, 0)), [10, 0, 10, 0]);
    assertEquals(count(weigh(1, 0, 0, 0)), [20, 0, 0, 0]);
    assertEquals(count(weigh(0, 0, 0, 0)), [5, 5, 5, 5]);
    const [ninth, , , most] = count(weigh(1, 0.5, 0.5, 3));
    assert(ninth === 4 && most === 12, `${ninth}, ${most}`);
    // Further attempts: first to those that get calls, then to others.
    const given = weigh(1, 0, 1, 0);
    assertEquals(count(given, new Set([given[0]!])), [0, 0, 20, 0]);
    assertEquals(count(given, new Set([given[0]!, given[2]!])), [0, 10, 0, 10]);
    const counts = count(given, new Set(given));
    assertEquals(counts[0]! + counts[1]! + counts[2]! + counts[3]!, 20);
  });
}

Deno.test("keys have one owner for all clients, whatever their zones; calls without one go by weight", () => {
  for (const make of [consistentHash, sharded]) {
    const near = make(), anywhere = make(), random = new SeededRandom(6);
    const replicas = ["a", "b", "c", "d"].map((address) => fakeReplica(address));
    const weighed = replicas.map((replica, at) => ({ ...replica, weight: at < 2 ? 1 : 0 }));
    near.update(weighed);
    anywhere.update(replicas);
    for (let key = 0; key < 100; key++) {
      assertEquals(
        near.pick(pickOptions(key))!.endpoint.address,
        anywhere.pick(pickOptions(key))!.endpoint.address,
      );
    }
    const picked = new Set<string>(), last = new Set<string>();
    for (let at = 0; at < 200; at++) {
      const chance = (): number => random.next();
      picked.add(near.pick(pickOptions(undefined, null, chance))!.endpoint.address);
      const tried = new Set(weighed.slice(0, 3));
      last.add(near.pick(pickOptions(undefined, tried, chance))!.endpoint.address);
    }
    assertEquals([[...picked].sort(), [...last]], [["a", "b"], ["d"]]);
  }
});

const Who = service("who", {
  name: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

/** Six replicas, three in each of two zones, and what part of the calls of a client in the first one stays there. */
async function playZones(
  options: Partial<ClientOptions>,
  body: (
    play: { sim: SimulatedService; home: () => Promise<number>; resolver: ManualResolver },
  ) => Promise<void>,
): Promise<void> {
  const sim = new SimulatedService(), resolver = new ManualResolver();
  await sim.run(async () => {
    const endpoints: Endpoint[] = [];
    for (let index = 0; index < 6; index++) {
      const zone = index < 3 ? "a" : "b";
      await sim.start(index, implement(Who, { name: () => zone }));
      endpoints.push(withAttributes(sim.endpoint(index), { zone }));
    }
    resolver.set(endpoints);
    const connection = await sim.connect({ resolver, ...options });
    await sim.ready(connection, 6);
    const who = client(Who, connection);
    const home = async (): Promise<number> => {
      const calls = Array.from({ length: 300 }, () => watch(sim.clock, who.name(undefined)));
      await sim.clock.advance(500);
      return calls.filter(({ value }) => value === "a").length / calls.length;
    };
    await body({ sim, home, resolver });
  });
}

Deno.test("calls stay at home, and go elsewhere bit by bit as replicas there are lost, and come back", () =>
  playZones({ zone: "a" }, async ({ sim, home }) => {
    assertEquals(await home(), 1);
    sim.crash(0);
    await sim.clock.advance(5_000);
    assertEquals(await home(), 1);
    sim.crash(1);
    await sim.clock.advance(5_000);
    assertAlmostEquals(await home(), 1 / (4 / 2 * 0.7), 0.02);
    sim.crash(2);
    await sim.clock.advance(5_000);
    assertEquals(await home(), 0);
    for (const index of [0, 1, 2]) await sim.start(index, implement(Who, { name: () => "a" }));
    await sim.clock.advance(10_000);
    assertEquals(await home(), 1);
  }));

Deno.test("a zone of which nobody is, and no zone at all, make no difference", async () => {
  for (const zone of ["elsewhere", undefined]) {
    await playZones({ zone }, async ({ home }) => {
      assertAlmostEquals(await home(), 0.5, 0.01);
    });
  }
});

Deno.test("a replica whose zone changes counts by its new one at once", () =>
  playZones({ zone: { name: "a" } }, async ({ sim, home, resolver }) => {
    assertEquals(await home(), 1);
    resolver.set(
      resolver.endpoints.map((endpoint, at) =>
        withAttributes(endpoint, { zone: at < 3 ? "b" : "a" })
      ),
    );
    await sim.clock.advance(50);
    assertEquals(await home(), 0);
  }));

Deno.test("options of the zone that make no sense", () => {
  for (
    const [zone, words] of [
      ["", "must name a zone"],
      [7, "must be a zone's name or { name, enough }, not 7"],
      [null, "must be a zone's name or { name, enough }, not null"],
      [{}, "must name a zone"],
      [{ name: 1 }, "must name a zone"],
      [{ name: "a", enough: 0 }, "enough from above 0 to 1"],
      [{ name: "a", enough: 1.5 }, "enough from above 0 to 1"],
      [{ name: "a", enough: "1" }, "enough from above 0 to 1"],
    ] as const
  ) {
    const error = assertThrows(
      () => resolveClientOptions({ zone } as unknown as ClientOptions),
      InternodeError,
      words,
    );
    assertEquals(error.code, "InvalidArgument");
  }
});

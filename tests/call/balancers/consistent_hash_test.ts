import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Balancer, Replica } from "../../../lib/call/balancers/balancer.ts";
import type { ShardKey } from "../../../lib/discovery/ownership/key_hash.ts";
import { consistentHash } from "../../../lib/call/balancers/consistent_hash.ts";
import { owners as ownersOf } from "../../../lib/discovery/ownership/rendezvous_hash.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { runSeeded, type SeededRandom } from "../../../lib/testing/mod.ts";
import { chiSquare, countPicks, fakeReplica, fakeReplicas, pickOptions } from "./replicas.ts";

const KEYS = 6_000;

/** Keys of each kind: close numbers, far ones, fractions, bigints over 64 bits, texts. */
function drawKeys(random: SeededRandom): ShardKey[] {
  const base = random.int(-1_000_000, 1_000_000);
  return Array.from({ length: KEYS }, (_, at): ShardKey => {
    switch (at % 5) {
      case 0:
        return base + at;
      case 1:
        return random.int(-(2 ** 52), 2 ** 52);
      case 2:
        return random.next() * 1_000;
      case 3:
        return BigInt(random.int(-(2 ** 52), 2 ** 52)) * 2n ** 40n + BigInt(at);
      default:
        return `user-${base + at}`;
    }
  });
}

function owners(balancer: Balancer, keys: readonly ShardKey[]): (Replica | undefined)[] {
  return keys.map((key) => balancer.pick(pickOptions(key)));
}

function ownersAmong(replicas: readonly Replica[], keys: readonly ShardKey[]) {
  const balancer = consistentHash();
  balancer.update(replicas);
  return owners(balancer, keys);
}

Deno.test("the owner is the one that owners() names, by the endpoint's name or address and its weight", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const keys = drawKeys(random).slice(0, 500);
    const replicas = fakeReplicas(random.int(1, 20)).map((replica, at) => {
      const name = random.chance(0.5) ? `node-${(at * 7) % 20}` : undefined;
      const weight = random.pick([undefined, 1, 0.01, 3]);
      return { ...replica, endpoint: { ...replica.endpoint, name, weight } };
    });
    const hosts = replicas.map(({ endpoint: { address, name = address, weight } }) => ({
      name,
      weight,
    }));
    for (const [at, owner] of ownersAmong(replicas, keys).entries()) {
      const { name, address } = owner!.endpoint;
      assertEquals([name ?? address], ownersOf(keys[at]!, hosts));
    }
  }));

Deno.test("one balancer over changes owns as a fresh one does", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const keys = drawKeys(random).slice(0, 200), replicas = fakeReplicas(8);
    const balancer = consistentHash();
    for (let step = 0; step < 20; step++) {
      const some = replicas.filter(() => random.chance(0.6));
      balancer.update(some);
      assertEquals(owners(balancer, keys), ownersAmong(some, keys));
    }
  }));

Deno.test("each kind of key is spread evenly", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const balancer = consistentHash(), all = drawKeys(random);
    balancer.update(fakeReplicas(10));
    for (let kind = 0; kind < 5; kind++) {
      const keys = all.filter((_, at) => at % 5 === kind);
      const counts = countPicks(balancer, keys.length, (at) => pickOptions(keys[at]));
      // Over 51.3 with 9 degrees of freedom: five times in a hundred million runs.
      assert(chiSquare([...counts.values()]) < 51.3, `kind ${kind}: ${[...counts.values()]}`);
    }
  }));

Deno.test("numbers and bigints of one value are one key; other keys are not", () => {
  const replicas = fakeReplicas(100);
  for (const key of [0, 1, -1, 7, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1]) {
    const [number, bigint] = ownersAmong(replicas, [key, BigInt(key)]);
    assertEquals(number, bigint, String(key));
  }
  assertEquals(...ownersAmong(replicas, [0, -0]) as [unknown, unknown]);
  const keys: ShardKey[] = [
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((bit) => 2n ** BigInt(60 + 32 * bit)),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((bit) => -(2n ** BigInt(60 + 32 * bit))),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((part) => part / 8 + 0.01),
    ..."abcdefgh",
  ];
  // 32 keys of 100 owners by chance meet 27.5 ± 1.9 different ones.
  assert(new Set(ownersAmong(replicas, keys)).size >= 18);
});

Deno.test("the owners of some keys, as other processes of other versions must see them", () => {
  const replicas = fakeReplicas(10);
  const keys: ShardKey[] = [0, 1, -1, 12_345, 2 ** 40, 0.5, 2n ** 70n, -(2n ** 70n), "", "user-17"];
  const places = ownersAmong(replicas, keys).map((owner) =>
    replicas.findIndex((replica) => replica === owner)
  );
  assertEquals(places, [2, 7, 4, 5, 2, 1, 3, 6, 7, 3]);
});

Deno.test("where the owner was tried, the key goes on to whom it would go if the owner did not exist", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const keys = drawKeys(random).slice(0, 300), replicas = fakeReplicas(6);
    const balancer = consistentHash();
    balancer.update(replicas);
    for (const key of keys) {
      const tried = new Set<Replica>();
      const first = balancer.pick(pickOptions(key, tried))!;
      for (let next: Replica = first; !tried.has(next);) {
        assertEquals([next], ownersAmong(replicas.filter((one) => !tried.has(one)), [key]));
        tried.add(next);
        next = balancer.pick(pickOptions(key, tried))!;
      }
      assertEquals(tried.size, 6);
      assertEquals(balancer.pick(pickOptions(key, tried)), first);
    }
  }));

Deno.test("without a key each replica has the same chance", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const balancer = consistentHash();
    const replicas = fakeReplicas(4);
    balancer.update(replicas);
    const options = pickOptions(undefined, null, () => random.next());
    const counts = countPicks(balancer, 10_000, () => options);
    assertEquals(counts.size, 4);
    // Over 30.7 with 3 degrees of freedom: once in a million runs.
    assert(chiSquare([...counts.values()]) < 30.7, String([...counts.values()]));
    const tried = new Set([replicas[2]!]);
    const rest = countPicks(balancer, 500, () => ({ ...options, tried }));
    assertEquals([rest.size, rest.has(replicas[2]!)], [3, false]);
  }));

Deno.test("none, one and two", () => {
  const balancer = consistentHash();
  assertEquals(balancer.pick(pickOptions("a")), undefined);
  assertEquals(balancer.pick(pickOptions()), undefined);
  const [a, b] = fakeReplicas(2);
  balancer.update([a!]);
  assertEquals(owners(balancer, [0, 1n, "x"]), [a, a, a]);
  assertEquals(balancer.pick(pickOptions(0, new Set([a!]))), a);
  balancer.update([a!, b!]);
  assertEquals(new Set(owners(balancer, Array.from({ length: 400 }, (_, at) => at))).size, 2);
  balancer.update([]);
  assertEquals(balancer.pick(pickOptions("a", new Set([a!]))), undefined);
});

Deno.test("keyOf: a replica that moves keeps its keys", () => {
  const keys = Array.from({ length: 500 }, (_, at) => `k${at}`);
  const keyOf = (replica: Replica) => replica.endpoint.address.split("/")[0]!;
  const balancer = consistentHash({ keyOf });
  const names = (all: (Replica | undefined)[]) => all.map((one) => keyOf(one!));
  balancer.update(["blue/1", "green/1", "red/1"].map((address) => fakeReplica(address)));
  const before = names(owners(balancer, keys));
  balancer.update(["green/2", "red/9", "blue/3"].map((address) => fakeReplica(address)));
  assertEquals(names(owners(balancer, keys)), before);
});

Deno.test("two replicas of one key share a place, and a further attempt finds the other", () => {
  const replicas = fakeReplicas(2);
  const balancer = consistentHash({ keyOf: () => "same" });
  balancer.update(replicas);
  const [owner] = owners(balancer, ["k"]);
  const other = replicas.find((replica) => replica !== owner);
  assertEquals(balancer.pick(pickOptions("k", new Set([owner!]))), other);
});

Deno.test("keys that are slips", () => {
  const balancer = consistentHash();
  for (const replicas of [[], fakeReplicas(2)]) {
    balancer.update(replicas);
    for (const key of [NaN, Infinity, -Infinity]) {
      const error = assertThrows(() => balancer.pick(pickOptions(key)), InternodeError);
      assertEquals([error.code, error.outcome], ["InvalidArgument", "notSent"]);
      assert(error.message.startsWith(`${key} is not a key`));
    }
  }
});

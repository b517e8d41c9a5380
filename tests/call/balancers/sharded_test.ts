import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import type { ShardKey } from "../../../lib/discovery/ownership/key_hash.ts";
import { sharded } from "../../../lib/call/balancers/sharded.ts";
import { runSeeded } from "../../../lib/testing/mod.ts";
import { chiSquare, countPicks, fakeReplicas, pickOptions } from "./replicas.ts";

Deno.test("key k goes to replica k mod n: 0, negative keys and both kinds of numbers included", () => {
  for (const count of [1, 2, 3, 7, 64]) {
    const replicas = fakeReplicas(count);
    const balancer = sharded();
    balancer.update(replicas);
    for (let key = -130; key <= 130; key++) {
      const owner = replicas[((key % count) + count) % count];
      assertEquals(balancer.pick(pickOptions(key)), owner);
      assertEquals(balancer.pick(pickOptions(BigInt(key))), owner);
    }
  }
});

Deno.test("large keys: safe integers exactly, bigints of any size", () => {
  const replicas = fakeReplicas(7);
  const balancer = sharded();
  balancer.update(replicas);
  const keys = [2n ** 31n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n, 10n ** 40n];
  for (const key of keys.flatMap((key) => [key, -key])) {
    const owner = replicas[Number(((key % 7n) + 7n) % 7n)];
    assertEquals(balancer.pick(pickOptions(key)), owner, String(key));
    if (Number.isSafeInteger(Number(key))) {
      assertEquals(balancer.pick(pickOptions(Number(key))), owner, String(key));
    }
  }
});

Deno.test("where a key's owner had an attempt, the next replica that had none is picked", () => {
  const replicas = fakeReplicas(3);
  const balancer = sharded();
  balancer.update(replicas);
  const [first, second, third] = replicas;
  assertEquals(balancer.pick(pickOptions(4, new Set([second!]))), third);
  assertEquals(balancer.pick(pickOptions(4, new Set([second!, third!]))), first);
  assertEquals(balancer.pick(pickOptions(4, new Set([third!]))), second);
  assertEquals(balancer.pick(pickOptions(2n ** 70n, new Set([second!]))), third);
  assertEquals(balancer.pick(pickOptions(2n ** 70n, new Set(replicas))), second);
  balancer.update([]);
  assertEquals(balancer.pick(pickOptions(2n ** 70n, new Set(replicas))), undefined);
});

Deno.test("keys that are no whole number end the call with an error that says what to do", () => {
  const balancer = sharded();
  const pick = (key: ShardKey) => balancer.pick(pickOptions(key));
  // Before there are replicas too: nobody need wait to be told.
  for (const replicas of [[], fakeReplicas(2)]) {
    balancer.update(replicas);
    const cases: [ShardKey, string][] = [
      ["", '""'],
      ["12", '"12"'],
      ["k".repeat(99), `"${"k".repeat(40)}…"`],
      [0.5, "0.5"],
      [NaN, "NaN"],
      [-Infinity, "-Infinity"],
      [2 ** 53, "9007199254740992"],
    ];
    for (const [key, shown] of cases) {
      const error = assertThrows(() => pick(key), InternodeError);
      assertEquals([error.code, error.origin, error.outcome], [
        "InvalidArgument",
        "caller",
        "notSent",
      ]);
      assert(error.message.startsWith(`sharded() cannot use ${shown} as a shard key: `), shown);
    }
  }
});

Deno.test("no replicas: no pick, with a key or without", () => {
  const balancer = sharded();
  for (const key of [undefined, 0, -1, 5n, 2n ** 80n]) {
    assertEquals(balancer.pick(pickOptions(key)), undefined);
  }
});

Deno.test("without a key each replica has the same chance, of those not tried where there are any", () =>
  runSeeded(undefined, async (random) => {
    await Promise.resolve();
    const replicas = fakeReplicas(5);
    const balancer = sharded();
    balancer.update(replicas);
    const next = () => random.next();
    const all = countPicks(balancer, 10_000, () => pickOptions(undefined, null, next));
    assertEquals(all.size, 5);
    // Over 33.4 with 4 degrees of freedom: once in a million runs.
    assert(chiSquare([...all.values()]) < 33.4, String([...all.values()]));

    const tried = new Set([replicas[0]!, replicas[3]!]);
    const rest = countPicks(balancer, 9_000, () => pickOptions(undefined, tried, next));
    assertEquals(new Set(rest.keys()), new Set([replicas[1], replicas[2], replicas[4]]));
    assert(chiSquare([...rest.values()]) < 27.7, String([...rest.values()]));

    const everyone = new Set(replicas);
    const again = countPicks(balancer, 1_000, () => pickOptions(undefined, everyone, next));
    assertEquals(again.size, 5);
  }));

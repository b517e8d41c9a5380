import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { balancerFunc } from "../../../lib/call/balancers/balancer_func.ts";
import { fakeReplicas, pickOptions } from "./replicas.ts";

Deno.test("the function is handed the replicas of the last update and the call's options", () => {
  const seen: unknown[] = [];
  const balancer = balancerFunc((replicas, options) => {
    seen.push(replicas, options);
    return replicas[1];
  });
  const first = fakeReplicas(3), second = fakeReplicas(2);
  const options = pickOptions(7, new Set());
  balancer.update(first);
  assertStrictEquals(balancer.pick(options), first[1]);
  balancer.update(second);
  assertStrictEquals(balancer.pick(options), second[1]);
  assertEquals(seen.map((one, at) => one === [first, options, second, options][at]), [
    true,
    true,
    true,
    true,
  ]);
});

Deno.test("it is not asked as long as there are no replicas", () => {
  const balancer = balancerFunc(() => {
    throw new Error("asked");
  });
  assertEquals(balancer.pick(pickOptions()), undefined);
  balancer.update([]);
  assertEquals(balancer.pick(pickOptions()), undefined);
  balancer.update(fakeReplicas(1));
  assertThrows(() => balancer.pick(pickOptions()), Error, "asked");
});

Deno.test("what it gives back goes through, nothing and foreign things too", () => {
  const [stranger] = fakeReplicas(1);
  const none = balancerFunc(() => undefined), foreign = balancerFunc(() => stranger);
  for (const balancer of [none, foreign]) balancer.update(fakeReplicas(2));
  assertEquals(none.pick(pickOptions()), undefined);
  assertStrictEquals(foreign.pick(pickOptions()), stranger);
});

Deno.test("for a further attempt it is handed the replicas that had none, and all if it picks none of those", () => {
  const replicas = fakeReplicas(3), [first, second, third] = replicas;
  const byKey = balancerFunc((replicas, { shardKey }) =>
    replicas[Number(shardKey) % replicas.length]
  );
  byKey.update(replicas);
  assertStrictEquals(byKey.pick(pickOptions(1)), second);
  assertStrictEquals(byKey.pick(pickOptions(1, new Set([second!]))), third);
  assertStrictEquals(byKey.pick(pickOptions(1, new Set(replicas))), second);
  const pinned = balancerFunc((replicas) => replicas.find((replica) => replica === first));
  pinned.update(replicas);
  assertStrictEquals(pinned.pick(pickOptions(1, new Set([first!]))), first);
});

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { runSeeded } from "@internode/grid/testing";
import { ManualResolver } from "../../../lib/discovery/manual_resolver.ts";
import {
  missing,
  type Resolution,
  type Version,
} from "../../../lib/discovery/resolver/resolver.ts";
import { addressesOf, allNamed } from "../../support/endpoint_named.ts";

const { signal } = new AbortController();

Deno.test("without a version the answer comes at once", async () => {
  const resolver = new ManualResolver(allNamed("a"));
  assert(!resolver.isConstant);
  const resolution = await resolver.resolve(null, signal);
  assertEquals(addressesOf(resolution), ["a"]);
  assert(typeof resolution.version === "string" && resolution.version !== missing);
});

Deno.test("with the present version it waits for a newer one, with an older one it does not", async () => {
  const resolver = new ManualResolver(allNamed("a"));
  const first = await resolver.resolve(null, signal);
  const waiting = resolver.resolve(first.version, signal);
  assertEquals(resolver.waiting, 1);
  resolver.set(allNamed("a", "b"));
  const second = await waiting;
  assertEquals(addressesOf(second), ["a", "b"]);
  assertNotEquals(second.version, first.version);
  assertEquals(await resolver.resolve(first.version, signal), second);
  assertEquals(resolver.waiting, 0);
});

Deno.test("the same addresses in another order are no news", async () => {
  const resolver = new ManualResolver(allNamed("a", "b"));
  const first = await resolver.resolve(null, signal);
  const waiting = resolver.resolve(first.version, signal);
  resolver.set(allNamed("b", "a", "b"));
  assertEquals(resolver.waiting, 1);
  assertEquals((await resolver.resolve(null, signal)).version, first.version);
  resolver.set(allNamed("b"));
  assertEquals(addressesOf(await waiting), ["b"]);
});

Deno.test("missing is a version of its own, other than that of an empty set", async () => {
  const resolver = new ManualResolver();
  const absent = await resolver.resolve(null, signal);
  assertEquals([absent.version, absent.endpoints], [missing, []]);
  const waiting = resolver.resolve(missing, signal);
  resolver.set([]);
  const empty = await waiting;
  assertEquals(empty.endpoints, []);
  assertNotEquals(empty.version, missing);
  const again = resolver.resolve(empty.version, signal);
  resolver.setMissing();
  assertEquals((await again).version, missing);
});

Deno.test("whoever gives up gets the signal's reason, and the others go on waiting", async () => {
  const resolver = new ManualResolver(allNamed("a"));
  const { version } = await resolver.resolve(null, signal);
  const leaving = new AbortController(), given = new Error("enough");
  const left = assertRejects(() => resolver.resolve(version, leaving.signal));
  const stays = resolver.resolve(version, signal);
  leaving.abort(given);
  assert(await left === given);
  assertEquals(resolver.waiting, 1);
  resolver.set(allNamed("b"));
  assertEquals(addressesOf(await stays), ["b"]);
  assert(await assertRejects(() => resolver.resolve(null, leaving.signal)) === given);
});

Deno.test("any number of clients, each at its own pace, end with the last set", () =>
  runSeeded(undefined, async (random) => {
    const resolver = new ManualResolver(), ending = new AbortController();
    const last = "end";
    const follow = async (): Promise<void> => {
      let version: Version | null = null;
      const seen = new Set<Version>();
      for (let addresses: string[] = []; addresses[0] !== last;) {
        const resolution: Resolution = await resolver.resolve(version, ending.signal);
        assertNotEquals(resolution.version, version, "an answer that is nothing new");
        version = resolution.version!;
        assert(version === missing || !seen.has(version), "a version that was there before");
        seen.add(version);
        addresses = addressesOf(resolution);
        for (let turns = random.int(0, 4); turns > 0; turns--) await Promise.resolve();
      }
    };
    const clients = Array.from({ length: 20 }, follow);
    for (let change = 0; change < 200; change++) {
      if (random.int(0, 9) === 0) resolver.setMissing();
      else resolver.set(allNamed(...Array.from({ length: random.int(0, 3) }, (_, i) => `r${i}`)));
      for (let turns = random.int(0, 3); turns > 0; turns--) await Promise.resolve();
    }
    resolver.set(allNamed(last));
    await Promise.all(clients);
    assertEquals(resolver.waiting, 0);
  }));

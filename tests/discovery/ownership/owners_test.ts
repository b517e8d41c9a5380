/** Who owns a key: the guarantee of `owners`, on seeds. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  InternodeError,
  type OwnerHost,
  owners,
  rendezvousHash,
  type ShardKey,
} from "@internode/grid";
import { runSeeded, type SeededRandom } from "@internode/grid/testing";
import { hashShardKey, hashText, stir } from "../../../lib/discovery/ownership/key_hash.ts";
import { RendezvousTable } from "../../../lib/discovery/ownership/rendezvous_table.ts";

const KEYS = 4_000;
/** Six standard deviations: by chance once in 500 million. */
const DEVIATIONS = 6;

interface WeightedHost {
  readonly name: string;
  readonly weight: number;
}

function drawKeys(random: SeededRandom): ShardKey[] {
  const base = random.int(-1_000_000, 1_000_000);
  return Array.from(
    { length: KEYS },
    (_, at): ShardKey =>
      at % 3 === 0 ? base + at : at % 3 === 1 ? `user-${base + at}` : random.next(),
  );
}

function drawHosts(random: SeededRandom, count: number, isWeighted: boolean): WeightedHost[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `tls://node-${at}.cache.example:9000`,
    weight: isWeighted ? random.int(1, 5) / 2 : 1,
  }));
}

/** Runs with drawn hosts, now of one weight and now of many. */
function forHosts(
  least: number,
  body: (random: SeededRandom, hosts: WeightedHost[], keys: ShardKey[]) => void,
): Promise<void> {
  return runSeeded(undefined, async (random, run) => {
    await Promise.resolve();
    for (const isWeighted of [false, true]) {
      const count = random.int(least, 40);
      run.note("hosts", { count, isWeighted });
      body(random, drawHosts(random, count, isWeighted), drawKeys(random));
    }
  });
}

const total = (hosts: readonly WeightedHost[]): number =>
  hosts.reduce((sum, { weight }) => sum + weight, 0);

/** Whether so many of `KEYS` are the share, as far as chance allows. */
function assertShare(count: number, share: number, what: string): void {
  const deviation = Math.sqrt(KEYS * share * (1 - share));
  assert(
    Math.abs(count - KEYS * share) <= DEVIATIONS * deviation + 1,
    `${what}: ${count} of ${KEYS}, where ${KEYS * share} ± ${deviation} are due`,
  );
}

Deno.test("each host has its share of the keys, at each place among the owners", () =>
  forHosts(1, (_, hosts, keys) => {
    const ring = rendezvousHash(hosts);
    for (const { name, weight } of hosts) {
      const owned = keys.filter((key) => ring.owner(key) === name).length;
      assertShare(owned, weight / total(hosts), name);
    }
    if (hosts.some(({ weight }) => weight !== hosts[0]!.weight) || hosts.length < 3) return;
    for (const place of [1, 2]) {
      for (const { name } of hosts) {
        const owned = keys.filter((key) => ring.owners(key, 3)[place] === name).length;
        assertShare(owned, 1 / hosts.length, `${name}, place ${place}`);
      }
    }
  }));

Deno.test("a host that comes takes its share, and no other key moves, at no place of the owners", () =>
  forHosts(1, (random, hosts, keys) => {
    const newcomer = { name: "tls://another.cache.example:9000", weight: random.int(1, 4) };
    const before = rendezvousHash(hosts), after = rendezvousHash([newcomer, ...hosts]);
    let moved = 0;
    for (const key of keys) {
      const n = random.int(1, 5), [now, past] = [after.owners(key, n), before.owners(key, n)];
      if (after.owner(key) !== before.owner(key)) moved++;
      // It pushes in at one place, and the last one is out.
      const without = now.filter((name) => name !== newcomer.name);
      assertEquals(without, past.slice(0, without.length), String(key));
      assertEquals(now.length, Math.min(n, hosts.length + 1));
    }
    assertShare(moved, newcomer.weight / (total(hosts) + newcomer.weight), "moved");
  }));

Deno.test("a host that goes leaves its keys to the others by their weights, and no other key moves", () =>
  forHosts(3, (random, hosts, keys) => {
    const gone = random.pick(hosts), rest = hosts.filter((host) => host !== gone);
    const before = rendezvousHash(hosts), after = rendezvousHash(rest);
    const heirs = new Map<string, number>();
    let moved = 0;
    for (const key of keys) {
      const owner = before.owner(key)!, heir = after.owner(key)!;
      // Who had the second copy is the heir.
      assertEquals(heir, owner === gone.name ? before.owners(key, 2)[1] : owner, String(key));
      if (owner !== gone.name) continue;
      moved++;
      heirs.set(heir, (heirs.get(heir) ?? 0) + 1);
    }
    assertShare(moved, gone.weight / total(hosts), "moved");
    for (const { name, weight } of rest) {
      const due = moved * weight / total(rest), got = heirs.get(name) ?? 0;
      assert(Math.abs(got - due) <= DEVIATIONS * Math.sqrt(due) + 1, `${name}: ${got}, due ${due}`);
    }
  }));

Deno.test("a weight that grows only takes keys, and one that shrinks only gives some", () =>
  forHosts(2, (random, hosts, keys) => {
    const changed = random.pick(hosts), factor = random.pick([0.25, 0.5, 2, 7]);
    const weight = changed.weight * factor;
    const before = rendezvousHash(hosts);
    const after = rendezvousHash(
      hosts.map((host) => host === changed ? { ...host, weight } : host),
    );
    let owned = 0;
    for (const key of keys) {
      const [past, now] = [before.owner(key), after.owner(key)];
      if (now === changed.name) owned++;
      if (past !== now) assertEquals(factor > 1 ? now : past, changed.name, String(key));
    }
    assertShare(owned, weight / (total(hosts) - changed.weight + weight), "owned");
  }));

Deno.test("the order of the hosts, the scale of the weights, and asking one by one make no difference", () =>
  forHosts(1, (random, hosts, keys) => {
    const ring = rendezvousHash(hosts);
    const shuffled = rendezvousHash(random.shuffle([...hosts]));
    // By a power of two, so that no digit is lost.
    const scaled = rendezvousHash(hosts.map(({ name, weight }) => ({ name, weight: weight * 64 })));
    for (const key of keys.slice(0, 300)) {
      const all = ring.owners(key, hosts.length + 5);
      assertEquals(new Set(all).size, hosts.length);
      assertEquals(shuffled.owners(key, hosts.length), all);
      assertEquals(scaled.owners(key, hosts.length), all);
      assertEquals(ring.owners(key, 2), all.slice(0, 2));
      assertEquals([ring.owner(key)], all.slice(0, 1));
      assertEquals(owners(key, hosts), all.slice(0, 1));
      assertEquals(owners(key, hosts, 3), all.slice(0, 3));
    }
  }));

Deno.test("the least cost wins, with the numbers and the logarithm written down plainly", () =>
  forHosts(1, (random, hosts) => {
    const names = hosts.map(({ name }) => name), weights = hosts.map(({ weight }) => weight);
    const table = new RendezvousTable(names, weights);
    for (let round = 0; round < 300; round++) {
      const place = random.int(-(2 ** 31), 2 ** 31 - 1);
      const costs = names.map((name, at) => {
        const [first, second] = [hashText(name, 0x510e527f), hashText(name, 0x9b05688c | 0)];
        const drawn = stir(Math.imul(place ^ first, 0x9e3779b1) + second) + 2 ** 31;
        return -Math.log((drawn + 0.5) / 2 ** 32) / weights[at]!;
      });
      const order = names.map((_, at) => at).sort((a, b) => costs[a]! - costs[b]!);
      assertEquals(table.owners(place, names.length), order);
      assertEquals(table.owner(place), order[0]);
      // Asked again, when it is remembered.
      assertEquals(table.owner(place), order[0]);
      if (weights.every((weight) => weight === weights[0])) continue;
      for (const at of order) {
        assert(Math.abs(table.cost(place, at) / costs[at]! - 1) < 1e-9, `${costs[at]}`);
      }
    }
  }));

Deno.test("places at the ends of the range have a logarithm, too", () => {
  const table = new RendezvousTable(["a", "b"], [1, 2]);
  const costs: number[] = [];
  for (const place of [-(2 ** 31), -1, 0, 1, 2 ** 31 - 1]) {
    for (const at of [0, 1]) costs.push(table.cost(place, at));
  }
  assert(costs.every((cost) => cost > 0 && cost < 33), String(costs));
});

const NODES = Array.from({ length: 10 }, (_, at) => `tls://node-${at}.cache.example:9000`);

// A program in Python that has nothing of this library gives the same.
Deno.test("the owners of some keys, as all processes, machines, runtimes and versions see them", () => {
  const keys: ShardKey[] = [0, 1, -1, 12_345, 2 ** 40, 0.5, 2n ** 70n, -(2n ** 70n), "", "user-17"];
  const places = (hosts: readonly OwnerHost[]): string[] =>
    keys.map((key) => owners(key, hosts, 3).map((owner) => NODES.indexOf(owner)).join(" "));
  assertEquals(places(NODES), [
    "6 8 2",
    "9 3 8",
    "3 1 6",
    "1 0 9",
    "8 2 3",
    "6 1 8",
    "6 2 5",
    "5 3 1",
    "1 4 0",
    "3 8 1",
  ]);
  assertEquals(places(NODES.map((name, at) => ({ name, weight: 1 + at % 4 }))), [
    "6 2 7",
    "9 3 7",
    "3 6 1",
    "1 7 9",
    "3 2 6",
    "6 1 9",
    "6 2 5",
    "3 5 1",
    "1 7 2",
    "3 1 6",
  ]);
});

Deno.test("names with any characters, and none at all", () => {
  const odd = ["ä", "日本", "a b", "\u{1f600}", "#", "x".repeat(10_000)];
  assertEquals(owners("key", odd, 9).toSorted(), odd.toSorted());
  assertEquals(owners("key", [], 3), []);
  assertEquals(rendezvousHash([]).owner("key"), undefined);
  assertEquals(owners("key", new Set(["a"]), 3), ["a"]);
  assertEquals(owners("key", ["a", { name: "a", weight: 9 }], 3), ["a"]);
  assertEquals(owners("key", ["a", "b"], 0), []);
  assertEquals(rendezvousHash(["b", "a", "c"]).hosts, ["a", "b", "c"]);
});

Deno.test("keys, hosts, weights and counts of the wrong kind are refused", () => {
  const refused = (action: () => unknown, words: string): void => {
    const error = assertThrows(action, InternodeError, words);
    assertEquals(error.code, "InvalidArgument");
  };
  for (const key of [NaN, Infinity, null, undefined, true, {}, Symbol("key"), ["a"]]) {
    refused(() => owners(key as string, ["a"]), "is not a key");
    refused(() => rendezvousHash(["a"]).owner(key as string), "is not a key");
  }
  const bytes = new Uint8Array([1, 2]) as unknown as string;
  refused(() => owners(bytes, ["a"]), "An array of bytes is not a key: pass a finite number");
  for (const hosts of ["abc", null, undefined, 7, { a: 1 }]) {
    refused(() => owners("key", hosts as unknown as string[]), "must be a list of names");
  }
  for (const host of ["", null, undefined, 7, {}, { name: "" }, { weight: 1 }]) {
    refused(() => owners("key", [host as string]), "must be a name or { name, weight }");
  }
  for (const weight of [0, -1, NaN, Infinity, "1", null]) {
    refused(() => owners("key", [{ name: "a", weight: weight as number }]), "weight of the host a");
  }
  for (const n of [-1, 0.5, NaN, Infinity, "1"]) {
    refused(() => owners("key", ["a"], n as number), "number of owners");
  }
});

Deno.test("hashes of keys are as before", () => {
  assertEquals([hashShardKey("user-17"), hashShardKey(12_345), hashShardKey(0.5)], [
    -632384275,
    -1996023867,
    -2079857384,
  ]);
});

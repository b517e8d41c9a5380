/** The elastic counters: the rule that keeps each key at one node, and the whole with real processes and a real etcd. @module */

import { deadline } from "@std/async";
import { toText } from "@std/streams";
import { assert, assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import type { Summary } from "../../examples/elastic/demo.ts";
import { KeyStore } from "../../examples/elastic/key_store.ts";
import { Placement } from "../../examples/elastic/placement.ts";
import { ETCD } from "../discovery/etcd/etcd_server.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { endProgram, processesOf, type Program, startProgram, withFolder } from "./program.ts";

const ELASTIC: Program = {
  main: new URL("../../examples/elastic/main.ts", import.meta.url),
  env: { NO_COLOR: "1" },
};
const LIMIT_MS = 90_000;
const ignore = !NET || !RUN || !FILES || ETCD.ignore || Deno.build.os === "windows";
/** Processes are looked for in `/proc`. */
const ignoreProcesses = ignore || Deno.build.os !== "linux";

/** The etcd that a run has started, which stands among the arguments of all its nodes. */
function etcdOf(output: string): string {
  return /etcd at (\S+);/.exec(output)![1]!;
}

Deno.test({
  name: `nodes come and go under load, no call fails and no key is lost${ETCD.note}`,
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const args = ["--json", "--seconds", "4", "--to", "5", "--end", "2", "--rate", "500"];
      const elastic = startProgram(ELASTIC, folder, ...args);
      const ended = Promise.all([elastic.status, toText(elastic.stdout), toText(elastic.stderr)]);
      const [{ code }, stdout, stderr] = await deadline(ended, LIMIT_MS);
      assertEquals(processesOf(etcdOf(stderr)), []);
      assertEquals(stdout.split("\n").length, 2, `one line is expected:\n${stdout}\n${stderr}`);
      const { seconds, requests, failed, wrongKeys, p50Us, p99Us, steps }: Summary = JSON.parse(
        stdout,
      );
      assertEquals([seconds, failed, wrongKeys, steps, code], [4, 0, 0, 5, 0], stderr);
      assertGreater(requests, 1_000);
      assert(p50Us > 0 && p99Us >= p50Us);
      assertMatch(stderr, /^node \d has come: 1 node$/m);
      assertMatch(stderr, /\nNo call failed\.\nNo key was lost\.\n$/);
    }),
});

Deno.test({
  name: `elastic nodes that get SIGINT leave no process and no file${ETCD.note}`,
  ignore: ignoreProcesses,
  fn: () =>
    withFolder(async (folder) => {
      const elastic = startProgram(ELASTIC, folder, "--seconds", "60", "--to", "3", "--end", "3");
      const { code } = await endProgram(elastic, folder, "1 s:", "SIGINT");
      assertEquals([code, processesOf(folder)], [130, []]);
    }),
});

Deno.test({
  name: "elastic refuses to shrink to more nodes than it grows to",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const elastic = startProgram(ELASTIC, folder, "--to", "3");
      const [stderr, stdout] = await Promise.all([toText(elastic.stderr), toText(elastic.stdout)]);
      assertEquals((await elastic.status).code, 2);
      const [first] = stderr.split("\n");
      assertEquals([stdout, first], ["", "--to must be at least as large as --from and --end."]);
    }),
});

/** Nodes without a network: each forwards by calling the other's store. */
function storesOf(...names: string[]): Map<string, KeyStore> {
  const stores = new Map<string, KeyStore>();
  for (const name of names) {
    stores.set(
      name,
      new KeyStore({
        name,
        nodes: names,
        forward: (owner, addition, signal) => stores.get(owner)!.add(addition, signal),
      }),
    );
  }
  return stores;
}

/** A key that the first of these nodes owns among all of them, and the second without it. */
function keyOwnedBy(first: string, then: string, all: readonly string[]): string {
  const before = new Placement(all), after = new Placement(all.filter((name) => name !== first));
  for (let at = 0;; at++) {
    const key = `key-${at}`;
    if (before.ownerOf(key) === first && after.ownerOf(key) === then) return key;
  }
}

const LONG = AbortSignal.timeout(60_000);

Deno.test("a key is made only once all nodes have handed over what they do not own in the same placement", async () => {
  const stores = storesOf("a", "b"), [a, b] = [stores.get("a")!, stores.get("b")!];
  const both = new Placement(["a", "b"]), key = keyOwnedBy("a", "b", ["a", "b"]);
  a.placement = both;
  let value: number | null = null;
  const adding = a.add({ key, by: 1, hops: 0 }, LONG).then((sum) => value = sum);
  a.onSettled("b", new Placement(["a", "b"]));
  await Promise.resolve();
  assertEquals([value, a.size], [null, 0]);
  b.placement = both;
  a.onSettled("b", both);
  assertEquals(await adding, 1);
});

Deno.test("a key moves to its new owner, and its requests wait until it is there", async () => {
  const stores = storesOf("a", "b"), [a, b] = [stores.get("a")!, stores.get("b")!];
  const alone = new Placement(["b"]), both = new Placement(["a", "b"]);
  const key = keyOwnedBy("a", "b", ["a", "b"]);
  a.placement = b.placement = alone;
  b.onSettled("a", alone);
  assertEquals(await b.add({ key, by: 5, hops: 0 }, LONG), 5);
  b.placement = both;
  assertEquals([...b.misplaced()], [["a", [key]]]);
  // The new owner does not know yet that it is.
  await b.move([key], (entries) => Promise.resolve(a.take(entries)));
  assertEquals([a.size, b.size], [0, 1]);
  a.placement = both;
  let during: number | null = null;
  const adding: Promise<number>[] = [];
  await b.move([key], async (entries) => {
    adding.push(b.add({ key, by: 1, hops: 0 }, LONG).then((sum) => during = sum));
    await Promise.resolve();
    assertEquals(during, null);
    return a.take(entries);
  });
  assertEquals(await Promise.all(adding), [6]);
  assertEquals([a.size, b.size], [1, 0]);
  // Again, as after a lost answer: what is there counts.
  assertEquals(a.take([{ key, value: 5 }]), []);
  assertEquals(await a.add({ key, by: 0, hops: 0 }, LONG), 6);
});

Deno.test("what a node answered before another placement came and went counts no more", async () => {
  const stores = storesOf("a", "b"), [a, b] = [stores.get("a")!, stores.get("b")!];
  const key = keyOwnedBy("b", "a", ["a", "b"]);
  const first = new Placement(["a"]), both = new Placement(["a", "b"]);
  a.placement = b.placement = first;
  a.onSettled("b", first);
  assertEquals(await a.add({ key, by: 5, hops: 0 }, LONG), 5);
  a.placement = b.placement = both;
  await a.move([key], (entries) => Promise.resolve(b.take(entries)));
  // The same as at first; the other one still has the key.
  const again = new Placement(["a"]);
  a.placement = b.placement = again;
  a.onSettled("b", first);
  let asked = false;
  const answered = b.whenSettled(again.id, LONG).then(() => asked = true);
  let value: number | null = null;
  const adding = a.add({ key, by: 1, hops: 0 }, LONG).then((sum) => value = sum);
  await Promise.resolve();
  assertEquals([value, asked], [null, false]);
  await b.move([key], (entries) => Promise.resolve(a.take(entries)));
  assertEquals(await adding, 6);
  await answered;
});

Deno.test("nodes that see different placements do not pass a request on for ever", async () => {
  const stores = storesOf("a", "b"), [a, b] = [stores.get("a")!, stores.get("b")!];
  a.placement = new Placement(["b"]);
  b.placement = new Placement(["a"]);
  const over = new AbortController();
  const adding = a.add({ key: "key", by: 1, hops: 0 }, over.signal);
  over.abort(new Error("The time is up."));
  await assertRejects(() => adding, Error, "The time is up.");
});

/** The replicated cache: its parts, and the whole with real processes, a file and a real etcd. @module */

import { deadline, retry } from "@std/async";
import { toText } from "@std/streams";
import { assert, assertEquals, assertGreater, assertMatch, assertRejects } from "@std/assert";
import type { HandlerContext } from "@internode/grid";
import { CacheStore } from "../../examples/replicated_cache/cache_store.ts";
import type { Summary } from "../../examples/replicated_cache/demo.ts";
import { ListedLine } from "../../examples/replicated_cache/listed_line.ts";
import { ETCD, EtcdServer } from "../discovery/etcd/etcd_server.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { endProgram, processesOf, type Program, startProgram, withFolder } from "./program.ts";

const CACHE: Program = {
  main: new URL("../../examples/replicated_cache/main.ts", import.meta.url),
  env: { NO_COLOR: "1" },
};
const LIMIT_MS = 60_000;
const ignore = !NET || !RUN || !FILES || Deno.build.os === "windows";
/** Processes are looked for in `/proc`. */
const ignoreProcesses = ignore || Deno.build.os !== "linux";

/** Runs the example and judges it; nothing may be left of it. */
async function runCache(...args: string[]): Promise<void> {
  await withFolder(async (folder) => {
    const cache = startProgram(CACHE, folder, "--json", "--seconds", "4", ...args);
    const ended = Promise.all([cache.status, toText(cache.stdout), toText(cache.stderr)]);
    const [{ code }, stdout, stderr] = await deadline(ended, LIMIT_MS);
    assertEquals(processesOf(folder), []);
    assertEquals(stdout.split("\n").length, 2, `one line is expected:\n${stdout}\n${stderr}`);
    const summary: Summary = JSON.parse(stdout);
    assertEquals(
      Object.keys(summary),
      ["replicas", "seconds", "requests", "failed", "p50Us", "p99Us", "restarts"],
    );
    const { replicas, seconds, requests, failed, p50Us, p99Us, restarts } = summary;
    assertEquals([replicas, seconds, failed, restarts, code], [3, 4, 0, 6, 0], stderr);
    assertGreater(requests, 4_000);
    assert(p50Us > 0 && p99Us >= p50Us);
    assertMatch(stderr, /\nNo call failed\.\n$/);
    const served = /Calls served: (.+);/.exec(stderr)![1]!.replaceAll(",", "").match(
      /\d+(?= by)/g,
    )!;
    assertEquals(served.length, 3);
    for (const calls of served) assertGreater(Number(calls), requests / 20, stderr);
    // Every request ran, and only a few twice: not one was lost and forgotten.
    const runs = served.reduce((sum, calls) => sum + Number(calls), 0);
    assert(runs >= requests && runs < requests * 1.05, `${runs} calls served: ${stderr}`);
  });
}

Deno.test({
  name: "no call fails while all replicas that a file lists are restarted",
  ignore,
  fn: () => runCache("--file"),
});

Deno.test({
  name:
    `no call fails while all replicas that etcd lists are restarted, at other ports${ETCD.note}`,
  ignore: ignore || ETCD.ignore,
  async fn() {
    await using etcd = await EtcdServer.start();
    await runCache("--etcd", etcd.url, "--transport", "tcp");
    assertEquals(await etcd.countLeases(), 0);
  },
});

/** Runs the example until a replica is restarted, and ends it by a signal then. */
async function endCache(folder: string, signal: Deno.Signal): Promise<number> {
  const cache = startProgram(CACHE, folder, "--seconds", "60", "--etcd", "start");
  const { code, processes } = await endProgram(cache, folder, "1 s:", signal);
  // Three replicas, etcd, and the two shells that watch over etcd.
  assertEquals(processes, 6);
  return code;
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `a cache that gets ${signal} leaves no process and no file${ETCD.note}`,
    ignore: ignoreProcesses || ETCD.ignore,
    fn: () =>
      withFolder(async (folder) => {
        assertEquals(await endCache(folder, signal), code);
        assertEquals(processesOf(folder), []);
      }),
  });
}

Deno.test({
  name: `replicas and etcd end when the process that started them is killed${ETCD.note}`,
  ignore: ignoreProcesses || ETCD.ignore,
  fn: () =>
    withFolder(async (folder) => {
      await endCache(folder, "SIGKILL");
      await retry(() => assertEquals(processesOf(folder), []), { minTimeout: 50, maxAttempts: 12 });
      // Nobody is left who could have removed its files.
      for (const { name } of Deno.readDirSync(folder)) {
        await Deno.remove(`${folder}/${name}`, { recursive: true });
      }
    }),
});

for (
  const [args, message] of [
    [["--replicas", "1"], '--replicas must be a whole number from 2 to 16, not "1".'],
    [["--etcd", "nowhere"], '--etcd takes "start" or URLs, and "nowhere" is neither.'],
  ] as const
) {
  Deno.test({
    name: `a wrong option is explained: ${args.join(" ")}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const cache = startProgram(CACHE, folder, ...args);
        const [stderr, stdout] = await Promise.all([toText(cache.stderr), toText(cache.stdout)]);
        assertEquals((await cache.status).code, 2);
        assertEquals([stdout, stderr.split("\n")[0]], ["", message]);
      }),
  });
}

Deno.test({
  name: "lines that are written at the same time all stand in the file until they are taken out",
  ignore: !FILES,
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/list`;
      const names = Array.from({ length: 20 }, (_, at) => `line ${at}`);
      const lines = await Promise.all(names.map((name) => ListedLine.write(path, name)));
      const before = (await Deno.readTextFile(path)).split("\n");
      assertEquals(before.sort(), ["", ...names].sort());
      await Promise.all(lines.slice(1).map((line) => line[Symbol.asyncDispose]()));
      assertEquals(await Deno.readTextFile(path), "line 0\n");
      await Promise.all([Deno.remove(path), Deno.remove(`${path}.lock`)]);
    }),
});

Deno.test("a put that comes late or twice changes nothing", () => {
  const store = new CacheStore();
  assertEquals(store.get("a"), undefined);
  assertEquals(store.put({ key: "a", version: 2, value: "two" }), 2);
  assertEquals(store.put({ key: "a", version: 1, value: "one" }), 2);
  assertEquals(store.put({ key: "a", version: 2, value: "two again" }), 2);
  assertEquals(store.get("a"), { version: 2, value: "two" });
  assertEquals(store.calls, 5);
});

Deno.test("who watches slowly gets the latest of each key, and the reason when the replica stops", async () => {
  const store = new CacheStore();
  const stop = new AbortController();
  const context = { signal: stop.signal } as HandlerContext;
  const none = ReadableStream.from<never>([]).values();
  const watch = store.watch({ prefix: "a/" }, none, context);
  const first = watch.next();
  for (const version of [1, 2, 3]) {
    for (const key of ["a/1", "b/1", "a/2"]) store.put({ key, version, value: `${version}` });
  }
  assertEquals((await first).value, { key: "a/1", version: 3, value: "3" });
  assertEquals((await watch.next()).value, { key: "a/2", version: 3, value: "3" });
  const waiting = watch.next();
  stop.abort(new Error("The replica stops."));
  await assertRejects(() => waiting, Error, "The replica stops.");
  assertEquals((await watch.next()).done, true);
});

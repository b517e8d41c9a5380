/** The replicated store of examples/kv: how large it is, what its guide shows of it, and the whole with real processes. */

import { deadline, retry } from "@std/async";
import { toText } from "@std/streams";
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Manager } from "@internode/grid";
import { exchange, handOver, type Ring } from "../../examples/kv/contracts.ts";
import type { Summary } from "../../examples/kv/run/demo.ts";
import { type Disk, KvStore } from "../../examples/kv/store.ts";
import { FILES, NET, RUN, RUNTIME } from "../support/permitted.ts";
import { endProgram, processesOf, type Program, startProgram, withFolder } from "./program.ts";

const KV: Program = {
  main: new URL("../../examples/kv/main.ts", import.meta.url),
  env: { NO_COLOR: "1" },
};
const LIMIT_MS = 60_000;
const ignore = !NET || !RUN || !FILES || RUNTIME !== "deno" || Deno.build.os === "windows";

/** What the store is made of. */
const SOURCES = ["contracts.ts", "store.ts", "node.ts"];

function sourceOf(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`../../examples/kv/${name}`, import.meta.url));
}

/** A method stands further left in the guide. */
function unindented(text: string): string {
  return text.replaceAll(/^ +/gm, "");
}

Deno.test({
  name: "the store is written in no more than 200 lines of code",
  ignore: !FILES,
  async fn() {
    const lines = (await Promise.all(SOURCES.map(sourceOf))).join("\n").split("\n");
    const code = lines.filter((line) => !/^\s*(\/\/|\/\*\*|\*|$)/.test(line));
    assert(code.length <= 200, `${code.length} lines`);
  },
});

Deno.test({
  name: "what docs/storage.md shows of the store is how it stands in its sources",
  ignore: !FILES,
  async fn() {
    const guide = await Deno.readTextFile(new URL("../../docs/storage.md", import.meta.url));
    const blocks = [...guide.matchAll(/^```ts ignore (\S+)\n([^]*?)^```$/gm)];
    assertGreater(blocks.length, 5);
    for (const [, name, block] of blocks) {
      const source = await sourceOf(name!);
      // A line with three dots leaves something out.
      for (const part of block!.split(/^\/\/ …\n/m)) {
        assertStringIncludes(unindented(source), unindented(part));
      }
    }
  },
});

Deno.test("a node that knows a later ring takes nothing by an older one, nor when it starts anew", async () => {
  const local = "memory://kv-alone", saved: Parameters<Disk["save"]>[0][] = [];
  const ring = (epoch: number): Ring => ({ epoch, hosts: [local], before: [] });
  const disk: Disk = { load: () => [...saved], save: (what) => void saved.push(what) };
  for (const version of ["1", "2"]) {
    await using grid = new Manager({ local, hosts: [local] });
    const store = new KvStore(grid, ring(0), disk);
    await using _ = store.settled;
    await grid.listen();
    const peer = grid.connection(local), entry = { key: "k", value: "v", version };
    const ask = (epoch: number) => peer.request(exchange, { ring: ring(epoch), entry });
    if (version === "1") assertEquals(await ask(3), { ring: ring(3), entry });
    assertEquals(await ask(2), { ring: ring(3), entry: null });
    assertEquals((await store.get("k")).version, "1");
    await assertRejects(() => peer.request(handOver, ring(2)), Error, "Ring 3 is the latest here.");
  }
});

Deno.test({
  name: "a store whose nodes are killed, frozen and replaced explains all that was read",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const kv = startProgram(KV, folder, "--json", "--seconds", "3", "--seed", "7");
      const ended = Promise.all([kv.status, toText(kv.stdout), toText(kv.stderr)]);
      const [{ code }, stdout, stderr] = await deadline(ended, LIMIT_MS);
      assertEquals(processesOf(folder), []);
      assertEquals(stdout.split("\n").length, 2, `one line is expected:\n${stdout}\n${stderr}`);
      const summary: Summary = JSON.parse(stdout);
      const { seed, seconds, operations, kills, freezes, watched, failed } = summary;
      assertEquals([seed, seconds, failed, code], [7, 3, 0, 0], stderr);
      assertGreater(operations, 100);
      assertGreater(kills + freezes, 0);
      assertGreater(watched, 0);
      assertMatch(stderr, /; seed 7\n/);
      assertMatch(stderr, /\nAll that was read and watched is explained by what was written\.\n$/);
    }),
});

Deno.test({
  name: "a store that gets SIGINT leaves no process, not even a frozen one, and no file",
  ignore: ignore || Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const kv = startProgram(KV, folder, "--seconds", "60", "--seed", "1");
      const { code } = await endProgram(kv, folder, "is frozen", "SIGINT");
      assertEquals([code, processesOf(folder)], [130, []]);
    }),
});

Deno.test({
  name: "a store whose output nobody reads any more leaves no process",
  ignore: ignore || Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      // With this seed keys begin to move just before the line that nobody reads.
      const kv = startProgram(KV, folder, "--seconds", "60", "--seed", "1");
      for await (const _ of kv.stdout) break;
      await kv.stderr.cancel();
      assert((await deadline(kv.status, LIMIT_MS / 3)).code !== 0);
      await retry(() => assertEquals(processesOf(folder), []), { minTimeout: 50, maxAttempts: 12 });
      for (const { name } of Deno.readDirSync(folder)) {
        await Deno.remove(`${folder}/${name}`, { recursive: true });
      }
    }),
});

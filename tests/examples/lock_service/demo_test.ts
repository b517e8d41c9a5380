/** The demo itself, with real processes. @module */

import { deadline, retry } from "@std/async";
import { toText } from "@std/streams";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Summary } from "../../../examples/lock_service/supervisor/demo.ts";
import { testBeside } from "../../support/beside.ts";
import { endProgram, processesOf, type Program, startProgram, withFolder } from "../program.ts";

const ignore = (["run", "read", "write", "net"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const DEMO: Program = {
  main: new URL("../../../examples/lock_service/main.ts", import.meta.url),
};
const LIMIT_MS = 60_000;

async function runDemo(folder: string, ...args: string[]) {
  const demo = startProgram(DEMO, folder, ...args);
  const ended = Promise.all([demo.status, toText(demo.stdout), toText(demo.stderr)]);
  const [{ code }, stdout, stderr] = await deadline(ended, LIMIT_MS);
  assertEquals(stdout.split("\n").length, 2, `one line is expected:\n${stdout}\n${stderr}`);
  return { code, stderr, summary: JSON.parse(stdout) as Summary };
}

/** More at a time would want more of the processor than there may be. */
const DEMOS_AT_ONCE = 2;

testBeside(
  "the lock holds while a holder is killed",
  DEMOS_AT_ONCE,
  ["tcp", "unix", "ws", "tcp --mtls", "unix --mtls", "wss --mtls"].map((transport) => ({
    name: `over ${transport}`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        const args = `--json --nodes 4 --seconds 3 --transport ${transport}`.split(" ");
        const { code, stderr, summary } = await runDemo(folder, ...args);
        assertEquals(code, 0, stderr);
        assertEquals(Object.keys(summary), [
          "nodes",
          "seconds",
          "requests",
          "p50Us",
          "p99Us",
          "kills",
          "reconnects",
          "violations",
          "hung",
        ]);
        const { nodes, seconds, requests, p50Us, p99Us, ...rest } = summary;
        assertEquals([nodes, seconds], [4, 3]);
        assertGreater(requests, 100);
        assert(p50Us > 0 && p99Us >= p50Us);
        assertEquals(rest, { kills: 1, reconnects: rest.reconnects, violations: 0, hung: 0 });
        assertGreater(rest.reconnects, 0);
      }),
  })),
);

Deno.test({
  name: "a broken lock is caught",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const { code, stderr, summary } = await runDemo(
        folder,
        ..."--json --break --nodes 3 --seconds 1 --keys 1".split(" "),
      );
      assertEquals(code, 1);
      assertGreater(summary.violations, 0);
      // Which of the many violations come first is a matter of chance.
      assertMatch(stderr, /was locked by (reader|writer) \S+ \(token \d+\) and (reader|writer)/);
    }),
});

/** Runs a demo until something has happened to a node, and ends it by a signal then. */
async function endDemo(folder: string, deed: string, signal: Deno.Signal): Promise<number> {
  const demo = startProgram(DEMO, folder, "--nodes", "3", "--seconds", "60");
  const { code, processes } = await endProgram(demo, folder, deed, signal);
  assertGreater(processes, 1);
  return code;
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `a demo that gets ${signal} leaves no process and no file`,
    ignore: ignore || Deno.build.os !== "linux",
    fn: () =>
      withFolder(async (folder) => {
        assertEquals(await endDemo(folder, "killed", signal), code);
        assertEquals(processesOf(folder), []);
      }),
  });
}

Deno.test({
  name: "nodes end when the demo is killed, the frozen one too",
  ignore: ignore || Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      await endDemo(folder, "frozen", "SIGKILL");
      await retry(() => assertEquals(processesOf(folder), []), { minTimeout: 50, maxAttempts: 12 });
      // Nobody is left who could have removed its files.
      for (const { name } of Deno.readDirSync(folder)) {
        await Deno.remove(`${folder}/${name}`, { recursive: true });
      }
    }),
});

Deno.test({
  name: "a wrong option is explained",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const demo = startProgram(DEMO, folder, "--nodes", "2");
      const [stderr, stdout] = await Promise.all([toText(demo.stderr), toText(demo.stdout)]);
      assertEquals((await demo.status).code, 2);
      assertEquals(stdout, "");
      assertMatch(stderr, /^--nodes must be a whole number from 3 to 64, not "2"\./);
    }),
});

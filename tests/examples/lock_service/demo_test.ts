/** The demo itself, with real processes. @module */

import { deadline, retry } from "@std/async";
import { mergeReadableStreams, TextLineStream, toText } from "@std/streams";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Summary } from "../../../examples/lock_service/demo.ts";

const ignore = (["run", "read", "write", "net"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const MAIN = new URL("../../../examples/lock_service/main.ts", import.meta.url);
const LIMIT_MS = 60_000;

/** Starts the demo with temporary files in a folder of its own. */
function startDemo(folder: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", MAIN.href, ...args],
    env: { TMPDIR: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), [], "files were left behind");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function runDemo(folder: string, ...args: string[]) {
  const demo = startDemo(folder, ...args);
  const ended = Promise.all([demo.status, toText(demo.stdout), toText(demo.stderr)]);
  const [{ code }, stdout, stderr] = await deadline(ended, LIMIT_MS);
  assertEquals(stdout.split("\n").length, 2, `one line is expected:\n${stdout}\n${stderr}`);
  return { code, stderr, summary: JSON.parse(stdout) as Summary };
}

for (const transport of ["tcp", "unix", "ws", "tcp --mtls", "unix --mtls", "wss --mtls"]) {
  Deno.test({
    name: `the lock holds over ${transport} while a holder is killed`,
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
  });
}

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
      assertMatch(stderr, /was locked by (reader|writer) \S+ and (reader|writer)/);
    }),
});

/** The processes that have the folder's name among their arguments, as all nodes do. */
function processesOf(folder: string): string[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const args = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      return args.includes(folder) ? [args] : [];
    } catch {
      return []; // it ended just now
    }
  });
}

/** Runs a demo until something has happened to a node, and ends it by a signal then. */
async function endDemo(folder: string, deed: string, signal: Deno.Signal): Promise<number> {
  const demo = startDemo(folder, "--nodes", "3", "--seconds", "60");
  const output = mergeReadableStreams(demo.stdout, demo.stderr)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  let nodes = 0;
  for await (const line of output) {
    if (nodes > 0 || !line.includes(deed)) continue;
    nodes = processesOf(folder).length;
    demo.kill(signal);
  }
  assertGreater(nodes, 1);
  return (await demo.status).code;
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
      const demo = startDemo(folder, "--nodes", "2");
      const [stderr, stdout] = await Promise.all([toText(demo.stderr), toText(demo.stdout)]);
      assertEquals((await demo.status).code, 2);
      assertEquals(stdout, "");
      assertMatch(stderr, /^--nodes must be a whole number from 3 to 64, not "2"\./);
    }),
});

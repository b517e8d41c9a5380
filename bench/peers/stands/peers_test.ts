/** What Internode is compared with still runs: a new runtime or version may break any of it. @module */

import { assertEquals } from "@std/assert";
import { STAND_NAMES } from "./list.ts";

const ignore = Deno.permissions.querySync({ name: "run" }).state !== "granted";

async function run(script: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL(script, import.meta.url).href, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  return text.decode(stdout).trimEnd().split("\n");
}

Deno.test({
  name: "each peer of the bench echoes what it is sent",
  ignore,
  fn: async () => {
    const lines = await run("./echo_each.ts");
    // The one that needs a server of its own may miss it.
    const wanted = (name: string): string => {
      const missing = `${name} is not there`;
      return name === "nats" && lines.includes(missing) ? missing : `${name} echoes 0 127 128 255`;
    };
    assertEquals(lines, STAND_NAMES.map(wanted));
  },
});

Deno.test({
  name: "the bench of peers measures each in two processes and tells a row",
  ignore,
  fn: async () => {
    const lines = await run(
      "../main.ts",
      ...["--peers", "fetch,internode", "--work", "64x1,600x3"],
      ...["--seconds", "0.05", "--rounds", "1", "--json"],
    );
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assertEquals(
      rows.map(({ peer, transport, size, inflight }) => [peer, transport, size, inflight]),
      [
        ["fetch", "http/1.1", 64, 1],
        ["internode", "tcp", 64, 1],
        ["fetch", "http/1.1", 600, 3],
        ["internode", "tcp", 600, 3],
      ],
    );
    for (const row of rows) {
      for (const figure of ["perSecond", "p50Us", "p99Us", "cpuUs", "ratio"]) {
        assertEquals(Number(row[figure]) > 0, true, `${figure} of ${JSON.stringify(row)}`);
      }
    }
    assertEquals(rows[1]!["ratio"], 1);
  },
});

Deno.test({
  name: "on Node the bench of peers measures packages of npm and Internode",
  ignore,
  fn: async () => {
    const lines = await run(
      "../main.ts",
      ...["--runtime", "node", "--peers", "grpc-js,fetch,fetch-h2,internode", "--work", "64x2"],
      ...["--seconds", "0.05", "--rounds", "1", "--json"],
    );
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    // What only Deno has is passed over.
    assertEquals(rows.map(({ peer }) => peer), ["grpc-js", "fetch", "internode"]);
    for (const row of rows) assertEquals(Number(row["cpuUs"]) > 0, true, JSON.stringify(row));
  },
});

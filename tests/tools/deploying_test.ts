/** What docs/deploying.md has for systemd and docker compose makes sense in itself, as far as can be seen without them. */

import { spawnSync } from "node:child_process";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testWith } from "../support/installed.ts";
import { FILES, RUN } from "../support/permitted.ts";

const ignore = !FILES;
const text = ignore
  ? ""
  : await Deno.readTextFile(new URL("../../docs/deploying.md", import.meta.url));
/** What `close` may take: its default grace time, and 2 s. */
const CLOSING_SECONDS = 7;

/** The one block of that language that has the text. */
function block(language: string, having: string): string {
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))]
    .map(([, inner]) => inner!).filter((inner) => inner.includes(having));
  assertEquals(blocks.length, 1, `blocks of ${language} with ${having}`);
  return blocks[0]!;
}

/** What stands where the pattern has its group. */
function found(pattern: RegExp, within: string): string {
  const match = pattern.exec(within);
  assert(match !== null, `${pattern} is not in ${within}`);
  return match[1]!;
}

Deno.test(
  "the unit for systemd leaves time to close, and what it names is there",
  { ignore },
  () => {
    const unit = block("ini", "[Service]");
    assert(Number(found(/^TimeoutStopSec=(\d+)$/m, unit)) > CLOSING_SECONDS);
    const cache = found(/^CacheDirectory=(.+)$/m, unit);
    assertMatch(unit, new RegExp(`^Environment=DENO_DIR=%C/${cache}$`, "m"));
    assertMatch(unit, /^EnvironmentFile=/m);
  },
);

const SYSTEMD = testWith(
  "systemd",
  "Debian's systemd",
  RUN && FILES,
  () => spawnSync("systemd-analyze", ["--version"], { stdio: "ignore" }).status === 0,
);

Deno.test({
  name: `systemd takes the unit, and sees mistakes in it${SYSTEMD.note}`,
  ignore: SYSTEMD.ignore,
  async fn() {
    const folder = await Deno.makeTempDir(), path = `${folder}/cache@.service`;
    const complaints = async (unit: string): Promise<string> => {
      await Deno.writeTextFile(path, unit);
      const args = ["verify", "--man=no", path];
      const { stderr } = await new Deno.Command("systemd-analyze", { args }).output();
      return new TextDecoder().decode(stderr).trim();
    };
    try {
      // What it starts need not be installed where this is tested.
      const unit = block("ini", "[Service]").replace("/usr/bin/deno", "/bin/sh");
      assertEquals(await complaints(unit), "");
      const wrong = await complaints(unit.replace("RestartSec=", "RestartSecs="));
      assertStringIncludes(wrong, "RestartSecs");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the compose file maps the port at which its node listens to that of its name", {
  ignore,
}, () => {
  const compose = block("yaml", "services:"), node = block("ts", "NAME, SECRET");
  const lines = compose.trimEnd().split("\n");
  for (const line of lines) assertMatch(line, /^(?: {2})*[A-Za-z_]+:(?: \S.*)?$/, line);
  const keys = lines.flatMap((line) => /^ {4}(\w+):/.exec(line)?.[1] ?? []);
  assertEquals(keys, ["build", "environment", "ports", "stop_grace_period", "restart"]);
  const [outer, inner] = found(/ports: \["([\d:]+)"\]/, compose).split(":");
  const name = found(/NAME: (\S+)/, compose);
  assert(name.endsWith(`:${outer}`));
  assertMatch(node, new RegExp(`listen: "tcp://0\\.0\\.0\\.0:${inner}"`));
  assert(node.includes(`hosts: ["${name}"`));
  for (const variable of found(/const \{ (.*) \} = Deno\.env/, node).split(", ")) {
    assertMatch(compose, new RegExp(`^ {6}${variable}: `, "m"));
    assert(found(/--allow-env=([\w,]+)", "node/, text).split(",").includes(variable));
  }
  assert(Number(found(/stop_grace_period: (\d+)s/, compose)) > CLOSING_SECONDS);
});

/** What only a real terminal and a real shell show. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROGRAMS } from "../support/permitted.ts";
import { runFake } from "./fake_surroundings.ts";

const isGranted = (["run", "read"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);
const canRun = PROGRAMS && isGranted && Deno.build.os === "linux";

async function has(program: string): Promise<boolean> {
  if (!canRun) return false;
  try {
    const { success } = await new Deno.Command(program, { args: ["--version"], stdout: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

interface RunOptions {
  /** What is typed, and after which output. */
  readonly keys?: string;
  readonly after?: string;
}

async function run(
  program: string,
  args: readonly string[],
  { keys = "", after = "" }: RunOptions = {},
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "" },
  }).spawn();
  const writer = child.stdin.getWriter();
  let out = "", isTyped = keys === "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (isTyped || !out.includes(after)) continue;
    isTyped = true;
    await writer.write(new TextEncoder().encode(keys));
  }
  await writer.close().catch(() => {});
  await child.status;
  return out;
}

const command = new URL("../../lib/cli/mod.ts", import.meta.url).pathname;

Deno.test({
  name: "top takes the whole terminal, reads keys, and gives all back",
  ignore: !await has("script"),
  async fn() {
    const line =
      `${Deno.execPath()} run -A --no-check ${command} top --timeout 1s tcp://127.0.0.1:1`;
    const typed = { keys: "?q", after: "internode top" };
    const out = await run("script", ["-qec", line, "/dev/null"], typed);
    const begin = out.indexOf("\x1b[?1049h\x1b[?25l"), end = out.indexOf("\x1b[?25h\x1b[?1049l");
    assert(begin >= 0 && end > begin, JSON.stringify(out));
    assertStringIncludes(out.slice(begin, end), "internode top");
  },
});

Deno.test({
  name: "Ctrl-C in top is a key, and ends it with 130",
  ignore: !await has("script"),
  async fn() {
    const line =
      `${Deno.execPath()} run -A --no-check ${command} top tcp://127.0.0.1:1; echo "[$?]"`;
    const typed = { keys: "\x03", after: "internode top" };
    const out = await run("script", ["-qec", line, "/dev/null"], typed);
    assertStringIncludes(out, "[130]");
    assertStringIncludes(out, "\x1b[?1049l");
  },
});

Deno.test({
  name: "bash completes commands, options and their values",
  ignore: !await has("bash"),
  async fn() {
    const { out: script } = await runFake(["completion", "bash"]);
    const complete = async (...words: string[]): Promise<string[]> => {
      const quoted = words.map((word) => `"${word}"`).join(" ");
      const asked = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
_internode; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await run("bash", ["-c", asked])).trim().split("\n");
    };
    assertEquals(await complete("internode", "c"), ["calls", "call", "certs", "completion"]);
    assertEquals(await complete("internode", "certs", "--wi"), ["--within"]);
    assertEquals(await complete("internode", "top", "--by", ""), ["node", "handler"]);
    assertEquals(await complete("internode", "completion", ""), ["bash", "zsh"]);
    assertEquals(await complete("internode", "help", "br"), ["breaking"]);
    assertEquals(await complete("internode", "ping", "--cou"), ["--count"]);
  },
});

Deno.test({
  name: "the script for zsh can be read by zsh",
  ignore: !await has("zsh"),
  async fn() {
    const { out: script } = await runFake(["completion", "zsh"]);
    const out = await run("zsh", [
      "-fc",
      `autoload -U compinit; compinit -D -u\n${script}\nwhence _internode`,
    ]);
    assertStringIncludes(out, "_internode");
  },
});

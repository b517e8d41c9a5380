/** A user's compiler reads our sources as well, with the user's options: the strictest find nothing, and neither do the defaults. @module */

import { assert, assertEquals } from "@std/assert";

const ignore = (["read", "run"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

async function deno(args: string[]): Promise<{ success: boolean; out: string; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL(".", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { success, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test({
  name: "a program and all sources of ours that it reaches are clean under the strictest options",
  ignore,
  async fn() {
    const { success, err } = await deno(["check", "--quiet", "program.ts", "sockets.ts"]);
    assert(success, err);
  },
});

Deno.test({
  name: "they are clean under Deno's default options, too, which the README's deno.json has",
  ignore,
  async fn() {
    const options = ["--quiet", "--config", "default_options.json"];
    const { success, err } = await deno(["check", ...options, "program.ts", "sockets.ts"]);
    assert(success, err);
  },
});

Deno.test({
  name: "the strict program reaches every entry of the package, and runs without permissions",
  ignore,
  async fn() {
    const root = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
    const program = await Deno.readTextFile(new URL("program.ts", import.meta.url));
    for (const path of Object.keys(root.exports)) {
      assert(program.includes(`"@internode/grid${path.slice(1)}"`), `${path} is not imported`);
    }
    const { success, out, err } = await deno(["run", "--quiet", "--no-prompt", "program.ts"]);
    assert(success, err);
    assertEquals(out.split(" ").slice(0, 2), ["101", "blue"]);
  },
});

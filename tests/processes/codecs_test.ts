/**
 * Codecs in processes of their own: where the runtime lets nobody make functions out of source
 * text, and where it tells what values take of memory.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RUN } from "../support/permitted.ts";
import { SHAPES } from "../support/memory_shapes.ts";

const FLAG = "--v8-flags=--disallow-code-generation-from-strings";

async function deno(...args: string[]): Promise<{ success: boolean; text: string }> {
  const env = { NO_COLOR: "1" };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env })
    .output();
  return { success, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "all tests of codecs pass without code generation",
  ignore: !RUN,
}, async () => {
  const folder = new URL("../codec/", import.meta.url).pathname;
  // What that file judges is time.
  const without = `--ignore=${folder}values/key_spread_test.ts`;
  const args = ["test", "--no-check", "--no-prompt", without, FLAG, folder];
  const { success, text } = await deno(...args);
  assert(success, text.slice(-4_000));
  assertMatch(text, /ok \| \d{3} passed/);
});

Deno.test({
  name: "nodes and servers say once that their codecs are interpreted, and serve",
  ignore: !RUN,
}, async () => {
  const script = new URL("./interpreted_node.ts", import.meta.url).href;
  for (const [flags, lines] of [[[FLAG], 1], [[], 0]] as const) {
    const { success, text } = await deno("run", "--no-check", ...flags, script);
    assert(success, text);
    const said = text.split("\n").filter((line) => line.includes("Codecs are interpreted"));
    assertEquals(said.length, lines, text);
    assertMatch(text, /answered \[1,2\] 3/);
  }
});

Deno.test({
  name: "values take no more memory than is counted for them, whatever their shape",
  ignore: !RUN,
}, async () => {
  const script = new URL("../support/memory_shapes.ts", import.meta.url);
  const args = ["run", "--no-check", "--v8-flags=--expose-gc", script.href];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = new TextDecoder().decode(stdout);
  assert(success, new TextDecoder().decode(stderr));
  const rows: { name: string; taken: number; counted: number }[] = JSON.parse(text);
  assertEquals(rows.map(({ name }) => name), SHAPES.map(({ name }) => name));
  for (const { name, taken, counted } of rows) {
    assert(taken <= counted * 1.05, `${name}: ${taken} bytes of ${counted} counted`);
  }
});

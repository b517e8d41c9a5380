/** The command line without processes: help, mistakes, exit status. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commands } from "../../lib/cli/commands/commands.ts";
import { runFake } from "./fake_surroundings.ts";

Deno.test("help lists every command, and fits its terminal", async () => {
  for (const columns of [60, 80, 200]) {
    const { status, out, err } = await runFake(["help"], { columns });
    assertEquals([status, err], [0, ""]);
    for (const { name } of commands) assertStringIncludes(out, `\n  ${name} `);
    assert(out.split("\n").every(({ length }) => length <= Math.min(columns, 100)), out);
  }
});

for (const { name, examples, options } of commands) {
  Deno.test(`help of ${name} has all options, and examples that can be read`, async () => {
    const { status, out } = await runFake([name, "--help"], { columns: 80 });
    assertEquals([status, await runFake(["help", name])], [0, { status: 0, out, err: "" }]);
    for (const option of Object.keys(options)) assertStringIncludes(out, `--${option}`);
    assert(examples.length > 0);
    for (const { line } of examples) assert(line.startsWith(name), line);
  });
}

for (
  const [args, message] of [
    [[], "internode COMMAND [OPTION…]"],
    [["breakin"], 'There is no command "breakin". Do you mean breaking?\nSee "internode help".'],
    [["xyzzy"], 'There is no command "xyzzy". There are: '],
    [["help", "xyzzy"], 'There is no command "xyzzy".'],
    [
      ["breaking", "--jsom", "a", "b"],
      'breaking has no option "--jsom". Do you mean --json?\nSee "internode help breaking".',
    ],
    [["breaking", "-x", "a", "b"], 'breaking has no option "-x".'],
    [["breaking", "a"], "breaking needs NEW: the newer contracts"],
    [["breaking", "a", "b", "c"], 'breaking does not take "c" as well.'],
    [["breaking", "a", "b", "--json=1"], "--json takes no value."],
    [["breaking", "a", "b", "--timeout"], "--timeout needs a value: TIME."],
    [["breaking", "a", "b", "--timeout", "5"], "--timeout must be a time with its unit"],
    [["breaking", "a", "b", "--timeout=-1s"], "--timeout must be a time with its unit, such as"],
    [["breaking", "a", "b"], "a cannot be read"],
    [["completion", "fish"], "SHELL must be bash or zsh."],
    [["certs", "\u001b[31m--"], "cannot be read"],
    [["hosts", "--resolver", "{"], "--resolver: this is no JSON"],
    [["hosts", "--resolver", '{"ldap":{}}'], "--resolver: resolver must have one of dns, file"],
    [["hosts", "--resolver", '{"dns":{}}'], "name"],
  ] as const
) {
  Deno.test(`a mistake is explained: ${JSON.stringify(args)}`, async () => {
    const { status, out, err } = await runFake(args, { env: { HOME: "/none" } });
    assertEquals([status, out], [2, ""]);
    assertStringIncludes(err, message);
    assert(!err.includes("\u001b"), err);
  });
}

Deno.test("the version is printed", async () => {
  assertEquals(await runFake(["version"]), { status: 0, out: "0.1.0\n", err: "" });
});

Deno.test("who stops reading is no failure", async () => {
  const { status } = await runFake(["help"], { onPrint: () => false });
  assertEquals(status, 0);
});

const OLD = JSON.stringify({
  format: 1,
  contracts: [{
    kind: "single",
    name: "put",
    request: { type: "uint" },
    response: { type: "nothing" },
  }],
});
const NEW = OLD.replace('"uint"', '"string"');

Deno.test("breaking compares files, for people and for programs", async () => {
  const files = { "old.json": OLD, "new.json": NEW };
  assertEquals(await runFake(["breaking", "old.json", "old.json"], { files }), {
    status: 0,
    out: "There are no changes.\n",
    err: "",
  });
  const { status, out } = await runFake(["breaking", "old.json", "new.json"], { files });
  assertEquals(status, 1);
  assertStringIncludes(out, "CHANGE    CONTRACT  WHERE    WHY\nbreaking  put       request  ");
  const json = await runFake(["breaking", "--json", "old.json", "new.json"], { files });
  assertEquals([json.status, JSON.parse(json.out).breaking], [1, true]);
  const coloured = await runFake(["breaking", "old.json", "new.json"], { files, columns: 80 });
  assertStringIncludes(coloured.out, "\x1b[31mbreaking\x1b[0m");
  const plain = await runFake(["breaking", "old.json", "new.json"], {
    files,
    columns: 200,
    env: { NO_COLOR: "1" },
  });
  assertEquals(plain.out, out);
});

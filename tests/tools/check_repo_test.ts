/**
 * Each check of the repository: what it catches, and what it lets pass.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Check, checkFile } from "../../tools/repo/checks.ts";
import { listedMessages, quotedMessages } from "../../tools/repo/error_checks.ts";
import { publicOnly } from "../../tools/repo/public_checks.ts";
import { noCircles, oneWayFolders, smallFolders } from "../../tools/repo/import_checks.ts";
import {
  links,
  namedPaths,
  namedTasks,
  shortArchitecture,
} from "../../tools/repo/markdown_checks.ts";
import {
  changelogVersion,
  exportedFiles,
  linkedImports,
  standardHashes,
  toldVersion,
} from "../../tools/repo/release_checks.ts";
import {
  countedThings,
  forbiddenWords,
  moduleComment,
  pinnedActions,
  pinnedPackages,
  reasonedIgnores,
} from "../../tools/repo/source_checks.ts";

/** The lines at which a check finds problems in the first of some files. */
function lines(check: Check, ...files: [path: string, text: string][]): number[] {
  const [first] = files;
  return first ? checkFile(first[0], new Map(files), [check]).map(({ line }) => line) : [];
}

/** What must not stand in any file, this one included. */
function forbidden(...parts: string[]): string {
  return parts.join("");
}

Deno.test("check_repo: source files start with a module comment that says something", () => {
  const good = "/**\n * What it is.\n *\n * @module\n */\nexport const x = 1;\n";
  assertEquals(lines(moduleComment, ["lib/a.ts", good]), []);
  assertEquals(lines(moduleComment, ["lib/a.ts", `#!/usr/bin/env -S deno run\n${good}`]), []);
  assertEquals(lines(moduleComment, ["lib/a.ts", "export const x = 1;\n"]), [1]);
  assertEquals(lines(moduleComment, ["lib/a.ts", "/** A thing. */\nexport const x = 1;\n"]), [1]);
  assertEquals(lines(moduleComment, ["lib/a.ts", "/**\n * @module\n */\n"]), [1]);
  assertEquals(lines(moduleComment, ["tools/a/types.d.ts", "export type X = 1;\n"]), []);
});

Deno.test("check_repo: no text counts one thing as many", () => {
  const of = (text: string): number[] => lines(countedThings, ["lib/a.ts", `\n${text}\n`]);
  assertEquals(of("  const text = `The last ${known.length} endpoints stay.`;"), [2]);
  assertEquals(of("  const text = `after ${sum.count} failed calls`;"), [2]);
  assertEquals(of('  const text = `The last ${counted(known.length, "endpoint")}.`;'), []);
  assertEquals(of('  const text = n.length === 1 ? "1 host" : `${n.length} hosts`;'), []);
  assertEquals(of("  const text = `up to ${MAX_LENGTH} calls`;"), []);
  assertEquals(of("  // Of `${known.length} endpoints`"), []);
  assertEquals(lines(countedThings, ["tests/a.ts", "`${known.length} endpoints`"]), []);
});

Deno.test("check_repo: no machine's paths, no registry's hosts, nothing undone", () => {
  for (
    const text of [
      forbidden("/ho", "me/ann/x"),
      forbidden("file:///Use", "rs/ann/x"),
      forbidden("C:\\Use", "rs\\ann"),
      forbidden("https://regis", "try.npmjs.org/x"),
      forbidden("https://npm", ".jsr.io/x"),
      forbidden("// TO", "DO: more"),
    ]
  ) {
    assertEquals(lines(forbiddenWords, ["a.md", `fine\n${text}\n`]), [2], text);
  }
  const fine = "https://example.com/home/x unix:///run/a.sock https://jsr.io/@internode/grid";
  assertEquals(lines(forbiddenWords, ["a.md", fine]), []);
});

Deno.test("check_repo: who silences a rule says why", () => {
  const ignore = forbidden("// deno-lint", "-ignore no-explicit-any");
  assertEquals(lines(reasonedIgnores, ["a.ts", `${ignore} -- any will do\n`]), []);
  assertEquals(lines(reasonedIgnores, ["a.ts", `f();\n  ${ignore}\n`]), [2]);
  assertEquals(lines(reasonedIgnores, ["a.ts", forbidden("// @ts", "-ignore\n")]), [1]);
  assertEquals(lines(reasonedIgnores, ["a.ts", "// @ts-expect-error no such method\n"]), []);
});

Deno.test("check_repo: files import in no circle, types included", () => {
  const a = (text: string): [string, string] => ["lib/x/a.ts", text];
  const uses = (path: string): string => `import type { A } from "${path}";\n`;
  assertEquals(lines(noCircles, a(uses("./b.ts")), ["lib/x/b.ts", ""]), []);
  assertEquals(lines(noCircles, a(uses("./b.ts")), ["lib/x/b.ts", uses("../x/a.ts")]), [1]);
  assertEquals(
    lines(
      noCircles,
      a(`${uses("./d.ts")}import {\n  type B,\n} from "./b.ts";\n`),
      ["lib/x/b.ts", 'export * from "../y/c.ts";\n'],
      ["lib/y/c.ts", 'const c = await import("../x/a.ts");\n'],
      ["lib/x/d.ts", `/** ${uses("./a.ts")} */`],
    ),
    [2],
  );
  // Who only leads to a circle is none of it.
  assertEquals(
    lines(noCircles, a(uses("./b.ts")), ["lib/x/b.ts", uses("./c.ts")], [
      "lib/x/c.ts",
      uses("./b.ts"),
    ]),
    [],
  );
});

Deno.test("check_repo: folders import one way, those within others too", () => {
  const uses = (path: string): string => `import type { A } from "${path}";\n`;
  const b: [string, string] = ["lib/x/y/b.ts", ""];
  assertEquals(lines(oneWayFolders, ["lib/x/a.ts", uses("./y/b.ts")], b), []);
  assertEquals(
    lines(oneWayFolders, ["lib/x/a.ts", uses("./y/b.ts")], b, [
      "lib/x/y/c.ts",
      uses("../../z/d.ts"),
    ], ["lib/z/d.ts", uses("../x/e.ts")]),
    [1],
  );
});

Deno.test("check_repo: patterns use what users can use", () => {
  const entries: [string, string][] = [
    ["deno.json", `{ "exports": { ".": "./mod.ts", "./x": "./lib/x/mod.ts" } }`],
    ["mod.ts", 'export {\n  A,\n  type B,\n} from "./lib/grid/a.ts";\nexport * from "./all.ts";\n'],
    ["all.ts", 'export type { C } from "./lib/rpc/c.ts";\n'],
    ["lib/x/mod.ts", 'export { D } from "./d.ts";\n'],
  ];
  const at = (text: string, path = "lib/patterns/p.ts"): number[] =>
    lines(publicOnly, [path, text], ...entries);
  const fine = 'import { A, type B as Other } from "../grid/a.ts";\n' +
    'import type { C } from "../rpc/c.ts";\nimport { D } from "../x/d.ts";\n' +
    'import { Own } from "./own.ts";\nimport { guard } from "../foreign/guard.ts";\n';
  assertEquals(at(fine), []);
  assertEquals(at(`${fine}import {\n  A,\n  type Inner,\n} from "../grid/a.ts";\n`), [6]);
  assertEquals(at('import { E } from "../grid/e.ts";\n'), [1]);
  assertEquals(at('import { E } from "../grid/e.ts";\n', "lib/admin/p.ts"), []);
});

Deno.test("check_repo: a folder holds 20 files", () => {
  for (const folder of ["lib/x", "tests/x", "bench/x", "tools/x"]) {
    const files = Array.from({ length: 21 }, (_, i): [string, string] => [`${folder}/${i}.ts`, ""]);
    assertEquals(lines(smallFolders, ...files.slice(1)), [], folder);
    assertEquals(lines(smallFolders, ...files), [1], folder);
  }
});

Deno.test("check_repo: packages from npm are pinned", () => {
  const imports = (specifier: string) => `{\n"x": "${forbidden("np", "m:", specifier)}"\n}`;
  for (const pinned of ["zod@4.1.0", "@msgpack/msgpack@3.1.3", "deno-std@1.4.0/async/mod.js"]) {
    assertEquals(lines(pinnedPackages, ["deno.json", imports(pinned)]), [], pinned);
  }
  for (const loose of ["zod", "zod@4", "zod@^4.1.0", "@msgpack/msgpack", "deno-std/async/mod.js"]) {
    assertEquals(lines(pinnedPackages, ["deno.json", imports(loose)]), [2], loose);
  }
});

Deno.test("check_repo: actions of workflows are named by their commit and version", () => {
  const commit = "0123456789abcdef".repeat(3).slice(0, 40);
  const uses = (action: string) =>
    lines(pinnedActions, [".github/workflows/ci.yml", `steps:\n  - uses: ${action}\n`]);
  assertEquals(uses(`some/action@${commit} # v1.2.3`), []);
  assertEquals(uses("./.github/workflows/other.yml"), []);
  for (const loose of ["some/action@v1", "some/action", `some/action@${commit}`]) {
    assertEquals(uses(loose), [2], loose);
  }
});

Deno.test("check_repo: docs/errors.md quotes what errors say", () => {
  const code: [string, string] = ["lib/a.ts", "throw new Error(`No peer at ${host} answers.`);"];
  const quoted = (text: string) => lines(quotedMessages, ["docs/errors.md", text], code);
  assertEquals(quoted('- "No peer\n  at": start it.\n- `"code"`\n'), []);
  assertEquals(quoted('Fine.\n\n- "No such peer": start it.\n'), [3]);
  assertEquals(lines(quotedMessages, ["docs/other.md", '"No such peer"'], code), []);
});

Deno.test("check_repo: docs/errors.md quotes each message under its code", () => {
  const document: [string, string] = [
    "docs/errors.md",
    '### Closed\n\n- "No peer at": start it.\n\n### Cancelled\n\n- "left in vain": nothing.\n',
  ];
  const code = (text: string, path = "lib/a.ts") => lines(listedMessages, [path, text], document);
  const error = (errorCode: string, message: string) =>
    `throw new InternodeError("${errorCode}", ${message}, { origin: "local" });`;
  assertEquals(code(error("Closed", "`No peer at ${host} answers.`")), []);
  assertEquals(code(error("Closed", '`Here, ${no ? "some" : ""} ` +\n "No peer at 2."')), []);
  assertEquals(code(`const message = "No peer at 1.";\n${error("Closed", "message")}`), []);
  assertEquals(code(error("Closed", "`${reason}`")), []);
  assertEquals(code(error("InvalidArgument", '"Option a is wrong."')), []);
  assertEquals(code(error("Closed", '"It left in vain."')), [1]);
  assertEquals(code(`\n${error("Closed", '"It left in vain."')}`), [2]);
  assertEquals(code(`const message = "A peer left.";\n${error("Closed", "message")}`), [2]);
  assertEquals(code('throw protocolError("The peer is wrong.");'), [1]);
  assertEquals(code(error("Closed", '"It left in vain."'), "lib/testing/a.ts"), []);
  assertEquals(code(`// ${error("Closed", '"It left in vain."')}`), []);
});

Deno.test("check_repo: ARCHITECTURE.md has 15 KiB at most", () => {
  const sized = (path: string, bytes: number) =>
    lines(shortArchitecture, [path, "\u00e9".repeat(bytes / 2)]);
  assertEquals(sized("ARCHITECTURE.md", 15 * 1024), []);
  assertEquals(sized("ARCHITECTURE.md", 15 * 1024 + 2), [1]);
  assertEquals(sized("PROTOCOL.md", 20 * 1024), []);
});

Deno.test("check_repo: links lead somewhere", () => {
  const other: [string, string] = ["docs/B.md", "# One\n\n## Two words, `code`\n\n## One\n"];
  const check = (text: string) => lines(links, ["docs/A.md", `\n${text}\n`], other);
  for (
    const good of [
      "[b](B.md)",
      "[b](./B.md#one)",
      "[b](B.md#two-words-code)",
      "[b](B.md#one-1)",
      "[b](../docs/)",
      "[b](https://example.com/none.md)",
      "`[b](none.md)`",
      "```\n[b](none.md)\n```",
    ]
  ) {
    assertEquals(check(good), [], good);
  }
  for (const bad of ["[b](none.md)", "[b](B.md#three)", "[b](#one)", "![b](../B.png)"]) {
    assertEquals(check(bad), [2], bad);
  }
});

Deno.test("check_repo: paths, names and tasks in documents exist", () => {
  const repo: [string, string][] = [
    ["lib/wire/frame.ts", "export class Frame {}"],
    ["mod.ts", ""],
    [
      "deno.json",
      `{ "tasks": { "test": "deno test", "bench:rpc": "deno run", "bench:fan-out": "" } }`,
    ],
  ];
  const named = (text: string) => lines(namedPaths, ["A.md", text], ...repo);
  assertEquals(named("`lib/wire/frame.ts`, `lib/wire/`, `lib/wire`, `mod.ts`, `lib/*/x.ts`"), []);
  assertEquals(named("`lib/wire/frame.ts:Frame`"), []);
  assertEquals(named("\n`lib/wire/frames.ts`"), [2]);
  assertEquals(named("`lib/wire/frame.ts:Fram`"), [1]);
  assertEquals(named("`tests/wire`"), [1]);

  const tasks = (text: string) => lines(namedTasks, ["A.md", text], ...repo);
  assertEquals(tasks("`deno task test`, `npx -y deno@2.9.6 task bench:rpc --json`"), []);
  assertEquals(tasks("`deno task bench:fan-out --json`"), []);
  assertEquals(tasks("\n`npx -y deno@2.9.6 task demo`"), [2]);
});

Deno.test("check_repo: what is published hangs together", () => {
  const config: [string, string] = [
    "deno.json",
    JSON.stringify({
      version: "0.2.0",
      exports: { ".": "./mod.ts" },
      imports: { "@std/assert": "jsr:@std/assert@^1" },
      links: ["./tools/std/assert"],
    }),
  ];
  const link: [string, string] = ["tools/std/assert/deno.json", `{ "name": "@std/assert" }`];
  assertEquals(lines(exportedFiles, config, link, ["mod.ts", ""]), []);
  assertEquals(lines(exportedFiles, config, link), [1]);
  assertEquals(lines(linkedImports, config, link), []);
  assertEquals(lines(linkedImports, config), [1]);

  const changelog = (version: string) =>
    lines(changelogVersion, ["CHANGELOG.md", `# Changes\n\n## ${version}\n`], config);
  assertEquals(changelog("0.2.0 (unreleased)"), []);
  assertEquals(changelog("0.1.0"), [3]);

  const told = (text: string) =>
    lines(toldVersion, ["lib/rpc/inspection/version.ts", text], config);
  assertEquals(told('/** */\nexport const VERSION = "0.2.0";\n'), []);
  assertEquals(told('/** */\nexport const VERSION = "0.1.0";\n'), [2]);
  assertEquals(told("export const OTHER = 1;"), [1]);
});

Deno.test("check_repo: what stands in for packages of JSR is one of a list, by its hash", async () => {
  const lock = await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)).catch(() => "");
  const path = "tools/std/x/mod.ts", good = 'export * from "npm:deno-std@1.4.0/x/mod.js";\n';
  const of = (text: string, locked: string): number[] =>
    lines(standardHashes, [path, text], ["deno.lock", locked]);
  if (lock !== "") assertEquals(of(good, lock), []);
  assertEquals(of(good, "{}"), [1]);
  assertEquals(of(good, '{"npm":{"deno-std@1.4.0":{"integrity":"sha512-other"}}}'), [1]);
  assertEquals(of('export * from "npm:deno-std@1.5.0/x/mod.js";\n', lock || "{}"), [1]);
  assertEquals(of('\nexport * from "https://example.com/x.js";\n', lock || "{}"), [2]);
  assertEquals(lines(standardHashes, ["lib/a.ts", 'import "npm:other@1.0.0";']), []);
});

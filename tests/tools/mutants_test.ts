/** The mutants that are made of a source, and how they are judged. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { EXPLAINED, explanationOf } from "../../tools/mutants/explained.ts";
import { apply } from "../../tools/mutants/mutant.ts";
import { type Options, parseOptions } from "../../tools/mutants/options.ts";
import { filesOf } from "../../tools/mutants/rooms.ts";
import { Score } from "../../tools/mutants/score.ts";
import { planTests } from "../../tools/mutants/test_plan.ts";
import { Workshop } from "../../tools/mutants/workshop.ts";

/** What the compiler that reads the sources wants when it is loaded, and the workshop beside it. */
const ignore = (["read", "write", "run", "env"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);
const { mutate } = ignore
  ? {} as typeof import("../../tools/mutants/mutate.ts")
  : await import("../../tools/mutants/mutate.ts");

/** All texts that a source becomes. */
function mutated(text: string): string[] {
  return mutate("a.ts", text).map((mutant) => apply(text, mutant));
}

Deno.test({ name: "mutants: comparisons change their bound, or their sense", ignore }, () => {
  assertEquals(mutated("const x = a < b;"), ["const x = a <= b;"]);
  assertEquals(mutated("const x = a >= b;"), ["const x = a > b;"]);
  assertEquals(mutated("const x = a === b;"), ["const x = a !== b;"]);
  assertEquals(mutated("const x = Math.min(a, b);"), ["const x = Math.max(a, b);"]);
});

Deno.test({
  name: "mutants: of a condition each part is removed, and its logic turned round",
  ignore,
}, () => {
  assertEquals(mutated("const x = a && b;"), ["const x = a || b;", "const x = a;", "const x = b;"]);
  assertEquals(mutated("const x = !a;"), ["const x = a;"]);
  assertEquals(mutated("const x = a ? b : c;"), ["const x = !(a) ? b : c;"]);
  assertEquals(mutated("while (a) ;"), ["while (!(a)) ;"]);
});

Deno.test({ name: "mutants: a guard is turned round and removed", ignore }, () => {
  assertEquals(mutated("if (a) return;"), ["if (!(a)) return;", ";"]);
  assertEquals(mutated("if (a) { x = y; throw b; }"), [
    "if (!(a)) { x = y; throw b; }",
    ";",
    "if (a) { ; throw b; }",
  ]);
  // What does not leave is no guard: its statements are removed one by one.
  assertEquals(mutated("if (a) f(); else g();"), [
    "if (!(a)) f(); else g();",
    "if (a) ; else g();",
    "if (a) f(); else ;",
  ]);
});

Deno.test(
  { name: "mutants: statements are removed, but not what a constructor sets up", ignore },
  () => {
    assertEquals(mutated("f(a);"), [";"]);
    assertEquals(mutated("a = b;"), [";"]);
    assertEquals(mutated("i++;"), [";", "i--;"]);
    assertEquals(mutated("class A { constructor(b) { super(); this.b = b; } }"), []);
  },
);

Deno.test({ name: "mutants: numbers and truths change, texts and types do not", ignore }, () => {
  assertEquals(mutated("const a = 0x10;"), ["const a = 17;"]);
  assertEquals(mutated("const a = 1n;"), ["const a = 2n;"]);
  assertEquals(mutated("const a = true;"), ["const a = false;"]);
  assertEquals(mutated("const a = b + 1;"), ["const a = b - 1;", "const a = b + 2;"]);
  assertEquals(mutated("const a = `${b}` + c;"), []);
  assertEquals(mutated("let a: 1 | true; interface B { c: 2 } type D = 3; import e from 'f';"), []);
  assertEquals(mutated("for (;; i++) f();"), ["for (;; i++) ;"]);
});

Deno.test({ name: "mutants: each says where it is and what was done", ignore }, () => {
  const [mutant] = mutate("lib/a.ts", "\n  if (\n    a < b\n  ) f();\n").filter(({ change }) =>
    change.includes("<=")
  );
  assertEquals(
    [mutant?.file, mutant?.line, mutant?.lineText, mutant?.change],
    ["lib/a.ts", 3, "a < b", "`<` became `<=`"],
  );
});

Deno.test(
  { name: "mutants: an explanation holds for its line and its changes alone", ignore },
  () => {
    const [less, more] = mutate("a.ts", "const x = a < b;\nconst y = a < b;");
    const explained = [
      {
        file: "a.ts",
        lineText: "const x = a < b;",
        changes: ["`<` became `<=`"],
        reason: "never equal",
      },
    ];
    assertEquals(explanationOf(less!, explained)?.reason, "never equal");
    assertEquals(explanationOf(more!, explained), undefined);
    assertEquals(explanationOf({ ...less!, change: "other" }, explained), undefined);
  },
);

Deno.test({
  name: "mutants: each explanation is of a mutant that there is",
  ignore,
  async fn() {
    const texts = new Map<string, ReturnType<typeof mutate>>();
    for (const { file, lineText, changes } of EXPLAINED) {
      if (!texts.has(file)) {
        const source = new URL(`../../${file}`, import.meta.url);
        texts.set(file, mutate(file, await Deno.readTextFile(source)));
      }
      const made = texts.get(file)!.filter((mutant) => mutant.lineText === lineText);
      assert(made.length > 0, `${file} has no such line: ${lineText}`);
      for (const change of changes ?? []) {
        assert(made.some((mutant) => mutant.change === change), `${file}: ${lineText}: ${change}`);
      }
    }
  },
});

Deno.test("mutants: the options are read, and what is wrong with them is said", () => {
  const read = (...args: string[]) => parseOptions(args) as Options;
  const options = read("--room", "wire", "--room", "codec", "--limit", "9", "--seed", "7");
  assertEquals([options.rooms, options.limit, options.seed], [["wire", "codec"], 9, 7]);
  assertEquals(read().limit, Infinity);
  assert(read().rooms.includes("session"));
  assertThrows(() => parseOptions(["--room", "attic"]), Error, "no room attic");
  assertThrows(() => parseOptions(["--limit", "many"]), Error, "--limit must be a whole number");
  assertThrows(() => parseOptions(["--limits", "9"]), Error);
});

Deno.test("mutants: a room's list names files and folders, and nothing that is not there", () => {
  const all = ["lib/wire/a.ts", "lib/wire/b.json", "lib/wired/c.ts", "lib/errors.ts"];
  assertEquals(filesOf(all, ["lib/wire/", "lib/errors.ts"], ".ts"), [
    "lib/wire/a.ts",
    "lib/errors.ts",
  ]);
  assertThrows(() => filesOf(all, ["lib/gone.ts"], ".ts"), Error, "lib/gone.ts: no such file");
});

Deno.test("mutants: a file's own tests run first, then quick ones together, then the others by themselves", () => {
  const tests = [
    { path: "tests/a/slow_test.ts", durationMs: 20_000 },
    { path: "tests/a/middling_test.ts", durationMs: 5_000 },
    { path: "tests/a/quick_test.ts", durationMs: 300 },
    { path: "tests/a/quicker_test.ts", durationMs: 200 },
    { path: "tests/a/thing_test.ts", durationMs: 4_000 },
  ];
  const batches = planTests("lib/a/thing.ts", tests);
  assertEquals(batches.map(({ files }) => files), [
    ["tests/a/thing_test.ts"],
    ["tests/a/quicker_test.ts", "tests/a/quick_test.ts"],
    ["tests/a/middling_test.ts"],
    ["tests/a/slow_test.ts"],
  ]);
  assert(batches.every(({ limitMs }) => limitMs >= 10_000));
});

Deno.test("mutants: a score leaves out what is explained", () => {
  const score = new Score();
  assert(score.toString().startsWith("0 mutants"), score.toString());
  for (const fate of ["killed", "killed", "timed out", "survived", "explained"] as const) {
    score.add(fate);
  }
  assertEquals(
    score.toString(),
    "5 mutants: 2 killed, 1 timed out, 1 survived, 1 explained; 75.0 % of those that can be noticed were",
  );
});

Deno.test({
  name:
    "mutants: in a copy a fault fails its tests, one that never ends runs out of time, and both are undone",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const files = {
      "a.ts":
        "export function up(to: number): number {\n  let n = 0;\n  while (n < to) n++;\n  return n;\n}\n",
      "a_test.ts":
        'import { up } from "./a.ts";\nDeno.test("up", () => {\n  if (up(3) !== 3) throw 1;\n});\n',
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const root = new URL(`file://${folder}/`);
    {
      await using workshop = await Workshop.open(root, [...Object.keys(files), "gone.ts"]);
      const test = (limitMs = 60_000) => workshop.test(["a_test.ts"], limitMs);
      const mutants = mutate("a.ts", files["a.ts"]);
      const wrong = mutants.find(({ change }) => change.includes("<="))!;
      const endless = mutants.find(({ change }) => change.includes("n--"))!;
      assertEquals(await test(), "passed");
      assertEquals(await workshop.with(wrong, () => test()), "failed");
      assertEquals(await workshop.with(endless, () => test(2_000)), "timed out");
      assertEquals(await test(), "passed");
    }
    assertEquals(await Deno.readTextFile(`${folder}/a.ts`), files["a.ts"]);
    await Deno.remove(folder, { recursive: true });
  },
});

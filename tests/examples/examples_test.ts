/** Each small example runs, with the permissions it names, and says what it should. @module */

import { assertEquals } from "@std/assert";
import { FILES, NET, PROGRAMS, RUNTIME } from "../support/permitted.ts";
import { runProgram } from "../support/program.ts";

const ignore = !PROGRAMS || !NET;

interface Example {
  readonly module: URL;
  /** What it prints. */
  readonly lines: readonly string[];
  /** What it must be allowed on Deno. */
  readonly flags?: readonly string[];
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  "hello.ts": {
    module: new URL("../../examples/hello.ts", import.meta.url),
    lines: ["Hello one, this is two.", "Hello two, this is one."],
  },
  "subroutes.ts": {
    module: new URL("../../examples/subroutes.ts", import.meta.url),
    lines: [
      "disk-1: first",
      "disk-2: HandlerFailed: disk.read on memory://storage: a.txt is not on disk-2",
      'disk-3: UnknownHandler: disk.read on memory://storage: There is no handler "disk.read" for ' +
      'subroute "disk-3" here.',
    ],
  },
  "own_server.ts": {
    module: new URL("../../examples/own_server.ts", import.meta.url),
    lines: ["You are visitor 1.", "", "elsewhere: 1"],
    flags: ["--allow-net=127.0.0.1"],
  },
  "compatible_change.ts": {
    module: new URL("../../examples/compatible_change.ts", import.meta.url),
    lines: [
      'the old node gets { name: "a", size: 1 }',
      "new to old: { stored: true }",
      'the new node gets { name: "b", size: 2 }',
      "old to new: { stored: true }",
    ],
  },
};

async function linesOf({ module, flags = [] }: Omit<Example, "lines">): Promise<string[]> {
  const { code, out, err } = await runProgram(module, flags);
  assertEquals(code, 0, err);
  return out.trimEnd().split("\n");
}

/** Without what differs: Node writes strings of objects in other quotes, and Bun each member on a line. */
function alike(text: string): string {
  return text.replaceAll("'", '"').replaceAll(/\s+/g, " ").replaceAll(", }", " }");
}

for (const [name, example] of Object.entries(EXAMPLES)) {
  Deno.test({
    name: `examples/${name} says what it should`,
    ignore,
    fn: async () =>
      assertEquals(alike((await linesOf(example)).join(" ")), alike(example.lines.join(" "))),
  });
}

Deno.test({
  name: "examples/streams.ts sends no faster than it reads",
  ignore,
  async fn() {
    const lines = await linesOf({ module: new URL("../../examples/streams.ts", import.meta.url) });
    const numbers = (word: string) =>
      lines.filter((line) => line.startsWith(word)).map((line) => Number(line.split(" ")[1]));
    assertEquals(numbers("sent"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assertEquals(numbers("total"), [101, 103, 106, 110, 115, 121, 128, 136, 145, 155]);
    // All capacities together: four inputs and two outputs, and what each end has in its hands.
    let ahead = 0, most = 0;
    for (const line of lines) {
      ahead += line.startsWith("sent") ? 1 : line.startsWith("total") ? -1 : 0;
      most = Math.max(most, ahead);
    }
    assertEquals(most <= 8, true);
    assertEquals(lines.includes("The handler is done."), true);
  },
});

Deno.test({
  name: "examples/workers serves on one worker, then on two",
  ignore: ignore || !FILES || RUNTIME !== "deno" || Deno.build.os === "windows",
  async fn() {
    const main = new URL("../../examples/workers/main.ts", import.meta.url);
    const some = [
      "--own",
      "--workers",
      "2",
      "--clients",
      "1",
      "--below",
      "100",
      "--seconds",
      "0.2",
    ];
    const { code, out, err } = await runProgram(main, ["-A", "--no-check"], some);
    assertEquals(code, 0, err);
    const [head, ...lines] = out.trimEnd().split("\n").map((line) => line.trim().split(/\s{2,}/));
    assertEquals(head![0], "workers");
    assertEquals(lines.map(([workers]) => workers), ["1", "2"]);
    assertEquals(lines.map(([, , , spread]) => spread!.split(" : ").length), [2, 2]);
  },
});

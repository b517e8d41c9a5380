/** The one parser of command lines. @module */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  choice,
  CommandLine,
  flag,
  list,
  seconds,
  text,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";

const line = new CommandLine("deno task x", "Does something.", {
  nodes: whole("how many nodes", { from: 2, to: 9, fallback: 3 }),
  seed: whole("repeats a run; a new one is drawn without it", { from: 0, fallback: undefined }),
  seconds: seconds("how long", 0.5),
  over: choice("what it goes over", ["tcp", "unix"], "tcp"),
  out: text("where the result goes", "FILE", undefined),
  sizes: list("payloads, in bytes", "A,B", ["1", "2"], Number),
  json: flag("print JSON"),
}, "Ends with status 0.");

Deno.test("a command line without options has the defaults", () => {
  assertEquals(line.parse([]), {
    nodes: 3,
    seed: undefined,
    seconds: 0.5,
    over: "tcp",
    out: undefined,
    sizes: [1, 2],
    json: false,
  });
});

Deno.test("a command line's options are read, with or without an equals sign", () => {
  const args = "--nodes 4 --seed=7 --seconds 1.5 --over unix --out f --sizes 3,4 --sizes 5 --json"
    .split(" ");
  assertEquals(line.parse(args), {
    nodes: 4,
    seed: 7,
    seconds: 1.5,
    over: "unix",
    out: "f",
    sizes: [3, 4, 5],
    json: true,
  });
});

for (
  const [args, message] of [
    ["--nodes 1", '--nodes must be a whole number from 2 to 9, not "1".'],
    ["--nodes 10", "--nodes must be"],
    ["--nodes 2.5", "--nodes must be"],
    ["--seed -1", "--seed"],
    ["--seed=-1", '--seed must be a whole number from 0 on, not "-1".'],
    ["--seconds 0", "--seconds must be a number of seconds above 0"],
    ["--seconds Infinity", "--seconds must be"],
    ["--over pigeon", '--over must be tcp, unix, not "pigeon".'],
    ["--sizes 1,,2", "--sizes has an empty entry."],
    ["--nodes", "--nodes"],
    ["--json=yes", "--json"],
    ["--unknown", "Unknown option '--unknown'"],
    ["stray", "Unexpected argument 'stray'"],
  ] as const
) {
  Deno.test(`a command line refuses ${JSON.stringify(args)}`, () => {
    assertThrows(() => line.parse(args.split(" ")), UsageError, message);
  });
}

Deno.test("a command line's help shows each option with its unit and its default", () => {
  assertEquals(line.parse(["--help"]), "help");
  for (
    const part of [
      "deno task x [options]\n\nDoes something.\n\n",
      "  --nodes N    how many nodes, from 2 to 9 (default: 3)\n",
      "  --seconds S  how long, in seconds (default: 0.5)\n",
      "  --over NAME  tcp, unix: what it goes over (default: tcp)\n",
      "  --sizes A,B  payloads, in bytes (default: 1,2)\n",
      "  --json       print JSON\n",
      "\n\nEnds with status 0.",
    ]
  ) assertStringIncludes(line.usage, part);
  assert(line.usage.split("\n").every(({ length }) => length <= 80));
});

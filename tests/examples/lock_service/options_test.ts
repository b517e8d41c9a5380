/** The command line of the demo. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "../../../examples/lock_service/supervisor/options.ts";
import { UsageError } from "../../../tools/command_line/command_line.ts";

Deno.test("without options the demo runs as documented", () => {
  assertEquals(parseOptions([], 7), {
    nodes: 8,
    seconds: 20,
    keys: 8,
    transport: "tcp",
    runtimes: ["deno"],
    mtls: false,
    seed: 7,
    web: false,
    json: false,
    careless: false,
  });
});

Deno.test("each option is heard", () => {
  const args =
    "--nodes 3 --seconds=5 --keys 1 --transport unix --runtimes deno,node@26.10.0 --mtls --seed 9 " +
    "--web --json --break";
  assertEquals(parseOptions(args.split(" "), 7), {
    nodes: 3,
    seconds: 5,
    keys: 1,
    transport: "unix",
    runtimes: ["deno", "node@26.10.0"],
    mtls: true,
    seed: 9,
    web: true,
    json: true,
    careless: true,
  });
  const secure = parseOptions(["--transport", "wss", "--mtls"], 7);
  assertEquals(secure !== "help" && [secure.transport, secure.mtls], ["wss", true]);
  assertEquals(parseOptions(["--help"], 7), "help");
});

for (
  const args of [
    ["--nodes", "2"],
    ["--nodes", "many"],
    ["--seconds", "1.5"],
    ["--seconds", "-1"],
    ["--keys", ""],
    ["--transport", "pigeon"],
    ["--transport", "ws", "--mtls"],
    ["--transport", "wss"],
    ["--seed", "4294967296"],
    ["--nodes"],
    ["--unknown"],
    ["stray"],
  ]
) {
  Deno.test(`${JSON.stringify(args.join(" "))} is refused`, () => {
    assertThrows(() => parseOptions(args, 7), UsageError);
  });
}

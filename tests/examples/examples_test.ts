/** Each small example runs, with the permissions it names, and says what it should. @module */

import { assertEquals } from "@std/assert";

const ignore = (["run", "net"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

const EXPECTED: Record<string, string[]> = {
  "hello.ts": ["Hello one, this is two.", "Hello two, this is one."],
  "subroutes.ts": [
    "disk-1: first",
    "disk-2: HandlerFailed: disk.read on memory://storage: a.txt is not on disk-2",
    'disk-3: UnknownHandler: disk.read on memory://storage: There is no handler "disk.read" for ' +
    'subroute "disk-3" here.',
  ],
  "own_server.ts": ["You are visitor 1.", "", "elsewhere: 1"],
  "compatible_change.ts": [
    'the old node gets { name: "a", size: 1 }',
    "new to old: { stored: true }",
    'the new node gets { name: "b", size: 2 }',
    "old to new: { stored: true }",
  ],
};

async function runExample(name: string): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      ...(name === "own_server.ts" ? ["--allow-net=127.0.0.1"] : []),
      new URL(`../../examples/${name}`, import.meta.url).href,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stderr));
  return text.decode(stdout).trimEnd().split("\n");
}

for (const [name, lines] of Object.entries(EXPECTED)) {
  Deno.test({
    name: `examples/${name} says what it should`,
    ignore,
    fn: async () => assertEquals(await runExample(name), lines),
  });
}

Deno.test({
  name: "examples/streams.ts sends no faster than it reads",
  ignore,
  async fn() {
    const lines = await runExample("streams.ts");
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
  ignore: ignore || Deno.permissions.querySync({ name: "write" }).state !== "granted" ||
    Deno.build.os === "windows",
  async fn() {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check"],
        new URL("../../examples/workers/main.ts", import.meta.url).href,
        ...["--own", "--workers", "2", "--clients", "1", "--below", "100", "--seconds", "0.2"],
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    assertEquals(code, 0, text.decode(stderr));
    const [head, ...lines] = text.decode(stdout).trimEnd().split("\n")
      .map((line) => line.trim().split(/\s{2,}/));
    assertEquals(head![0], "workers");
    assertEquals(lines.map(([workers]) => workers), ["1", "2"]);
    assertEquals(lines.map(([, , , spread]) => spread!.split(" : ").length), [2, 2]);
  },
});

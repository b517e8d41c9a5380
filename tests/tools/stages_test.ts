import { assertEquals, assertRejects } from "@std/assert";
import { StageError, Stages } from "../../tools/package/stages.ts";
import { RUN } from "../support/permitted.ts";

const ignore = !RUN || Deno.build.os === "windows" || Deno.build.os === "darwin";

/** Runs without what steps print. */
async function quietly<T>(body: (lines: string[]) => Promise<T>): Promise<T> {
  const lines: string[] = [], log = console.log;
  console.log = (line: string) => void lines.push(line);
  try {
    return await body(lines);
  } finally {
    console.log = log;
  }
}

Deno.test({
  name: "a step gives what its program printed, and fails by its status, its output or its time",
  ignore,
  fn: () =>
    quietly(async (lines) => {
      const stages = new Stages();
      const run = (
        name: string,
        script: string,
        more: { seconds?: number; prints?: RegExp } = {},
      ) => stages.run({ name, command: ["sh", "-c", script], cwd: "/", ...more });
      assertEquals(await run("good", "echo 1", { prints: /^1\n$/ }), "1\n");
      await assertRejects(() => run("bad", "echo why >&2; exit 3"), StageError);
      await assertRejects(() => run("other", "echo 2", { prints: /^1\n$/ }), StageError);
      // What the program leaves behind holds its output open, until it is killed as well.
      await assertRejects(() => run("late", "sleep 100 & sleep 100", { seconds: 0.2 }), StageError);
      assertEquals(stages.failed, ["bad", "other", "late"]);
      assertEquals(lines.map((line) => line.replaceAll(/\d+\.\d s/g, "T")), [
        "ok good (T)",
        "FAILED bad (T, status 3, printed): sh -c echo why >&2; exit 3\nwhy\n",
        "FAILED other (T, status 0, printed): sh -c echo 2\n2\n",
        "FAILED late (T, longer than T): sh -c sleep 100 & sleep 100\n",
      ]);
    }),
});

Deno.test({
  name: "a step that fails ends its group, and the next group begins",
  ignore,
  fn: () =>
    quietly(async () => {
      const stages = new Stages(), reached: string[] = [];
      await stages.group(async () => {
        await stages.run({ name: "false", command: ["false"], cwd: "/" });
        reached.push("never");
      });
      await stages.group(async () => {
        await stages.run({ name: "true", command: ["true"], cwd: "/" });
        reached.push("next");
      });
      assertEquals([reached, stages.failed], [["next"], ["false"]]);
    }),
});

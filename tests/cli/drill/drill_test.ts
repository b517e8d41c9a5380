/**
 * The drill: something goes wrong in a grid of real processes, and the commands
 * of docs/debugging.md find node, handler and call. With `-- --write` the page
 * gets what they print.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FILES, NET, RUN, RUNTIME } from "../../support/permitted.ts";
import { DrillGrid } from "./drill_grid.ts";
import { type PageCommand, readPage, shapeOf, writePage } from "./drill_page.ts";

/** After so long an operator has found nothing. */
const WITHIN_MS = 20_000;
const ignore = !NET || !FILES || !RUN || RUNTIME !== "deno" || Deno.build.os === "windows";
const isWriting = Deno.args.includes("--write");
const WELL = [1, 2, 3, 4, 5].map(DrillGrid.nameOf), [one, two, three, four, five] = WELL;
const NO_WARNING = "There are no warnings.";

/** A part of the page. */
interface Drill {
  /** The section's heading. */
  readonly heading: string;
  /** Makes something go wrong. */
  fail(grid: DrillGrid): Promise<void>;
  /** What each command of the section must say, a pattern for a line. */
  readonly says: readonly (readonly string[])[];
  /** Puts it right. */
  mend?(grid: DrillGrid): Promise<void>;
}

const HANGS = `^${two} +disk\\.read: \\d+ calls have run for .* \\(from tls:`;
const FROZEN = [
  `^${three} +It does not answer \\(`,
  `^${three} +\\d+ calls wait for it .*: disk\\.`,
];
const OVERLOADED = `^${four} +disk\\.write: .* fail, .*Overloaded`;
const ENDS = `^${one} +Its certificate "CN=node-1" ends in (23h|24h|1d)`;
const OLD = `^${five} +disk\\.write: Its contract differs .* at request\\.checksum`;

const DRILLS: readonly Drill[] = [
  {
    heading: "1. A handler hangs",
    fail: (grid) => grid.goWrong(2, "readHangs"),
    says: [[HANGS], [`^${two} +[\\d.]+s +in +disk\\.read +tls://\\S+ +running`]],
    mend: (grid) => grid.goWrong(2, "none"),
  },
  {
    heading: "2. A node is frozen",
    fail: (grid) => Promise.resolve(grid.signal(3, "SIGSTOP")),
    says: [FROZEN, [`^tls://\\S+ +[\\d.]+s +out +disk\\.read +${three} +running`]],
    async mend(grid) {
      grid.signal(3, "SIGCONT");
      await grid.ready();
    },
  },
  {
    heading: "3. A node is overloaded",
    fail: (grid) => grid.goWrong(4, "writeIsSlow"),
    says: [[OVERLOADED], [`Overloaded +disk\\.write +${four} +tls:`]],
    mend: (grid) => grid.goWrong(4, "none"),
  },
  {
    heading: "4. A certificate ends soon",
    fail: (grid) => grid.restart(1, { certificateDays: 1 }),
    says: [[ENDS], [`^${one} +own .* (23h|24h|1d)\\S* +CN=node-1$`]],
    mend: (grid) => grid.restart(1, {}),
  },
  {
    heading: "5. A node runs other contracts",
    fail: (grid) => grid.restart(5, { isOld: true }),
    says: [[OLD], [`^breaking +disk\\.write +request\\.checksum +old callers`]],
  },
  {
    heading: "What is wrong?",
    async fail(grid) {
      await grid.restart(1, { certificateDays: 1 });
      await grid.goWrong(2, "readHangs");
      await grid.goWrong(4, "writeIsSlow");
      grid.signal(3, "SIGSTOP");
    },
    says: [[HANGS, ...FROZEN, OVERLOADED, ENDS, OLD]],
  },
];

/** Runs a command again and again until it says what it must. */
async function find(
  grid: DrillGrid,
  { line, out: shown }: PageCommand,
  says: readonly string[],
): Promise<string> {
  for (const endMs = performance.now() + WITHIN_MS;;) {
    const { out } = await grid.run(line);
    const missing = says.filter((pattern) => !new RegExp(pattern, "m").test(out));
    const isSame = isWriting || shapeOf(out).join("\n") === shapeOf(shown).join("\n");
    if (missing.length === 0 && isSame) return out;
    if (performance.now() < endMs) continue;
    assertEquals(missing, [], `${line} does not find it:\n${out}`);
    assertEquals(shapeOf(out), shapeOf(shown), `docs/debugging.md shows something else:\n${out}`);
  }
}

Deno.test({
  name: "the commands of docs/debugging.md find the node, the handler and the call",
  ignore,
  async fn(test) {
    const page = await readPage(), printed = new Map<string, PageCommand[]>();
    await using grid = await DrillGrid.start();
    await test.step("nothing is wrong", async () => {
      const out = WELL.map((host) => `${host} yes yes\n`).join("");
      const line = "internode health --strict";
      await find(grid, { line, out: `HOST READY ALIVE PROBLEMS\n${out}\n${NO_WARNING}\n` }, [
        `^${NO_WARNING}$`,
      ]);
    });
    for (const { heading, fail, says, mend } of DRILLS) {
      await test.step(heading, async () => {
        const commands = page.get(heading) ?? [];
        assertEquals(commands.length, says.length, "commands in that section of the page");
        await fail(grid);
        const startMs = performance.now(), outs: PageCommand[] = [];
        try {
          for (const [at, command] of commands.entries()) {
            outs.push({ line: command.line, out: await find(grid, command, says[at]!) });
            const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
            console.log(`${command.line}: found after ${seconds} s`);
          }
        } finally {
          await mend?.(grid);
        }
        printed.set(heading, outs);
      });
    }
    if (isWriting) await writePage(printed);
  },
});

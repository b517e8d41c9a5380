/**
 * The benches without I/O against a baseline, relative to a loop that is
 * measured in turns with them, so that a baseline holds from machine to
 * machine: `deno task bench:check`.
 *
 * @module
 */

import { CommandLine, flag, readLine, whole } from "../../tools/command_line/command_line.ts";
import type { CheckedBench } from "./check_process.ts";
import { compare, type Compared, MAX_GROWTH, parseBaseline, type Ratios } from "./comparison.ts";
import { median } from "../support/median.ts";

const LINE = new CommandLine(
  "deno task bench:check",
  "Measures the benches without I/O relative to a loop of the same kind of work, beside " +
    "bench/pure/baseline.json.",
  {
    update: flag("write the baseline instead"),
    fail: flag(`end with status 1 if one has become slower by more than ${100 * MAX_GROWTH} %`),
    runs: whole("how many processes measure, of which the middle counts", { from: 1, fallback: 3 }),
    json: flag("a line of JSON for each"),
  },
);

const FILES = ["framer_bench.ts", "session_bench.ts", "codec_bench.ts", "ownership_bench.ts"];
const NAME_WIDTH = 64;
const BASELINE = new URL("baseline.json", import.meta.url);

/** The middle of several processes each, as the engine compiles the same code now this way and now that. */
async function measureRatios(runs: number): Promise<{ ratios: Ratios; eachNs: Ratios }> {
  const all = new Map<string, CheckedBench[]>();
  for (let run = 0; run < runs; run++) {
    for (const bench of await runOnce()) {
      all.set(bench.name, [...all.get(bench.name) ?? [], bench]);
    }
  }
  const middle = (of: (bench: CheckedBench) => number, digits: number): Ratios =>
    Object.fromEntries([...all].map(([name, benches]) => [
      name,
      Number(median(benches.map(of)).toPrecision(digits)),
    ]));
  return { ratios: middle(({ ratio }) => ratio, 4), eachNs: middle(({ eachNs }) => eachNs, 3) };
}

async function runOnce(): Promise<CheckedBench[]> {
  const files = FILES.map((file) => new URL(file, import.meta.url).href);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("check_process.ts", import.meta.url).href, ...files],
  }).output();
  if (code !== 0) throw new Error(`the benches have failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as CheckedBench[];
}

function line({ name, ratio, baseline, change, verdict }: Compared, eachNs: Ratios): string {
  const figure = (value: number | null): string => (value?.toFixed(3) ?? "").padStart(8);
  const percent = change === null ? "" : `${change < 0 ? "" : "+"}${(100 * change).toFixed(0)} %`;
  const mark = verdict === "same" ? "" : verdict === "slower" ? "SLOWER" : verdict;
  const ns = eachNs[name] === undefined ? "" : `${eachNs[name]} ns`;
  return `${name.padEnd(NAME_WIDTH)} ${ns.padStart(8)} ${figure(ratio)} ${figure(baseline)} ${
    percent.padStart(7)
  }  ${mark}`.trimEnd();
}

if (import.meta.main) {
  const values = readLine(LINE);
  const { ratios, eachNs } = await measureRatios(values.runs);
  if (values.update) {
    await Deno.writeTextFile(BASELINE, `${JSON.stringify(ratios, null, 2)}\n`);
    console.log(`The baseline of ${Object.keys(ratios).length} benches is written.`);
    Deno.exit();
  }
  const compared = compare(ratios, parseBaseline(await Deno.readTextFile(BASELINE)));
  if (values.json) { for (const each of compared) console.log(JSON.stringify(each)); }
  else {
    console.log(`${"".padEnd(NAME_WIDTH + 9)} ${"ratio".padStart(8)} ${"baseline".padStart(8)}`);
    for (const each of compared) console.log(line(each, eachNs));
    const slower = compared.filter(({ verdict }) => verdict === "slower").length;
    console.log(
      slower === 0
        ? `None has become slower by more than ${100 * MAX_GROWTH} %.`
        : `${slower} of ${compared.length} have become slower by more than ${100 * MAX_GROWTH} %.`,
    );
  }
  if (values.fail && compared.some(({ verdict }) => verdict === "slower")) Deno.exitCode = 1;
}

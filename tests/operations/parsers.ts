/** Real parsers of metrics: Debian's `promtool`, and Prometheus' own client for Python. */

import { spawnSync } from "node:child_process";
import { PROGRAMS } from "../support/permitted.ts";

/** What a parser says of a text. */
export interface Parsed {
  /** Whether it is well-formed. */
  readonly ok: boolean;
  /** What it complains of, or has read. */
  readonly told: string;
}

/** One parser, and whether tests that need it run. */
export interface Parser {
  /** What a name of such a test ends with: shows why it is skipped. */
  readonly note: string;
  /** Whether it is skipped. */
  readonly ignore: boolean;
  /** Reads a text. */
  parse(text: string): Parsed;
}

/** Reads with the parser of OpenMetrics, which is strict, and prints each sample. */
const READ_OPEN_METRICS = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode()):
    for sample in family.samples:
        print(family.type, sample.name, sorted(sample.labels.items()), sample.value)
`;

/** Debian's package `prometheus` has it. */
export const PROMTOOL: Parser = parserOf(["promtool"], "prometheus", ["--version"], [
  "check",
  "metrics",
]);

/** Debian's package `python3-prometheus-client`, which Debian's own Python finds, whichever comes first. */
export const OPEN_METRICS: Parser = parserOf(
  ["python3", "/usr/bin/python3"],
  "python3-prometheus-client",
  ["-c", "import prometheus_client"],
  ["-c", READ_OPEN_METRICS],
);

function parserOf(
  commands: readonly string[],
  debianPackage: string,
  probe: readonly string[],
  args: readonly string[],
): Parser {
  let command = commands[0]!;
  const parse = (input: string): Parsed => {
    const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: "utf8" });
    return { ok: status === 0, told: `${stdout}${stderr}` };
  };
  if (!PROGRAMS) return { note: "", ignore: true, parse };
  const found = commands.find((each) => spawnSync(each, probe, { stdio: "ignore" }).status === 0);
  if (found !== undefined) {
    command = found;
    return { note: "", ignore: false, parse };
  }
  const env = Deno.permissions.querySync({ name: "env", variable: "CI" }).state === "granted";
  if (env && Deno.env.get("CI")) {
    return { note: ` (${debianPackage} is MISSING)`, ignore: false, parse };
  }
  const note = ` (SKIPPED: Debian's ${debianPackage} is not installed)`;
  return { note, ignore: true, parse };
}

/** Real parsers of metrics: Debian's `promtool`, and Prometheus' own client for Python. */

import { spawnSync } from "node:child_process";
import { type ProgramTest, testWith } from "../support/installed.ts";
import { PROGRAMS } from "../support/permitted.ts";

/** What a parser says of a text. */
export interface Parsed {
  /** Whether it is well-formed. */
  readonly ok: boolean;
  /** What it complains of, or has read. */
  readonly told: string;
}

/** One parser, and the tests that need it. */
export interface Parser extends ProgramTest {
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
export const PROMTOOL: Parser = parserOf(
  "promtool",
  ["promtool"],
  "prometheus",
  ["--version"],
  ["check", "metrics"],
);

/** Debian's package `python3-prometheus-client`, which Debian's own Python finds, whichever comes first. */
export const OPEN_METRICS: Parser = parserOf(
  "prometheus_client",
  ["python3", "/usr/bin/python3"],
  "python3-prometheus-client",
  ["-c", "import prometheus_client"],
  ["-c", READ_OPEN_METRICS],
);

function parserOf(
  name: string,
  commands: readonly string[],
  debianPackage: string,
  probe: readonly string[],
  args: readonly string[],
): Parser {
  const isThere = (each: string) => spawnSync(each, probe, { stdio: "ignore" }).status === 0;
  const found = PROGRAMS ? commands.find(isThere) : undefined, command = found ?? commands[0]!;
  return {
    ...testWith(name, `Debian's ${debianPackage}`, PROGRAMS, () => found !== undefined),
    parse(input) {
      const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: "utf8" });
      return { ok: status === 0, told: `${stdout}${stderr}` };
    },
  };
}

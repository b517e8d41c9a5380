/**
 * Fuzzes the framer, the codec and the session: `deno task fuzz --help`. Needs
 * no permission.
 *
 * @module
 */

import { parseOptions, USAGE } from "./fuzz_options.ts";
import { fuzz } from "./fuzzer.ts";
import { missed, report, summary } from "./report.ts";

if (Deno.args.includes("--help")) {
  console.log(USAGE);
  Deno.exit(0);
}
try {
  const options = parseOptions(Deno.args);
  const { seed } = options;
  console.log(`seed ${seed}`);
  const result = fuzz({ ...options, onProgress: (line) => console.log(line) });
  const growth = result.heap.verdict();
  const problems = [...missed(result.tally), ...(growth === null ? [] : [growth])];
  for (const line of report(seed, result)) console.log(line);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  if (options.json) console.log(JSON.stringify(summary(seed, problems, result)));
  Deno.exitCode = result.failure === null && problems.length === 0 ? 0 : 1;
} catch (error) {
  if (typeof error !== "string") throw error;
  console.error(`${error}\n\n${USAGE}`);
  Deno.exitCode = 2;
}

/**
 * Fuzzes the framer, the codec and the session: `deno task fuzz --help`. Needs
 * no permission.
 *
 * @module
 */

import { readOptions } from "../../tools/command_line/command_line.ts";
import { parseOptions, USAGE } from "./fuzz_options.ts";
import { fuzz } from "./fuzzer.ts";
import { missed, report, summary } from "./report.ts";

const options = readOptions(USAGE, parseOptions);
const { seed } = options;
console.log(`seed ${seed}`);
const result = fuzz({ ...options, onProgress: (line) => console.log(line) });
const growth = result.heap.verdict();
const problems = [...missed(result.tally), ...(growth === null ? [] : [growth])];
for (const line of report(seed, result)) console.log(line);
for (const problem of problems) console.log(`FAILED: ${problem}`);
if (options.json) console.log(JSON.stringify(summary(seed, problems, result)));
Deno.exitCode = result.failure === null && problems.length === 0 ? 0 : 1;

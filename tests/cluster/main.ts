/**
 * Plays as many histories as one likes: `deno run tests/cluster/main.ts --help`. Needs no permission.
 *
 * @module
 */

import { CommandLine, readLine, whole } from "../../tools/command_line/command_line.ts";
import { play } from "./play.ts";

const { first, seeds, nodes, "chaos-ms": chaosMs } = readLine(
  new CommandLine(
    "deno run tests/cluster/main.ts",
    "Plays histories of a simulated cluster, and judges each. One seed gives one history.",
    {
      seeds: whole("how many histories", { from: 1, fallback: 20 }),
      first: whole("the first one's seed, those after it count up", { from: 1, fallback: 1 }),
      nodes: whole("how many nodes; drawn without it", { from: 1, fallback: undefined }),
      "chaos-ms": whole("how long there is chaos, in virtual milliseconds; 30,000 without it", {
        from: 1,
        fallback: undefined,
      }),
    },
  ),
);
let failed = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const startMs = performance.now();
  try {
    const played = await play(seed, {
      ...(nodes !== undefined && { nodes }),
      ...(chaosMs !== undefined && { chaosMs }),
    });
    const ms = Math.round(performance.now() - startMs);
    console.log(`seed ${seed}: ${played.nodes} nodes, ${played.calls} calls, ${ms} ms`);
  } catch (error) {
    failed++;
    console.log(`seed ${seed}: FAILED`);
    console.log(error instanceof Error ? error.message : error);
  }
}
console.log(`${seeds - failed} of ${seeds} seeds passed`);
if (failed > 0) Deno.exit(1);

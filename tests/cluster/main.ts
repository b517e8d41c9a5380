/**
 * Plays as many histories as one likes: `deno run tests/cluster/main.ts
 * --seeds 100`. Needs no permission. Flags: `--seeds` (how many, default 20),
 * `--first` (the first seed, default 1), `--nodes` (default: drawn),
 * `--chaos-ms` (default 30,000).
 *
 * @module
 */

import { play } from "./play.ts";

function flag(name: string): number | undefined {
  const at = Deno.args.indexOf(`--${name}`);
  if (at < 0) return undefined;
  const value = Number(Deno.args[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} wants a whole number above 0`);
}

const first = flag("first") ?? 1, seeds = flag("seeds") ?? 20;
const nodes = flag("nodes"), chaosMs = flag("chaos-ms");
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

/** Chance that can be replayed. @module */

import { CommandLine, readLine, whole } from "../../tools/command_line/command_line.ts";
import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";

const LINE = new CommandLine("deno test FILE… --", "Runs tests that draw by chance.", {
  seed: whole("replays what was drawn from it; a new one without it, which is printed", {
    from: 0,
    to: 2 ** 32 - 1,
    fallback: undefined,
  }),
});

/** The seed asked for with `-- --seed=…`, or a fresh one; printed, so that a failure can be replayed. */
export function seedOf(name: string): number {
  const seed = readLine(LINE).seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`${name}: --seed=${seed}`);
  return seed;
}

/** Chance from that seed. */
export function seeded(name: string): SeededRandom {
  return new SeededRandom(seedOf(name));
}

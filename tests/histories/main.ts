/**
 * `deno task histories`: plays any number of histories, or one again.
 *
 * @module
 */

import { SimulationFailure } from "@internode/grid/testing";
import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { choice, CommandLine, readLine, whole } from "../../tools/command_line/command_line.ts";
import { HISTORIES } from "./kinds.ts";

const LINE = new CommandLine(
  "deno task histories",
  "Plays short histories of calls and streams on simulated networks, with cancels, deadlines, " +
    "losses, closings and renewals at random moments, and judges each. One seed gives one history.",
  {
    count: whole("how many histories", { from: 1, fallback: 10_000 }),
    seed: whole("the first one's seed, those after it count up; a new one without it", {
      from: 0,
      fallback: undefined,
    }),
    kind: choice(
      "of one kind alone; by turns without it",
      HISTORIES.map(({ name }) => name),
      undefined,
    ),
  },
  "Ends with status 0, 1 if any was bad, 2 for a wrong option.",
);

/** How many bad histories are told in full. */
const TOLD = 10;

const { count, seed = drawSeed(), kind } = readLine(LINE);
const kinds = HISTORIES.filter(({ name }) => kind === undefined || name === kind);
console.log(`${count} histories from seed ${seed}`);
let bad = 0;
for (let at = 0; at < count; at++) {
  const { name, play } = kinds[at % kinds.length]!;
  try {
    await play(seed + at);
  } catch (error) {
    if (++bad > TOLD) continue;
    const text = error instanceof SimulationFailure ? error.message : error;
    console.log(`BAD: --kind ${JSON.stringify(name)} --seed ${seed + at} --count 1\n`, text);
  }
}
console.log(`${bad} of ${count} were bad`);
if (bad > 0) Deno.exit(1);

/**
 * `deno task histories`: plays any number of histories, or one again.
 *
 * @module
 */

import { SimulationFailure } from "@internode/grid/testing";
import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { HISTORIES } from "./kinds.ts";

const USAGE = `deno task histories [--count 10000] [--seed N] [--kind NAME]

Plays short histories of calls and streams on simulated networks, with cancels,
deadlines, losses, closings and renewals at random moments, and judges each.
Ends with exit code 1 if any was bad. One seed gives one history.

--count  how many; default 10000
--seed   the first one's seed, those after it count up; default: a new one
--kind   one of ${HISTORIES.map(({ name }) => JSON.stringify(name)).join(", ")};
         default: by turns`;

/** How many bad histories are told in full. */
const TOLD = 10;

function fail(text: string): never {
  console.error(`${text}\n\n${USAGE}`);
  Deno.exit(2);
}

function parse(args: readonly string[]): { count: number; seed: number; kind: string | undefined } {
  const given = { count: "10000", seed: `${drawSeed()}`, kind: "" };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]!.replace(/^--/, ""), value = args[at + 1];
    if (name === "help") {
      console.log(USAGE);
      Deno.exit(0);
    }
    if (!(name in given) || value === undefined) {
      fail(`There is no flag ${args[at]}, or it wants a value.`);
    }
    given[name as keyof typeof given] = value;
  }
  const count = Number(given.count), seed = Number(given.seed);
  if (!Number.isSafeInteger(count) || count < 1) fail("--count wants a whole number from 1 on.");
  if (!Number.isSafeInteger(seed) || seed < 0) fail("--seed wants a whole number.");
  return { count, seed, kind: given.kind === "" ? undefined : given.kind };
}

const { count, seed, kind } = parse(Deno.args);
const kinds = HISTORIES.filter(({ name }) => kind === undefined || name === kind);
if (kinds.length === 0) fail(`There is no kind ${JSON.stringify(kind)}.`);
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

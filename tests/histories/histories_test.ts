/**
 * Many short histories of calls and streams with everything that may come
 * between, judged as a whole: see `ledger.ts` for what must hold. More of them,
 * or one again: `deno task histories --help`.
 */

import { runSeeded } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { HISTORIES } from "./kinds.ts";

/** How many histories are played here; `main.ts` plays any number. */
const COUNT = 500;
/** So many of them are the same each time; the others are new. */
const SAME = COUNT / 2;

for (const [index, { name, play }] of HISTORIES.entries()) {
  Deno.test(`${name}: no reader is misled, each call ends once and truly, no place is lost`, async () => {
    for (let at = index; at < COUNT; at += HISTORIES.length) {
      await runSeeded(at < SAME ? at : undefined, (_random, run) => play(run.seed));
    }
  });

  Deno.test(`${name}: one seed gives one history`, async () => {
    const seed = drawSeed();
    assertEquals(await play(seed), await play(seed), `seed ${seed}`);
  });
}

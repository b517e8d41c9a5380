/**
 * Many short histories of calls and streams with everything that may come
 * between, judged as a whole: see `ledger.ts` and `hosts_history.ts` for what must hold. More of them,
 * or one again: `deno task histories --help`.
 */

import { runSeeded } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { HISTORIES } from "./kinds.ts";

for (const { name, count, play } of HISTORIES) {
  Deno.test(`${name}: no reader is misled, each call ends once and truly, no place is lost`, async () => {
    for (let at = 0; at < count; at++) {
      // Half of them are the same each time; the others are new.
      await runSeeded(at < count / 2 ? at : undefined, (_random, run) => play(run.seed));
    }
  });

  Deno.test(`${name}: one seed gives one history`, async () => {
    const seed = drawSeed();
    assertEquals(await play(seed), await play(seed), `seed ${seed}`);
  });
}

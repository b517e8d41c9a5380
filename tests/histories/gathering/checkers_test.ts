/** The checkers of gathers and merged streams find faults that are put in on purpose. */

import { assert } from "@std/assert";
import type { GatherFault } from "./asking.ts";
import { type MergeFault, playMerge } from "./merge_history.ts";
import { playQuorum } from "./quorum_history.ts";

const SEEDS = 30;

async function found(play: (seed: number) => Promise<unknown>): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    await play(seed).catch(() => count++);
  }
  return count;
}

for (
  const fault of [
    "too few",
    "forgets",
    "wrong host",
    "false outcome",
    "leaves out",
  ] satisfies GatherFault[]
) {
  Deno.test(`a quorum with the fault "${fault}" is found`, async () => {
    assert(await found((seed) => playQuorum(seed, fault)) > 0);
  });
}

for (
  const fault of ["drops", "doubles", "wrong host", "hides", "disorder"] satisfies MergeFault[]
) {
  Deno.test(`a merged stream with the fault "${fault}" is found`, async () => {
    assert(await found((seed) => playMerge(seed, fault)) > 0);
  });
}

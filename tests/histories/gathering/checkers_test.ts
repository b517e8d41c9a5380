/** The checkers of gathers and merged streams find faults that are put in on purpose. */

import { assert } from "@std/assert";
import { isNoticed } from "../history.ts";
import type { GatherFault } from "./asking.ts";
import { type MergeFault, playMerge } from "./merge_history.ts";
import { playQuorum } from "./quorum_history.ts";

const SEEDS = 30;

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
    assert(await isNoticed(SEEDS, (seed) => playQuorum(seed, fault)));
  });
}

for (
  const fault of ["drops", "doubles", "wrong host", "hides", "disorder"] satisfies MergeFault[]
) {
  Deno.test(`a merged stream with the fault "${fault}" is found`, async () => {
    assert(await isNoticed(SEEDS, (seed) => playMerge(seed, fault)));
  });
}

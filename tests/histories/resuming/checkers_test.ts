/** The checkers of resumed streams and uploads find faults that are put in on purpose. */

import { assert } from "@std/assert";
import { isNoticed } from "../history.ts";
import type { Fault } from "./sequence.ts";
import { playFollowing } from "./follow_history.ts";
import { playReplicas } from "./replica_history.ts";
import { playUpload, type UploadFault } from "./upload_history.ts";

const SEEDS = 30;

for (const fault of ["skips", "repeats", "says nothing of gaps"] satisfies Fault[]) {
  Deno.test(`a resumed stream that ${fault} is found`, async () => {
    assert(await isNoticed(SEEDS, (seed) => playFollowing(seed, fault)));
  });

  Deno.test(`a stream resumed at another replica that ${fault} is found`, async () => {
    assert(await isNoticed(SEEDS, (seed) => playReplicas(seed, fault)));
  });
}

for (
  const fault of ["acknowledges early", "loses the first of an attempt"] satisfies UploadFault[]
) {
  Deno.test(`an upload that ${fault} is found`, async () => {
    assert(await isNoticed(SEEDS, (seed) => playUpload(seed, fault)));
  });
}

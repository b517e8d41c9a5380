/** The checker of topics finds faults that are put in on purpose. */

import { assert } from "@std/assert";
import { isNoticed } from "../history.ts";
import { playTopic } from "./topic_history.ts";
import type { TopicFault } from "./topic_ledger.ts";

for (const fault of ["doubles", "swaps", "loses"] satisfies TopicFault[]) {
  Deno.test(`a topic that ${fault} messages is found`, async () => {
    assert(await isNoticed(10, (seed) => playTopic(seed, fault)));
  });
}

/** The checker of topics finds faults that are put in on purpose. */

import { assert } from "@std/assert";
import { playTopic } from "./topic_history.ts";
import type { TopicFault } from "./topic_ledger.ts";

for (const fault of ["doubles", "swaps", "loses"] satisfies TopicFault[]) {
  Deno.test(`a topic that ${fault} messages is found`, async () => {
    let found = 0;
    for (let seed = 0; seed < 10; seed++) await playTopic(seed, fault).catch(() => found++);
    assert(found > 0);
  });
}

/** What is wrong on purpose, to see that histories of leases notice. */

import { assert } from "@std/assert";
import { type LeaseFaults, playLeases } from "./lease_history.ts";

const BUGS: readonly {
  readonly what: string;
  readonly faults: LeaseFaults;
  readonly told: RegExp;
}[] = [
  {
    what: "voters that grant a lease to whoever asks",
    faults: {
      spoil: (contract, answer) =>
        contract === "lease.ask"
          ? { ...answer as object, granted: true }
          : contract === "lease.keep"
          ? true
          : answer,
    },
    told: /gained it while node \d/,
  },
  {
    what: "voters that know no tokens",
    faults: {
      spoil: (contract, answer) =>
        contract === "lease.ask"
          ? { ...answer as object, highest: 0 }
          : contract === "lease.keep"
          ? true
          : answer,
    },
    told: /gained token \d+ after \d/,
  },
  {
    what: "a clock that runs at half the rate",
    faults: { firstRate: 0.5 },
    told: /gained it while node 0/,
  },
];

/** So many histories at most are played for each. */
const TRIES = 100;

for (const { what, faults, told } of BUGS) {
  Deno.test(`histories of leases notice ${what}`, async () => {
    const others: string[] = [];
    for (let seed = 1; seed <= TRIES; seed++) {
      try {
        await playLeases(seed, faults);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (told.test(message)) return;
        others.push(message.split("\n")[0]!);
      }
    }
    assert(false, `not in ${TRIES} histories: ${others.slice(0, 3).join("; ")}`);
  });
}

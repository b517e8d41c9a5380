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
    faults: { spoil: (contract, request, voter) => granted(contract, voter(contract, request)) },
    told: /gained it while node \d/,
  },
  {
    what: "voters that let somebody share what another one has alone",
    faults: {
      spoil: (contract, request, voter) => {
        const answer = voter(contract, request);
        return (request as { shared?: boolean } | null)?.shared === true
          ? granted(contract, answer)
          : answer;
      },
    },
    told: /gained it while node \d/,
  },
  {
    what: "voters that let somebody have alone what others share",
    faults: {
      spoil: (contract, request, voter) => {
        const answer = voter(contract, request);
        return (answer as { why?: string } | null)?.why?.includes(" share") === true ||
            (contract === "lease.keep" && (request as { shared?: boolean }).shared !== true)
          ? granted(contract, answer)
          : answer;
      },
    },
    told: /hold it, and do not all share it|gained it while node \d/,
  },
  {
    what: "voters that forget now and then what they have granted",
    faults: {
      spoil: (contract, request, voter) => {
        const answer = voter(contract, request);
        const holder = /^"(.*?)"/.exec((answer as { why?: string } | null)?.why ?? "")?.[1];
        if (contract !== "lease.ask" || holder === undefined) return answer;
        const { name } = request as { name: string };
        voter("lease.release", { name, holder });
        return voter(contract, request);
      },
    },
    told: /gained it while node \d/,
  },
  {
    what: "voters that know no tokens",
    faults: {
      spoil: (contract, request, voter) => {
        const answer = voter(contract, request);
        return contract === "lease.ask"
          ? { ...answer as object, highest: 0 }
          : granted(contract, answer);
      },
    },
    told: /gained token \d+ after \d/,
  },
  {
    what: "a clock that runs at half the rate",
    faults: { firstRate: 0.5 },
    told: /gained it while node 0/,
  },
];

/** What a voter answers who says yes to all. */
function granted(contract: string, answer: unknown): unknown {
  if (contract === "lease.ask") return { ...answer as object, granted: true };
  return contract === "lease.keep" ? true : answer;
}

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

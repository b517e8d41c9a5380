/** The whole lock service, simulated: what it promises, and that the checker notices what is broken. @module */

import { playService, troubleWriters } from "./simulated_service.ts";
import { runSeeded } from "@internode/grid/testing";
import { assert, assertEquals, assertGreater } from "@std/assert";

const DURATION_MS = 8_000;
const OPTIONS = { nodes: 5, keys: 1 };

for (const nodes of [3, 8]) {
  for (const isLossy of [false, true]) {
    const network = isLossy ? "a bad network" : "a good network";
    Deno.test(`${nodes} nodes that die and freeze on ${network} never share a lock`, async () => {
      await runSeeded(undefined, async (_random, { seed }) => {
        const verdict = await playService({ nodes, keys: 4, seed, isLossy }, DURATION_MS);
        assertEquals([verdict.violations, verdict.hung], [[], []]);
        assertGreater(verdict.locks, 10);
      });
    });
  }
}

Deno.test("the late write of an owner that was frozen is fenced off, and it knows that it has lost", async () => {
  await runSeeded(undefined, async (_random, { seed }) => {
    const verdict = await troubleWriters({ ...OPTIONS, seed }, 4, "freeze");
    assertEquals([verdict.violations, verdict.hung], [[], []]);
    assertGreater(verdict.fenced, 0);
    assertGreater(verdict.lost, 0);
  });
});

Deno.test("an owner that is cut off shares its lock with nobody", async () => {
  await runSeeded(undefined, async (_random, { seed }) => {
    const verdict = await troubleWriters({ ...OPTIONS, seed }, 4, "cut off");
    assertEquals([verdict.violations, verdict.hung], [[], []]);
  });
});

async function assertNoticed(
  told: RegExp,
  play: (seed: number) => Promise<{ readonly violations: readonly string[] }>,
): Promise<void> {
  for (let seed = 1; seed <= 20; seed++) {
    const { violations } = await play(seed);
    if (violations.some((violation) => told.test(violation))) return;
  }
  assert(false, "20 runs, and nothing was noticed");
}

Deno.test("the checker notices when voters grant all", async () => {
  await assertNoticed(/was locked by (reader|writer)/, (seed) => {
    return playService({ ...OPTIONS, seed, fault: "voters grant all" }, DURATION_MS);
  });
});

Deno.test("the checker notices when replicas take all", async () => {
  await assertNoticed(/went back|An update of .* was lost|under token/, (seed) => {
    return troubleWriters({ ...OPTIONS, seed, fault: "replicas take all" }, 5, "freeze");
  });
});

Deno.test("the checker notices when the clock of an owner is slow", async () => {
  await assertNoticed(/was locked by (reader|writer)/, (seed) => {
    const options = { ...OPTIONS, seed, fault: "the clock of a node is slow" } as const;
    return troubleWriters(options, 3, "cut off", (node) => node === 0);
  });
});

/** The whole lock service, simulated: what it promises, and that each of its parts is needed. @module */

import { type Fault, LIFETIME_MS, playService, SimulatedService } from "./simulated_service.ts";
import { runSeeded, SeededRandom } from "@internode/grid/testing";
import { assert, assertEquals, assertGreater } from "@std/assert";

const DURATION_MS = 30_000;

for (const nodes of [3, 4, 8]) {
  for (const lossy of [false, true]) {
    const network = lossy ? "a bad network" : "a good network";
    Deno.test(`${nodes} nodes that die and freeze on ${network} never share a lock`, async () => {
      await runSeeded(undefined, async (random) => {
        const verdict = await playService({ nodes, keys: 4, random, lossy }, DURATION_MS);
        assertEquals(verdict.violations, []);
        assertEquals(verdict.hung, []);
        assertGreater(verdict.locks, 50);
        assertGreater(verdict.expired, 0);
      });
    });
  }
}

Deno.test("the late write of an owner that was frozen is fenced off", async () => {
  await runSeeded(undefined, async (random) => {
    const service = new SimulatedService({ nodes: 5, keys: 1, random });
    const { clock } = service;
    for (let round = 0; round < 10; round++) {
      await clock.runUntil(() => service.writer !== undefined, 60_000, "a writer");
      const frozen = service.writer!;
      service.freeze(frozen);
      await clock.advance(2 * LIFETIME_MS);
      service.thaw(frozen);
      await clock.advance(LIFETIME_MS);
    }
    const verdict = await clock.complete(service.finish());
    assertEquals(verdict.violations, []);
    assertEquals(verdict.hung, []);
    assertGreater(verdict.fenced, 0);
  });
});

const FAULTS: Record<Fault, RegExp> = {
  "voters grant all": /was locked by writer/,
  "replicas take all": /went back|An update of .* was lost|under token/,
  "restarted voters do not abstain": /Voter \d had leases|was locked by/,
  "restarted voters do not learn": /locked .* with token|both had token/,
};

for (const [fault, expected] of Object.entries(FAULTS) as [Fault, RegExp][]) {
  Deno.test(`the checker notices when ${fault}`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const verdict = await playService(
        { nodes: 5, keys: 1, random, lossy: true, fault },
        DURATION_MS,
      );
      if (verdict.violations.some((violation) => expected.test(violation))) return;
    }
    assert(false, "20 runs, and nothing was noticed");
  });
}

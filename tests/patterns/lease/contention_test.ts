/** Candidates that ask for one lease at one time, again and again. @module */

import { InternodeError } from "@internode/grid";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { askContract } from "../../../lib/patterns/lease/lease_contracts.ts";
import { Patience } from "../../../lib/patterns/lease/patience.ts";
import { leasesOf, READY_MS, TTL_MS, withNodes } from "./leasing_nodes.ts";

Deno.test("a free lease that many ask for at one time is gained soon, also while a voter is frozen", async () => {
  for (const frozen of [false, true]) {
    await withNodes(async (cluster) => {
      const { clock } = cluster;
      await clock.advance(READY_MS);
      if (frozen) cluster.freeze(1);
      const candidates = [0, 2, 3, 4, 5];
      let allGainedMs = 0;
      for (let round = 0; round < 30; round++) {
        const startMs = clock.elapsedMs;
        let gainedMs = Infinity, left = candidates.length;
        for (const index of candidates) {
          void leasesOf(cluster, index).lease("x", { timeoutMs: 20 * TTL_MS }).then(
            async (lease) => {
              gainedMs = Math.min(gainedMs, clock.elapsedMs - startMs);
              await lease.release();
              left--;
            },
          );
        }
        await clock.runUntil(() => left === 0, 20 * TTL_MS, "each to have had it");
        allGainedMs += gainedMs;
        const allMs = clock.elapsedMs - startMs;
        assert(allMs <= 0.6 * TTL_MS, `round ${round}: all after ${allMs} ms`);
      }
      // Waiting for the frozen voter alone takes 0.2 of a lease's time.
      assert(allGainedMs / 30 <= 0.12 * TTL_MS, `${allGainedMs / 30} ms`);
      if (frozen) cluster.thaw(1);
    }, { nodes: 6 });
  }
});

Deno.test("a voter that is far away is waited for after another one has refused", async () => {
  await withNodes(async (cluster) => {
    const { clock, hosts } = cluster;
    await clock.advance(READY_MS);
    for (const far of [1, 2]) {
      const link = { latencyMinMs: 40, latencyMaxMs: 45 };
      cluster.network.setLink(hosts[3]!, hosts[far]!, link);
    }
    for (let count = 0; count < 3; count++) await (await leasesOf(cluster, 3).lease("y")).release();
    // Of one who has died since, and had asked the near voter alone.
    const group = `${TTL_MS} ms, ${hosts.slice(0, 3).toSorted().join(" ")}`;
    const { granted } = await cluster.node(4).manager.connection(hosts[0]!).request(askContract, {
      group,
      name: "x",
      holder: "who died",
    });
    assertEquals(granted, true);
    const lease = await leasesOf(cluster, 3).lease("x", { timeoutMs: 0 });
    assert(lease.isHeld);
    await lease.release();
  }, { nodes: 5 });
});

Deno.test("patience is a whole round until answers have come, then what they take", () => {
  const patience = new Patience(1_000, 200);
  assertEquals(patience.ms, 200);
  for (let count = 0; count < 100; count++) patience.onAnswer(1);
  assertEquals(patience.ms, 30);
  patience.onAnswer(60);
  assertEquals(patience.ms, 120);
  for (let count = 0; count < 4; count++) patience.onAnswer(1);
  assert(patience.ms > 60 && patience.ms < 120, `${patience.ms}`);
});

Deno.test("who tries once, and who waits for what its own node shares, is told so", async () => {
  await withNodes(async (cluster) => {
    const leases = leasesOf(cluster, 0);
    const shared = await leases.lease("x", { shared: true });
    for (const timeoutMs of [0, 500]) {
      const error = await assertRejects(() => leases.lease("x", { timeoutMs }), InternodeError);
      assertEquals(error.code, "DeadlineExceeded");
      const how = timeoutMs === 0
        ? 'The lease "x" was not gained at the first attempt, the only one with timeoutMs: 0.'
        : 'The lease "x" was not gained within 500 ms.';
      assert(error.message.startsWith(how), error.message);
      assertStringIncludes(error.message, "This node shares it itself");
      assertStringIncludes(error.message, "release that first");
    }
    // Another task of this node gives it back: that is worth waiting for.
    const alone = leases.lease("x");
    await cluster.clock.advance(0.5 * TTL_MS);
    await shared.release();
    const gained = await alone;
    const error = await assertRejects(
      () => leasesOf(cluster, 1).lease("x", { timeoutMs: 0 }),
      InternodeError,
    );
    assert(!error.message.includes("This node"), error.message);
    await gained.release();
  });
});

import { InternodeError } from "@internode/grid";
import type { Lease } from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { leasesOf, TTL_MS, withNodes } from "./leasing_nodes.ts";
import { loseAll } from "./loss.ts";

Deno.test("a holder that was frozen sees by its signal that it has lost, before any timer runs", async () => {
  await withNodes(async (cluster) => {
    const old = await leasesOf(cluster, 0).lease("x"), seen = old.signal;
    cluster.freeze(0);
    await leasesOf(cluster, 1).lease("x");
    // The node is still frozen, so none of its timers has run.
    assertEquals([old.isHeld, seen.aborted], [false, false]);
    assertEquals([old.signal.aborted, seen.aborted], [true, true]);
    assertEquals((seen.reason as InternodeError).code, "Unreachable");
    cluster.thaw(0);
    await cluster.clock.settle();
    assertEquals(cluster.node(0).logger.of("lease_lost").length, 1);
  });
});

Deno.test("a holder that was frozen and releases its lease first of all has lost it, and not given it up", async () => {
  await withNodes(async (cluster) => {
    const old = await leasesOf(cluster, 0).lease("x");
    cluster.freeze(0);
    const next = await leasesOf(cluster, 1).lease("x");
    await old.release();
    assertEquals((old.signal.reason as InternodeError).code, "Unreachable");
    assertEquals([cluster.node(0).logger.of("lease_lost").length, next.isHeld], [1, true]);
    cluster.thaw(0);
  });
});

Deno.test("all who lose a lease are told once, whether they are cut off or voters forget", async () => {
  await withNodes(async (cluster) => {
    const { leases } = cluster.node(3);
    await loseAll(leases, async () => {
      cluster.partition([[3]]);
      await cluster.clock.advance(2 * TTL_MS);
    });
    cluster.heal();
    await loseAll(leases, async () => {
      for (const voter of [0, 1, 2]) cluster.crash(voter);
      for (const voter of [0, 1, 2]) await cluster.restart(voter);
      await cluster.clock.advance(2 * TTL_MS);
    });
  }, { nodes: 4 });
});

Deno.test("any number share a lease, or one has it alone, and tokens say who came later", async () => {
  await withNodes(async (cluster) => {
    const shared = { shared: true } as const;
    const [first, second] = [
      await leasesOf(cluster, 0).lease("x", shared),
      await leasesOf(cluster, 3).lease("x", shared),
    ];
    const refused = await assertRejects(
      () => leasesOf(cluster, 1).lease("x", { timeoutMs: 0 }),
      InternodeError,
    );
    assert(refused.message.includes("share"), refused.message);
    await cluster.clock.advance(5 * TTL_MS);
    assert(first.isShared && first.isHeld && second.isHeld);
    const waiting = leasesOf(cluster, 1).lease("x");
    await first.release();
    await cluster.clock.advance(TTL_MS);
    assert(second.isHeld);
    await second.release();
    const alone = await waiting;
    assert(!alone.isShared && alone.token > Math.max(first.token, second.token));
    await assertRejects(() => leasesOf(cluster, 0).lease("x", { ...shared, timeoutMs: 0 }));
    await alone.release();
    const next = await leasesOf(cluster, 0).lease("x", shared);
    assert(next.token > alone.token);
  }, { nodes: 4 });
});

Deno.test("whoever waits to have a lease alone gets it however many come to share it", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, shared = { shared: true } as const;
    let alone: Lease | null = null, sharing = 0, gains = 0;
    // Each begins before the one before it ends, so that it is always shared by somebody.
    const share = async (index: number): Promise<void> => {
      while (alone === null) {
        const lease = await leasesOf(cluster, index).lease("x", shared);
        sharing++;
        gains++;
        await clock.advance(0.6 * TTL_MS);
        sharing--;
        await lease.release();
      }
    };
    const sharers = [share(0), clock.advance(0.3 * TTL_MS).then(() => share(1))];
    await clock.advance(5 * TTL_MS);
    assert(gains > 5, `${gains}`);
    leasesOf(cluster, 2).lease("x").then((lease) => {
      assertEquals(sharing, 0);
      alone = lease;
    });
    await clock.runUntil(() => alone !== null, 3 * TTL_MS, "one to have it alone");
    await alone!.release();
    await Promise.all(sharers);
  });
});

Deno.test("a voter says when it votes, and other nodes that they never do", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, leases = leasesOf(cluster, 0), startMs = clock.elapsedMs;
    assertEquals(leases.isVoting, false);
    await leases.untilVoting();
    assert(leases.isVoting && clock.elapsedMs - startMs >= 1.1 * TTL_MS);
    await leases.untilVoting();
    const never = await assertRejects(() => leasesOf(cluster, 3).untilVoting(), InternodeError);
    assertEquals([never.code, leasesOf(cluster, 3).isVoting], ["InvalidArgument", false]);
    cluster.crash(1);
    await cluster.restart(1);
    const again = leasesOf(cluster, 1), controller = new AbortController();
    const aborted = again.untilVoting({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    await assertRejects(() => again.untilVoting({ signal: controller.signal }), Error, "enough");
    const closed = again.untilVoting();
    await again.close();
    for (const waiting of [closed, again.untilVoting()]) {
      assertEquals((await assertRejects(() => waiting, InternodeError)).code, "Closed");
    }
    assertEquals(again.isVoting, false);
  }, { nodes: 4 });
});

import { InternodeError, Manager } from "@internode/grid";
import {
  gridLeases,
  type GridLeasesOptions,
  type Lease,
  type LeaseGrid,
} from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { QuietLogger } from "../../support/log/quiet.ts";
import { leasesOf, READY_MS, TTL_MS, withNodes } from "./leasing_nodes.ts";

Deno.test("nobody gains a lease before the voters have been silent for a lease's time", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, startMs = clock.elapsedMs;
    const early = await assertRejects(
      () => leasesOf(cluster, 0).lease("x", { timeoutMs: TTL_MS }),
      InternodeError,
    );
    assertEquals(early.code, "DeadlineExceeded");
    assert(early.message.includes("this voter is silent"), early.message);
    const lease = await leasesOf(cluster, 0).lease("x");
    assert(clock.elapsedMs - startMs >= 1.1 * TTL_MS);
    assert(lease.isHeld && lease.remainingMs <= 0.9 * TTL_MS);
  });
});

Deno.test("one at a time has a lease; any node may, and it is told who has it", async () => {
  await withNodes(async (cluster) => {
    const outside = leasesOf(cluster, 3);
    const first = await outside.lease("x"), beside = await leasesOf(cluster, 1).lease("y");
    const refused = await assertRejects(
      () => leasesOf(cluster, 0).lease("x", { timeoutMs: 0 }),
      InternodeError,
    );
    assertEquals(refused.code, "DeadlineExceeded");
    assert(refused.message.includes("memory://node-4"), refused.message);
    await cluster.clock.advance(5 * TTL_MS);
    assert(first.isHeld && beside.isHeld && !first.signal.aborted);
    const waiting = leasesOf(cluster, 0).lease("x"), releasedMs = cluster.clock.elapsedMs;
    await first.release();
    assertEquals([first.isHeld, first.remainingMs], [false, 0]);
    assertEquals((first.signal.reason as InternodeError).code, "Closed");
    const second = await waiting;
    assert(second.token > first.token);
    assert(cluster.clock.elapsedMs - releasedMs < 0.3 * TTL_MS);
    await first.release();
    assert(second.isHeld);
  }, { nodes: 4 });
});

Deno.test("a holder that is cut off is told before another one gains", async () => {
  await withNodes(async (cluster) => {
    const events: string[] = [], { clock } = cluster;
    leasesOf(cluster, 0).leader("x", {
      onGained: () => events.push("0 gained"),
      onLost: (lease, reason) => {
        assertEquals([lease.isHeld, lease.signal.aborted], [false, true]);
        events.push(`0 lost: ${(reason as InternodeError).code}`);
      },
    });
    await clock.runUntil(() => events.length === 1, 5 * TTL_MS, "the first to lead");
    const next = leasesOf(cluster, 1).lease("x");
    cluster.partition([[0]]);
    await next;
    assertEquals(events, ["0 gained", "0 lost: Unreachable"]);
    assertEquals(cluster.node(0).logger.of("lease_lost").length, 1);
  });
});

Deno.test("a holder that was frozen finds at once that it has lost", async () => {
  await withNodes(async (cluster) => {
    const old = await leasesOf(cluster, 0).lease("x");
    cluster.freeze(0);
    const next = await leasesOf(cluster, 1).lease("x");
    assert(!old.isHeld && next.isHeld && next.token > old.token);
    cluster.thaw(0);
    await cluster.clock.settle();
    assert(old.signal.aborted);
  });
});

Deno.test("a lease outlives voters that start again one by one", async () => {
  await withNodes(async (cluster) => {
    const lease = await leasesOf(cluster, 3).lease("x");
    for (const voter of [0, 1, 2]) {
      cluster.crash(voter);
      await cluster.restart(voter);
      await cluster.clock.advance(3 * TTL_MS);
    }
    assert(lease.isHeld);
    const why = await assertRejects(() => leasesOf(cluster, 1).lease("x", { timeoutMs: 0 }));
    assert(String(why).includes("memory://node-4"), String(why));
  }, { nodes: 4 });
});

Deno.test("a singleton runs on one node, and moves when that dies or it ends", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, running = new Set<number>(), stop = Promise.withResolvers<void>();
    let runs = 0;
    const start = (index: number): void => {
      leasesOf(cluster, index).singleton("mailer", async (lease) => {
        assertEquals(running.size, 0);
        running.add(index);
        const mine = ++runs;
        await new Promise<void>((end) => {
          lease.signal.addEventListener("abort", () => end());
          if (mine === 2) stop.promise.then(end);
        });
        running.delete(index);
      });
    };
    for (const index of [0, 1, 2]) start(index);
    await clock.runUntil(() => running.size === 1, 5 * TTL_MS, "one to run it");
    const [dies] = running;
    cluster.crash(dies!);
    running.clear();
    await clock.runUntil(() => running.size === 1, 3 * TTL_MS, "another one to run it");
    const [ends] = running;
    assert(ends !== dies);
    stop.resolve();
    await clock.runUntil(() => running.size === 1 && !running.has(ends!), TTL_MS, "a third one");
    assertEquals(runs, 3);
  });
});

Deno.test("closing a leader waits for what runs, keeps the lease meanwhile, and releases it then", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, began = Promise.withResolvers<Lease>();
    const leader = leasesOf(cluster, 0).singleton("x", async (lease) => {
      began.resolve(lease);
      await new Promise((end) => lease.signal.addEventListener("abort", end));
      await clock.advance(3 * TTL_MS);
      assert(lease.isHeld);
    });
    const lease = await began.promise;
    assertEquals(leader.lease?.token, lease.token);
    const beganMs = clock.elapsedMs, next = leasesOf(cluster, 1).lease("x");
    await leader.close();
    assertEquals([clock.elapsedMs - beganMs >= 3 * TTL_MS, leader.lease], [true, null]);
    await next;
    assert(clock.elapsedMs - beganMs < 3.5 * TTL_MS);
  });
});

Deno.test("what does not end within the grace time keeps its lease until that runs out", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, began = Promise.withResolvers<Lease>();
    const leader = leasesOf(cluster, 0).singleton("x", (lease) => {
      began.resolve(lease);
      return new Promise(() => {});
    }, { graceMs: 500 });
    await began.promise;
    const next = leasesOf(cluster, 1).lease("x"), closedMs = clock.elapsedMs;
    await leader.close();
    assertEquals(clock.elapsedMs - closedMs, 500);
    assertEquals(cluster.node(0).logger.of("grace_over").length, 1);
    await next;
    assert(clock.elapsedMs - closedMs > 500 + 0.5 * TTL_MS);
  });
});

Deno.test("callbacks that throw, or reject, are logged, and leading goes on", async () => {
  await withNodes(async (cluster) => {
    const { clock } = cluster, { leases, logger } = cluster.node(0);
    const failing = (): never => {
      throw new Error("of the user's");
    };
    const leader = leases.leader("x", { onGained: failing, onLost: () => Promise.reject("lost") });
    await clock.runUntil(() => leader.lease !== null, 5 * TTL_MS, "it to lead");
    await clock.advance(3 * TTL_MS);
    assert(leader.lease !== null);
    await leader.close();
    assertEquals(logger.of("callback_failed").map(({ fields }) => fields["what"]), [
      "onGained",
      "onLost",
    ]);
    let runs = 0;
    leases.singleton("y", () => {
      runs++;
      failing();
    });
    await clock.advance(4 * TTL_MS);
    // Not more than once in a lease's time.
    assert(runs >= 2 && runs <= 4, `${runs}`);
  });
});

Deno.test("waiting ends with the signal, and closing ends all", async () => {
  await withNodes(async (cluster) => {
    const [one, two] = [leasesOf(cluster, 0), leasesOf(cluster, 1)];
    const lease = await one.lease("x"), controller = new AbortController();
    const aborted = two.lease("x", { signal: controller.signal });
    const waiting = two.lease("x"), leader = two.leader("x");
    await cluster.clock.advance(TTL_MS);
    controller.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    await assertRejects(() => two.lease("x", { signal: controller.signal }), Error, "enough");
    const closed = assertRejects(() => waiting, InternodeError, "are closed");
    await two.close();
    await closed;
    assertEquals(leader.lease, null);
    assertThrows(() => two.leader("x"), InternodeError, "are closed");
    await assertRejects(() => two.lease("x"), InternodeError, "are closed");
    await two.close();
    await one.close();
    assert(lease.signal.aborted);
  });
});

Deno.test("voters refuse whoever has other voters or another time of a lease, and that is told once", async () => {
  await withNodes(async (cluster) => {
    await cluster.clock.advance(READY_MS);
    const { leases, logger } = cluster.node(3);
    for (let time = 0; time < 2; time++) {
      const error = await assertRejects(
        () => leases.lease("x", { timeoutMs: 0 }),
        InternodeError,
      );
      assert(error.message.includes("other voters"), error.message);
    }
    assertEquals(logger.of("lease_refused").length, 1);
  }, { nodes: 4, options: (index: number) => index === 3 ? { ttlMs: 2 * TTL_MS } : {} });
});

Deno.test("callers whom the rule does not allow get nothing", async () => {
  await withNodes(async (cluster) => {
    await cluster.clock.advance(READY_MS);
    await leasesOf(cluster, 0).lease("x", { timeoutMs: TTL_MS });
    await assertRejects(() => leasesOf(cluster, 3).lease("y", { timeoutMs: TTL_MS }));
  }, {
    nodes: 4,
    options: () => ({ allow: ({ host }: { host?: string }) => host !== "memory://node-4" }),
  });
});

Deno.test("options and names are checked", async () => {
  const local = "memory://checked", hosts = [local];
  await using grid = new Manager({ local, hosts });
  const bad: readonly GridLeasesOptions[] = [
    { ttlMs: 99 },
    { ttlMs: NaN },
    { ttlMs: 3_600_001 },
    { voters: [] },
    { voters: [local, local] },
    { voters: local as unknown as string[] },
    { voters: ["nonsense"] },
    { logger: 1 as unknown as QuietLogger },
  ];
  for (const options of bad) {
    const error = assertThrows(() => gridLeases(grid, options), InternodeError);
    assertEquals(error.code, "InvalidArgument", JSON.stringify(options));
  }
  assertThrows(() => gridLeases({} as LeaseGrid), InternodeError, "the manager of this node");
  const leases = gridLeases(grid, { ttlMs: 100 });
  assertThrows(() => gridLeases(grid, { ttlMs: 100 }), InternodeError);
  for (const name of ["", "n".repeat(256), 5 as unknown as string]) {
    const error = await assertRejects(() => leases.lease(name), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assertThrows(() => leases.leader(name), InternodeError);
    assertThrows(() => leases.singleton(name, () => {}), InternodeError);
  }
  await assertRejects(() => leases.lease("x", { timeoutMs: -1 }), InternodeError);
  await assertRejects(() => leases.lease("x", { shared: 1 as never }), InternodeError);
  const share = { share: true } as object;
  await assertRejects(() => leases.lease("x", share), InternodeError, "is shared meant?");
  const onGain = { onGain: () => {} } as object;
  assertThrows(() => leases.leader("x", onGain), InternodeError, "is onGained meant?");
  const grace = { grace: 1 } as object;
  assertThrows(() => leases.singleton("x", () => {}, grace), InternodeError, "is graceMs meant?");
  await assertRejects(
    () => leases.lease("x", { signal: {} as AbortSignal }),
    InternodeError,
  );
  assertThrows(() => leases.leader("x", { onGained: 1 as never }), InternodeError);
  assertThrows(() => leases.leader("x", { graceMs: -1 }), InternodeError);
  assertThrows(() => leases.singleton("x", 1 as never), InternodeError);
  await leases.close();
});

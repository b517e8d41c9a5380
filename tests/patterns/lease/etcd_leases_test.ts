import { type Clock, InternodeError } from "@internode/grid";
import {
  etcdLeases,
  type EtcdLeasesOptions,
  type Lease,
  type Leases,
} from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { type Case, testBeside } from "../../support/beside.ts";
import { loseAll } from "./loss.ts";
import { ETCD, EtcdServer } from "../../discovery/etcd/etcd_server.ts";

/** That of a process whose timers do not fire. */
const stillClock: Clock = { ...systemClock, setTimer: () => 0, clearTimer: () => {} };

/** Who loses a lease of 2 s knows it by then. */
const LOSS_MS = 2_500;

const cases: Case[] = [];

function etcdTest(name: string, body: (etcd: EtcdServer) => Promise<void>): void {
  cases.push({
    name,
    ignore: ETCD.ignore,
    fn: async () => {
      await using etcd = await EtcdServer.start();
      await body(etcd);
    },
  });
}

function leasesOf(
  etcd: EtcdServer,
  holder: string,
  options: Partial<EtcdLeasesOptions> = {},
): Leases {
  const logger = new QuietLogger();
  return etcdLeases({
    urls: etcd.url,
    prefix: "leases",
    holder,
    ttlSeconds: 2,
    logger,
    ...options,
  });
}

etcdTest(
  "one at a time has a lease, tokens grow, and what is released can be had at once",
  async (etcd) => {
    await using one = leasesOf(etcd, "one");
    await using two = leasesOf(etcd, "two");
    const first = await one.lease("x");
    assert(first.isHeld && first.remainingMs > 0 && first.remainingMs <= 1_800);
    const refused = await assertRejects(() => two.lease("x", { timeoutMs: 0 }), InternodeError);
    assertEquals(refused.code, "DeadlineExceeded");
    assert(refused.message.includes('"one" has it'), refused.message);
    const other = await two.lease("y");
    const waiting = two.lease("x");
    await first.release();
    assertEquals([first.isHeld, first.signal.aborted], [false, true]);
    const second = await waiting;
    assert(second.token > first.token && other.isHeld);
  },
);

etcdTest(
  "a lease is kept for longer than it lasts, and moves when its leader closes",
  async (etcd) => {
    await using one = leasesOf(etcd, "one");
    await using two = leasesOf(etcd, "two");
    const events: string[] = [];
    const gained = { one: Promise.withResolvers<Lease>(), two: Promise.withResolvers<Lease>() };
    const first = one.leader("x", {
      onGained: (lease) => gained.one.resolve(lease),
      onLost: () => events.push("one lost"),
    });
    const led = await gained.one.promise;
    two.leader("x", {
      onGained: (lease) => {
        events.push("two gained");
        gained.two.resolve(lease);
      },
    });
    // Who stands still renews nothing: when its lease has run out, that of the others has been renewed.
    await using still = leasesOf(etcd, "still", { clock: stillClock });
    const lapsing = await still.lease("y"), taken = await two.lease("y");
    assert(taken.token > lapsing.token && !lapsing.isHeld && led.isHeld);
    assertEquals(events, []);
    await first.close();
    const next = await gained.two.promise;
    assert(next.token > led.token);
    assertEquals(events, ["one lost", "two gained"]);
  },
);

etcdTest(
  "a lease whose etcd is away is lost in time, and gained again when it is back",
  async (etcd) => {
    await using one = leasesOf(etcd, "one");
    const gains: Lease[] = [];
    const first = Promise.withResolvers<void>(), lost = Promise.withResolvers<unknown>();
    const second = Promise.withResolvers<void>();
    one.leader("x", {
      onGained: (lease) => {
        if (gains.push(lease) === 1) first.resolve();
        else second.resolve();
      },
      onLost: (_lease, reason) => lost.resolve(reason),
    });
    await first.promise;
    await etcd.kill();
    const reason = await lost.promise;
    assertEquals((reason as InternodeError).code, "Unreachable");
    await etcd.start();
    await second.promise;
    assert(gains[1]!.token > gains[0]!.token);
  },
);

etcdTest("a lease whose key somebody has deleted is lost when it is renewed", async (etcd) => {
  await using one = leasesOf(etcd, "one");
  const lease = await one.lease("x"), lost = Promise.withResolvers<void>();
  lease.signal.addEventListener("abort", () => lost.resolve());
  await etcd.remove("leases/x");
  await lost.promise;
  assertEquals(lease.isHeld, false);
  const again = await one.lease("x");
  assert(again.token > lease.token);
});

etcdTest(
  "any number share a lease, or one has it alone, and tokens say who came later",
  async (etcd) => {
    await using one = leasesOf(etcd, "one");
    await using two = leasesOf(etcd, "two");
    const [first, second] = [
      await one.lease("x", { shared: true }),
      await two.lease("x", { shared: true }),
    ];
    assert(first.isShared && second.isShared && first.isHeld && second.isHeld);
    const refused = await assertRejects(() => two.lease("x", { timeoutMs: 0 }), InternodeError);
    assert(refused.message.includes('"one" shares it'), refused.message);
    // Others' names are not the same, though their keys begin alike.
    await two.lease("x/", { timeoutMs: 0 });
    await first.release();
    await second.release();
    const alone = await two.lease("x");
    assert(!alone.isShared && alone.token > Math.max(first.token, second.token));
    const late = await assertRejects(
      () => one.lease("x", { shared: true, timeoutMs: 0 }),
      InternodeError,
    );
    assert(late.message.includes('"two" has it'), late.message);
    await alone.release();
    const next = await one.lease("x", { shared: true });
    assert(next.token > alone.token);
  },
);

etcdTest(
  "whoever waits to have a lease alone goes before those who come to share it",
  async (etcd) => {
    await using one = leasesOf(etcd, "one");
    await using two = leasesOf(etcd, "two");
    const sharing = await one.lease("x", { shared: true });
    const controller = new AbortController();
    const alone = two.lease("x", { timeoutMs: Infinity, signal: controller.signal });
    alone.catch(() => {});
    const isRefused = async (): Promise<boolean> => {
      try {
        await (await one.lease("x", { shared: true, timeoutMs: 0 })).release();
        return false;
      } catch (error) {
        assert(/"two" waits to have it alone|was faster/.test(String(error)), String(error));
        return true;
      }
    };
    while (!await isRefused());
    // For as long as it waits, which is longer than its lease would live by itself.
    const endMs = performance.now() + 3_000;
    while (performance.now() < endMs) assert(await isRefused());
    assert(sharing.isHeld);
    // Who waits no more is in nobody's way.
    controller.abort(new Error("enough"));
    await assertRejects(() => alone, Error, "enough");
    await (await one.lease("x", { shared: true, timeoutMs: 0 })).release();
    const again = two.lease("x");
    while (!await isRefused());
    await sharing.release();
    assert((await again).token > sharing.token);
  },
);

etcdTest("what etcd keeps no more is lost as what voters keep no more", async (etcd) => {
  await using one = leasesOf(etcd, "one");
  await loseAll(one, async (told) => {
    await etcd.kill();
    await deadline(told, LOSS_MS);
  });
  await etcd.start();
  await loseAll(one, async (told) => {
    for (const key of ["leases/led", "leases/held"]) await etcd.remove(key);
    await etcd.removeAll("leases//shared/");
    await deadline(told, LOSS_MS);
  });
});

etcdTest(
  "whoever was held up sees that it has lost by its signal, before any timer runs",
  async (etcd) => {
    await using still = leasesOf(etcd, "still", { clock: stillClock });
    await using two = leasesOf(etcd, "two");
    const lapsing = await still.lease("x"), seen = lapsing.signal;
    await two.lease("x");
    assertEquals([lapsing.isHeld, seen.aborted], [false, false]);
    assertEquals([lapsing.signal.aborted, seen.aborted], [true, true]);
    assertEquals((seen.reason as InternodeError).code, "Unreachable");
  },
);

Deno.test("names that stand for shared leases are refused", async () => {
  await using leases = etcdLeases({ urls: "http://127.0.0.1:1", prefix: "p", holder: "h" });
  for (const name of ["/shared/1:x/7", "/waiting/"]) {
    const error = await assertRejects(() => leases.lease(name), InternodeError);
    assertEquals(error.code, "InvalidArgument");
  }
});

testBeside("leases in etcd", 4, cases);

Deno.test("options of leases in etcd are checked", () => {
  const good = { urls: "http://127.0.0.1:1", prefix: "p", holder: "h" };
  for (
    const bad of [{ ttlSeconds: 0 }, { ttlSeconds: 1.5 }, { ttlSeconds: 3_601 }, { prefix: "/" }, {
      holder: 1 as unknown as string,
    }, { urls: [] }]
  ) {
    const error = assertThrows(() => etcdLeases({ ...good, ...bad }), InternodeError);
    assertEquals(error.code, "InvalidArgument");
  }
});

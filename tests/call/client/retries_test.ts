/**
 * When and how often calls are tried again, on virtual time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  type Balancer,
  balancerFunc,
  client,
  constantResolver,
  type HandlerMap,
  implement,
  method,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch, type Watched } from "../../support/outcome.ts";
import { CutEndpoint } from "./cut_endpoint.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Bank = service("bank", {
  read: method({ request: t.uint(), response: t.string(), idempotent: true }),
  pay: method({ request: t.uint(), response: t.string() }),
  send: method({ request: t.record({ id: t.uint(), text: t.string() }), response: t.string() }),
});

/** Who ran what when. */
interface Run {
  readonly name: string;
  readonly id: number;
  readonly atMs: number;
}

/** What each of its calls does beside being noted. */
type Act = (id: number) => Promise<unknown> | void;

function replica(sim: SimulatedService, name: string, log: Run[], act?: Act): HandlerMap {
  const run = (id: number): string | Promise<string> => {
    log.push({ name, id, atMs: sim.clock.now() });
    const acted = act?.(id);
    return acted === undefined ? name : acted.then(() => name);
  };
  return implement(Bank, { read: run, pay: run, send: ({ id }) => run(id) }, {
    // Reads beyond one at a time are refused as Overloaded.
    methods: { read: { concurrency: 1, queue: 0 } },
  });
}

/** Notes when attempts are made, and for which replica. */
function noting(sim: SimulatedService, picks: { name: string; atMs: number }[]): Balancer {
  return balancerFunc((replicas, { tried }) => {
    const picked = replicas.find((each) => tried?.has(each) !== true) ?? replicas[0]!;
    picks.push({ name: picked.endpoint.address.slice("memory://".length), atMs: sim.clock.now() });
    return picked;
  });
}

async function allSettled(sim: SimulatedService, calls: readonly Watched<unknown>[]) {
  await sim.clock.runUntil(() => calls.every(({ settled }) => settled), 100_000);
}

function countFates(calls: readonly Watched<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fate } of calls) counts[fate] = (counts[fate] ?? 0) + 1;
  return counts;
}

const NEVER = new Promise<never>(() => {});

Deno.test("a call that is refused again and again is tried four times, ever more slowly", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [], picks: { name: string; atMs: number }[] = [];
    const connection = await sim.connectTo(1, () => replica(sim, "r0", log, () => NEVER), {}, {
      graceMs: 0,
    });
    const bank = client(Bank, connection);
    const first = watch(sim.clock, bank.read(1, { timeoutMs: 5_000 }));
    await sim.clock.runUntil(() => log.length === 1, 100);
    const refused = watch(sim.clock, bank.read(2, { balancer: noting(sim, picks) }));
    await allSettled(sim, [refused]);
    assertEquals(refused.fate, "Overloaded notExecuted");
    const waits = picks.slice(1).map(({ atMs }, at) => atMs - picks[at]!.atMs);
    assertEquals(waits.length, 3);
    for (const [at, waitMs] of waits.entries()) {
      // An attempt takes up to 2 ms there and back; the wait is shortened by up to 40 %.
      const mostMs = 10 * 2 ** at;
      assert(waitMs >= mostMs * 0.6 && waitMs <= mostMs + 3, `wait ${at + 1}: ${waitMs} ms`);
    }
    assertEquals(first.settled, false);

    // As many attempts as the call says, and none where it says so.
    for (const [retry, attempts] of [[{ maxAttempts: 2 }, 2], [false, 1], [true, 4]] as const) {
      picks.length = 0;
      const call = watch(sim.clock, bank.read(3, { retry, balancer: noting(sim, picks) }));
      await allSettled(sim, [call]);
      assertEquals([call.fate, picks.length], ["Overloaded notExecuted", attempts]);
    }
  });
});

Deno.test("a client that does not retry does so where a call wants it", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    await sim.start(0, replica(sim, "r0", log, () => NEVER), { graceMs: 0 });
    await sim.start(1, replica(sim, "r1", log));
    sim.list(0, 1);
    const connection = await sim.connect({ retry: false });
    await sim.ready(connection, 2);
    const bank = client(Bank, connection);
    const firstFirst = { balancer: noting(sim, []) };
    const held = watch(sim.clock, bank.read(1, { ...firstFirst, timeoutMs: 1_000 }));
    await sim.clock.runUntil(() => log.length === 1, 100);
    const plain = watch(sim.clock, bank.read(2, firstFirst));
    const retried = watch(sim.clock, bank.read(3, { ...firstFirst, retry: true }));
    await allSettled(sim, [plain, retried]);
    assertEquals([plain.fate, retried.value], ["Overloaded notExecuted", "r1"]);
    // On a replica that had no attempt yet there is nothing to wait for.
    assert(retried.tookMs < 5, `${retried.tookMs} ms`);
    await allSettled(sim, [held]);
  });
});

Deno.test("a call whose time is shorter than the back-off ends with what went wrong, at once", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    const connection = await sim.connectTo(1, () => replica(sim, "r0", log, () => NEVER), {}, {
      graceMs: 0,
    });
    const bank = client(Bank, connection);
    const held = watch(sim.clock, bank.read(1, { timeoutMs: 1_000 }));
    await sim.clock.runUntil(() => log.length === 1, 100);
    const hasty = watch(sim.clock, bank.read(2, { timeoutMs: 5 }));
    await allSettled(sim, [hasty, held]);
    assertEquals([hasty.fate, held.fate], [
      "Overloaded notExecuted",
      "DeadlineExceeded maybeExecuted",
    ]);
    assert(hasty.tookMs <= 3, `${hasty.tookMs} ms`);
  });
});

Deno.test("of thousands of calls that fail at once, as many are tried again as the budget has", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    // Payments, as those are not limited there.
    await sim.start(0, replica(sim, "r0", log, () => NEVER));
    await sim.start(1, replica(sim, "r1", log));
    sim.list(0);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const bank = client(Bank, connection);
    const calls = Array.from(
      { length: 2_000 },
      (_, id) => watch(sim.clock, bank.pay(id, { idempotent: true })),
    );
    await sim.clock.runUntil(() => log.length === 2_000, 100);
    sim.list(0, 1);
    await sim.ready(connection, 2);
    sim.crash(0);
    await allSettled(sim, calls);
    // A fifth of the calls and 10 for each of ten seconds.
    assertEquals(countFates(calls), { "ok": 500, "Disconnected maybeExecuted": 1_500 });
    assertEquals(log.length, 2_500);
    const spent = watch(sim.clock, bank.pay(0));
    await allSettled(sim, [spent]);
    assertEquals(spent.value, "r1");
  });
});

Deno.test("thousands of calls that were not sent yet are all sent elsewhere, whatever the budget", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    await sim.start(0, replica(sim, "r0", log, () => NEVER), { limits: { maxCalls: 1 } });
    await sim.start(1, replica(sim, "r1", log));
    sim.list(0);
    const connection = await sim.connect({ retryBudget: { ratio: 0, minPerSecond: 0 } });
    await sim.ready(connection, 1);
    const bank = client(Bank, connection);
    const calls = Array.from({ length: 3_000 }, (_, id) => watch(sim.clock, bank.pay(id)));
    await sim.clock.runUntil(() => log.length === 1, 100);
    sim.list(0, 1);
    await sim.ready(connection, 2);
    sim.crash(0);
    await allSettled(sim, calls);
    assertEquals(countFates(calls), { "ok": 2_999, "Disconnected maybeExecuted": 1 });
    assertEquals(log.map(({ id }) => id).sort((a, b) => a - b), [...Array(3_000).keys()]);
  });
});

Deno.test("a replica that breaks off each time before a call can be sent is not asked without a pause", async () => {
  const sim = new SimulatedService(1, { pieces: "whole" });
  await sim.run(async () => {
    await sim.start(0, replica(sim, "r0", []), { limits: { maxCalls: 1 } });
    const cutting = new CutEndpoint(sim.endpoint(0), { receivedBytes: 160 });
    // With these the last attempt is not so near the deadline that a retry would miss it.
    const reconnect = { initialMs: 10, factor: 1.3, maxMs: 5_000 };
    const connection = await sim.connect({ resolver: constantResolver(cutting), reconnect });
    const calls = Array.from(
      { length: 20 },
      (_, id) => watch(sim.clock, client(Bank, connection).pay(id, { timeoutMs: 10_000 })),
    );
    await allSettled(sim, calls);
    for (const { fate, tookMs } of calls) {
      if (fate === "Unreachable notSent") assertEquals(tookMs, 10_000);
      else assertEquals(fate, "Disconnected maybeExecuted");
    }
    assert(cutting.cuts > 5 && cutting.cuts < 60, `${cutting.cuts} connections`);
  });
});

Deno.test("a retry option that makes no sense fails its call alone, before it is made", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    const connection = await sim.connectTo(1, () => replica(sim, "r0", log, () => NEVER));
    const bank = client(Bank, connection);
    const wrong = watch(sim.clock, bank.pay(0, { retry: { maxAttempts: 0 } }));
    const good = [1, 2].map((id) => watch(sim.clock, bank.pay(id)));
    await sim.clock.runUntil(() => log.length >= 2, 100);
    sim.crash(0);
    await allSettled(sim, [wrong, ...good]);
    assertEquals(wrong.fate, "InvalidArgument notSent");
    assertStringIncludes((wrong.error as Error).message, "retry.maxAttempts");
    assertEquals(log.map(({ id }) => id), [1, 2]);
    assertEquals(countFates(good), { "Disconnected maybeExecuted": 2 });
  });
});

Deno.test("a retried call that waits for a place on its new connection may end there, and harms no other", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    const held = Promise.withResolvers<void>();
    await sim.start(0, replica(sim, "r0", log, () => NEVER));
    await sim.start(1, replica(sim, "r1", log, () => held.promise), { limits: { maxCalls: 1 } });
    sim.list(1);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const bank = client(Bank, connection);
    const running = watch(sim.clock, bank.pay(1));
    await sim.clock.runUntil(() => log.length === 1, 100);
    sim.list(0, 1);
    await sim.ready(connection, 2);
    const options = { balancer: noting(sim, []), idempotent: true };
    const retried = watch(sim.clock, bank.pay(2, { ...options, timeoutMs: 500 }));
    await sim.clock.runUntil(() => log.length === 2, 100);
    sim.crash(0);
    await allSettled(sim, [retried]);
    // It may have run on the first replica, though the second never got it.
    assertEquals([retried.fate, retried.tookMs], ["DeadlineExceeded maybeExecuted", 500]);
    held.resolve();
    await allSettled(sim, [running]);
    assertEquals([running.value, log.length], ["r1", 2]);
  });
});

Deno.test("a call refused while the replicas change keeps waiting, no longer than it may", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    await sim.start(0, replica(sim, "r0", log, () => NEVER), {
      limits: { maxMessageBytes: 50_000, receiveBudgetBytes: 65_536 },
    });
    const connection = await sim.connect({ limits: { sendBudgetBytes: 65_536 } });
    const bank = client(Bank, connection);
    // More than may wait to be sent: the last ones are Overloaded on this side at once.
    const calls = Array.from(
      { length: 5 },
      (_, id) =>
        watch(sim.clock, bank.send({ id, text: "x".repeat(40_000) }, { timeoutMs: 3_000 })),
    );
    sim.list(0);
    await sim.clock.runUntil(() => (connection.replicas[0]?.callsInFlight ?? 0) > 0, 100);
    sim.crash(0);
    await sim.clock.advance(10_000);
    const fates = countFates(calls);
    assertEquals(fates["pending"], undefined, Deno.inspect(fates));
    assertEquals(fates["Unreachable notSent"], 4, Deno.inspect(fates));
  });
});

Deno.test("a signal's reason comes back as it is, whatever it is", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: Run[] = [];
    const connection = await sim.connectTo(1, () => replica(sim, "r0", log, () => NEVER), {}, {
      graceMs: 0,
    });
    const bank = client(Bank, connection);
    // Such as that of a handler's own signal, when it makes a call in turn.
    const reason = new InternodeError("Cancelled", "not needed any more", { origin: "caller" });
    const running = new AbortController();
    const first = bank.pay(1, { signal: running.signal });
    await sim.clock.runUntil(() => log.length === 1, 100);
    running.abort(reason);
    assertEquals(await assertRejects(() => first) === reason, true);

    // And of a call that may have run in an attempt before.
    const waiting = new AbortController();
    const second = bank.pay(2, { signal: waiting.signal, idempotent: true });
    await sim.clock.runUntil(() => log.length === 2, 100);
    sim.crash(0);
    await sim.clock.advance(50);
    waiting.abort(reason);
    assertEquals(await assertRejects(() => second) === reason, true);
  });
});

/**
 * Calls that are sent to a second replica when the first takes long.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { balancerFunc, client } from "@internode/grid/call";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { watch } from "../../support/outcome.ts";
import { HEDGE, type Held, inOrder, Map_, replica, withReplicas } from "./hedge_world.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

Deno.test("the second replica's answer counts when it comes first; the first hears of that and is not blamed", async () => {
  await withReplicas(2, async ({ sim, held, connection, map }) => {
    for (let round = 0; round < 10; round++) {
      held.length = 0;
      const found = watch(sim.clock, map.find("it", { hedge: HEDGE }));
      await sim.clock.runUntil(() => held.length === 2, 100);
      assertEquals(held.map(({ name }) => name), ["r0", "r1"]);
      held[1]!.answer.resolve("from r1");
      await sim.clock.runUntil(() => found.settled, 10);
      assertEquals(found.value, "from r1");
      assert(found.tookMs >= 20 && found.tookMs < 26, `${found.tookMs} ms`);
      await sim.clock.runUntil(() => held[0]!.cancelled !== undefined, 10);
      const { cancelled } = held[0]!;
      assert(cancelled instanceof InternodeError);
      assertEquals(cancelled.code, "Cancelled");
      assertStringIncludes(cancelled.message, "another replica");
      assertEquals(held[1]!.cancelled, undefined);
    }
    assertEquals(connection.replicas.map(({ isSetAside }) => isSetAside), [false, false]);
  }, { outliers: { maxFailures: 1 } });
});

Deno.test("where nobody else is ready when the delay is up, the second goes as soon as somebody is", async () => {
  await withReplicas(1, async ({ sim, held, connection, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE, timeoutMs: 10_000 }));
    await sim.clock.advance(500);
    assertEquals(held.map(({ name }) => name), ["r0"]);
    await sim.start(1, replica("r1", held), { graceMs: 0 });
    sim.list(0, 1);
    await sim.ready(connection, 2);
    await sim.clock.runUntil(() => held.length === 2, 25, "the second call");
    held[1]!.answer.resolve("from r1");
    await sim.clock.runUntil(() => found.settled, 10);
    assertEquals(found.value, "from r1");
  });
});

Deno.test("a hedge without any delay that has nowhere to go does not ask all the time", async () => {
  await withReplicas(1, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: { delayMs: 0 }, timeoutMs: 1_000 }));
    // Virtual time would stand still for ever.
    await sim.clock.advance(100);
    assertEquals(held.length, 1);
    held[0]!.answer.resolve("at last");
    await sim.clock.runUntil(() => found.settled, 10);
    assertEquals(found.value, "at last");
  });
});

Deno.test("an answer before the delay is up keeps a call from being sent twice", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE }));
    await sim.clock.advance(10);
    held[0]!.answer.resolve("soon");
    await sim.clock.advance(100);
    assertEquals([found.value, held.length], ["soon", 1]);
  });
});

Deno.test("as many replicas are asked as the options say, all at once without a delay", async () => {
  await withReplicas(4, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: { delayMs: 0, maxAttempts: 3 } }));
    await sim.clock.advance(5);
    assertEquals(held.map(({ name }) => name).sort(), ["r0", "r1", "r2"]);
    await sim.clock.advance(100);
    assertEquals(held.length, 3);
    held[2]!.answer.resolve("third");
    await sim.clock.advance(5);
    assertEquals(found.value, "third");
    assert(held[0]!.cancelled !== undefined && held[1]!.cancelled !== undefined);
  });
});

Deno.test("one deadline spans all attempts", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE, timeoutMs: 100 }));
    await sim.clock.advance(200);
    assertEquals([found.fate, found.tookMs], ["DeadlineExceeded maybeExecuted", 100]);
    assertEquals(held.length, 2);
    for (const { cancelled } of held) {
      assertEquals((cancelled as InternodeError).code, "DeadlineExceeded");
    }
  });
});

Deno.test("a signal ends all attempts with its reason", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const abort = new AbortController(), reason = new Error("enough");
    const found = map.find("it", { hedge: HEDGE, signal: abort.signal });
    found.catch(() => {});
    await sim.clock.runUntil(() => held.length === 2, 100);
    abort.abort(reason);
    assertEquals(await assertRejects(() => found) === reason, true);
    await sim.clock.advance(5);
    for (const { cancelled } of held) assertStringIncludes(String(cancelled), "enough");

    const early = new AbortController();
    const other = map.find("it", { hedge: HEDGE, signal: early.signal });
    other.catch(() => {});
    await sim.clock.advance(5);
    early.abort(reason);
    assertEquals(await assertRejects(() => other) === reason, true);
    await sim.clock.advance(100);
    assertEquals(held.length, 3);
  });
});

Deno.test("a replica that is lost does not end the call while another may still answer", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE, retry: false }));
    await sim.clock.runUntil(() => held.length === 2, 100);
    sim.crash(0);
    await sim.clock.advance(10);
    assertEquals(found.fate, "pending");
    held[1]!.answer.resolve("whole");
    await sim.clock.advance(5);
    assertEquals(found.value, "whole");
  });
});

Deno.test("what a handler throws is an answer: the other replica's silence does not hide it", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    for (const thrower of [0, 1]) {
      held.length = 0;
      const failed = watch(sim.clock, map.find("it", { hedge: HEDGE }));
      await sim.clock.runUntil(() => held.length === 2, 100);
      held[thrower]!.answer.reject(new Error("there is no such thing"));
      await sim.clock.advance(5);
      assertEquals(failed.fate, "HandlerFailed executed");
      assertStringIncludes(String(failed.error), "there is no such thing");
      assert(held[1 - thrower]!.cancelled instanceof InternodeError);
    }
    // And before the second was asked, there is nothing to wait for.
    held.length = 0;
    const quick = watch(sim.clock, map.find("it", { hedge: HEDGE }));
    await sim.clock.advance(5);
    held[0]!.answer.reject(new Error("broken"));
    await sim.clock.advance(50);
    assertEquals([quick.fate, held.length], ["HandlerFailed executed", 1]);
  });
});

Deno.test("the outcome of a hedged call tells of all its attempts", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const held: Held[] = [];
    await sim.start(0, replica("r0", held));
    await sim.start(1, replica("r1", held), { limits: { maxCalls: 1 } });
    sim.list(0, 1);
    const connection = await sim.connect({ retry: false });
    await sim.ready(connection, 2);
    const map = client(Map_, connection);
    const last = balancerFunc((replicas) => replicas[1]);
    const filling = watch(sim.clock, map.find("another", { balancer: last }));
    await sim.clock.runUntil(() => held.length === 1, 100);
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE, balancer: inOrder }));
    await sim.clock.advance(50);
    // The second replica takes no more, so that the call waits here.
    assertEquals(held.map(({ name }) => name), ["r1", "r0"]);
    assertEquals(connection.replicas.map(({ callsInFlight }) => callsInFlight), [1, 2]);
    sim.crash(0);
    await sim.clock.advance(10);
    assertEquals(found.fate, "pending");
    sim.crash(1);
    await sim.clock.advance(10);
    assertEquals(found.fate, "Disconnected maybeExecuted");
    assertEquals(filling.fate, "Disconnected maybeExecuted");
  });
});

Deno.test("what is not idempotent is not hedged, nor is anything where the budget is spent or nobody else is there", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const changed = watch(sim.clock, map.change("it"));
    await sim.clock.advance(100);
    assertEquals(held.length, 1);
    held[0]!.answer.resolve("done");
    const found = watch(sim.clock, map.find("it"));
    await sim.clock.advance(100);
    assertEquals(held.length, 2);
    held[1]!.answer.resolve("found");
    await sim.clock.advance(10);
    assertEquals([changed.value, found.value], ["done", "found"]);
  }, { hedge: HEDGE, retryBudget: { ratio: 0, minPerSecond: 0 } });
  await withReplicas(1, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it"));
    await sim.clock.advance(100);
    assertEquals(held.length, 1);
    held[0]!.answer.resolve("found");
    await sim.clock.advance(10);
    assertEquals(found.value, "found");
  }, { hedge: HEDGE });
});

Deno.test("hedges are paid for and earn nothing", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const calls = Array.from({ length: 10 }, () => watch(sim.clock, map.find("it")));
    await sim.clock.advance(100);
    // Half as many as there are calls; those of hedges would be no calls.
    assertEquals(held.length, 15);
    const more = Array.from({ length: 2 }, () => watch(sim.clock, map.find("it")));
    await sim.clock.advance(100);
    assertEquals(held.length, 18);
    for (const { answer } of held) answer.resolve("found");
    await sim.clock.advance(10);
    for (const { value } of [...calls, ...more]) assertEquals(value, "found");
  }, { hedge: HEDGE, retryBudget: { ratio: 0.5, minPerSecond: 0 } });
});

Deno.test("a call can do without its client's hedging, and options must make sense", async () => {
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: false }));
    await sim.clock.advance(100);
    assertEquals(held.length, 1);
    held[0]!.answer.resolve("found");
    await sim.clock.advance(10);
    assertEquals(found.value, "found");
    const wrong = [
      { delayMs: -1 },
      { delayMs: NaN },
      { delayMs: Infinity },
      { delayMs: 1, maxAttempts: 0 },
      { delayMs: 1, maxAttempts: 1.5 },
    ];
    for (const hedge of wrong) {
      const error = await assertRejects(() => map.find("it", { hedge }), InternodeError);
      assertEquals(error.code, "InvalidArgument");
      assertStringIncludes(error.message, "hedge.");
    }
  }, { hedge: HEDGE });
});

Deno.test("each attempt of a hedged call has a span, and the loser's says that it was cancelled", async () => {
  const tracer = new FakeTracer();
  await withReplicas(2, async ({ sim, held, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE }));
    await sim.clock.runUntil(() => held.length === 2, 100);
    held[1]!.answer.resolve("found");
    await sim.clock.advance(10);
    assertEquals(found.value, "found");
    assertEquals(tracer.told, ["client map.find: Cancelled", "client map.find: ok"]);
  }, { tracer });
});

Deno.test("closing ends a hedged call and asks no other replica", async () => {
  await withReplicas(2, async ({ sim, held, connection, map }) => {
    const found = watch(sim.clock, map.find("it", { hedge: HEDGE }));
    await sim.clock.advance(5);
    const closed = connection.close({ graceMs: 100 });
    await sim.clock.advance(50);
    assertEquals(held.length, 1);
    await closed;
    assertEquals(found.fate, "Closed maybeExecuted");
  });
});

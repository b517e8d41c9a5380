import { type CallTrace, HandlerError, single } from "@internode/grid";
import { HandlerMap, makeMethodKey, type SingleMethod } from "@internode/grid/call";
import { raw } from "@internode/grid/codec";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const key = makeMethodKey("a", "work");
const work: SingleMethod = {
  kind: "single",
  key,
  contract: single("a.work", { request: raw(), response: raw() }),
  idempotent: true,
};
const EMPTY = new Uint8Array(0);

/** What traces say, without how long it took. */
function told(traces: readonly CallTrace[]): unknown[] {
  return traces.map(({ host, attempt, error }) => [host, attempt, error]);
}

Deno.test("a client counts over all its replicas, those included that are listed no more", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const to = await sim.connectTo(2, () => new HandlerMap().set("a", "work", (bytes) => bytes));
    for (let i = 0; i < 4; i++) await to.request(work, new Uint8Array(100));
    const before = to.stats(), [one, two] = to.replicas.map((replica) => replica.stats());
    assertEquals([before.connections, before.waitingCalls, before.callsOut], [2, 0, 0]);
    assertEquals([one!.state, one!.messagesSent, two!.messagesSent], ["connected", 2, 2]);
    assertEquals(before.messagesSent, 4);
    assert(before.bytesSent === one!.bytesSent + two!.bytesSent && before.bytesSent > 400);
    sim.list(1);
    await sim.clock.runUntil(() => to.replicas.length === 1, 1_000, "one replica to be gone");
    const after = to.stats();
    assertEquals([after.connections, after.messagesSent], [1, 4]);
    assert(after.bytesSent >= before.bytesSent);
  });
});

Deno.test("each attempt of a call that is tried again is traced with its replica", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const to = await sim.connectTo(2, (index) =>
      new HandlerMap().set("a", "work", () => {
        if (index === 0) return new Promise(() => {});
        throw new HandlerError("no");
      }));
    const traces: CallTrace[] = [];
    const end = to.trace((trace) => void traces.push(trace));
    // The first replica has the call and dies.
    const call = to.request(work, EMPTY).then(() => null, (error) => error.code);
    await sim.clock.runUntil(() => to.replicas[0]!.callsInFlight > 0, 1_000, "a call");
    sim.crash(0);
    assertEquals(await sim.clock.complete(call), "HandlerFailed");
    assertEquals(told(traces), [
      ["memory://r0", 1, "Disconnected"],
      ["memory://r1", 2, "HandlerFailed"],
    ]);
    assert(
      traces.every(({ direction, kind, handler }) =>
        direction === "outgoing" && kind === "single" && handler === "a.work"
      ),
    );
    end();
    await assertRejects(() => sim.clock.complete(to.request(work, EMPTY)));
    assertEquals(traces.length, 2);
  });
});

Deno.test("each attempt of a hedged call is traced, and a call that no replica had is told once", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const to = await sim.connectTo(
      2,
      (index) =>
        new HandlerMap().set(
          "a",
          "work",
          (bytes) =>
            index === 0
              ? new Promise((resolve) => sim.clock.setTimer(500, () => resolve(bytes)))
              : bytes,
        ),
    );
    const traces: CallTrace[] = [];
    to.trace((trace) => void traces.push(trace));
    const hedge = { delayMs: 50, maxAttempts: 2 };
    // Whichever is asked first, the second one answers.
    for (let i = 0; i < 2; i++) await sim.clock.complete(to.request(work, EMPTY, { hedge }));
    await sim.clock.advance(1_000);
    const hedged = traces.filter(({ host }) => host === "memory://r0");
    assertEquals(told(hedged), [["memory://r0", 1, "Cancelled"]]);
    const winners = traces.filter(({ error }) => error === null);
    assertEquals(winners.map(({ host }) => host), ["memory://r1", "memory://r1"]);
    assertEquals(winners.map(({ attempt }) => attempt).sort(), [1, 2]);
    traces.length = 0;
    sim.list();
    await sim.clock.advance(100);
    const late = to.request(work, EMPTY, { timeoutMs: 200 });
    await assertRejects(() => sim.clock.complete(late));
    assertEquals(told(traces), [["", 0, "Unreachable"]]);
  });
});

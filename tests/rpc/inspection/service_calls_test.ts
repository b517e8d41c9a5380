import {
  type CallInFlight,
  client,
  implement,
  method,
  methodStream,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { inOrder, withReplicas } from "../../call/client/hedge_world.ts";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Disk = service("disk", {
  read: method({ request: t.string(), response: t.string(), idempotent: true }),
  scan: methodStream({
    initial: t.string(),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
});

const brief = ({ direction, handler, host, state, attempt }: CallInFlight) =>
  `${direction} ${handler} ${host} ${state} ${attempt}`;

Deno.test("a client's calls are seen with replica and attempt, and the server's with the client", async () => {
  await withReplicas(2, async ({ sim, held, connection, map }) => {
    const found = watch(sim.clock, map.find("a"));
    await sim.clock.advance(1_000);
    assertEquals(connection.calls().map(brief), ["outgoing map.find memory://r0 running 1"]);
    assertEquals(Math.round(connection.calls()[0]!.ageMs), 1_000);
    assertEquals(Math.round(connection.calls()[0]!.leftMs), 59_000);
    const [served] = sim.server(0).calls();
    assertEquals(brief(served!), "incoming map.find client running 1");
    assert(served!.ageMs > 990 && served!.ageMs < 1_000);
    assertEquals(sim.server(1).calls(), []);

    sim.crash(0);
    await sim.clock.advance(100);
    assertEquals(connection.calls().map(brief), ["outgoing map.find memory://r1 running 2"]);
    assertEquals(Math.round(connection.calls()[0]!.ageMs), 1_100);
    held.at(-1)!.answer.resolve("b");
    await sim.clock.advance(10);
    assertEquals([found.settled, connection.calls()], [true, []]);
  });
});

Deno.test("a call is seen to wait for the time of its next attempt, and for a replica", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const handlers = implement(Disk, {
      read: () => new Promise<string>(() => {}),
      scan: () => [],
    }, { methods: { read: { concurrency: 1, queue: 0 } } });
    const connection = await sim.connectTo(1, () => handlers);
    const disk = client(Disk, connection);
    const stop = new AbortController();
    disk.read("first", { signal: stop.signal }).catch(() => {});
    await sim.clock.advance(10);
    disk.read("refused, as there is no place", { signal: stop.signal }).catch(() => {});
    await sim.clock.runUntil(
      () => connection.calls().some(({ state }) => state === "backOff"),
      5_000,
    );
    const backs = connection.calls().find(({ state }) => state === "backOff")!;
    assertEquals(brief(backs), `outgoing disk.read  backOff ${backs.attempt}`);
    assert(backs.attempt > 1);
    stop.abort();

    sim.crash(0);
    await sim.clock.runUntil(
      () => connection.replicas.every(({ state }) => state === "disconnected"),
      5_000,
    );
    const waiting = new AbortController(), options = { signal: waiting.signal };
    disk.read("x", { ...options, waitForReady: true }).catch(() => {});
    const scan = disk.scan("x", { ...options, waitForReady: true });
    await sim.clock.advance(100);
    assertEquals(connection.calls().map(brief), [
      "outgoing disk.read  connecting 1",
      "outgoing disk.scan  connecting 1",
    ]);
    assertEquals(connection.calls().map(({ kind, stream }) => [kind, stream]), [
      ["single", null],
      ["stream", null],
    ]);
    waiting.abort();
    scan.cancel();
    assertEquals(connection.calls(), []);
  });
});

Deno.test("each attempt of a hedged call is seen", async () => {
  await withReplicas(2, async ({ sim, held, connection, map }) => {
    const found = watch(sim.clock, map.find("a"));
    await sim.clock.advance(100);
    assertEquals(connection.calls().map(brief), [
      "outgoing map.find memory://r0 running 1",
      "outgoing map.find memory://r1 running 2",
    ]);
    held[1]!.answer.resolve("b");
    await sim.clock.advance(10);
    assertEquals([found.settled, connection.calls()], [true, []]);
  }, { hedge: { delayMs: 50 }, balancer: inOrder });
});

Deno.test("a server's handlers are seen after their client has gone", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const end = Promise.withResolvers<string>();
    const handlers = implement(Disk, { read: () => end.promise, scan: () => [] });
    const connection = await sim.connectTo(1, () => handlers, { name: "web-7" });
    client(Disk, connection).read("x").catch(() => {});
    await sim.clock.advance(100);
    await connection.close({ graceMs: 0 });
    await sim.clock.advance(1_000);
    assertEquals(sim.server(0).connections, []);
    assertEquals(sim.server(0).calls().map(brief), ["incoming disk.read web-7 abandoned 1"]);
    end.resolve("late");
    await sim.clock.advance(10);
    assertEquals(sim.server(0).calls(), []);
  });
});

Deno.test("a stream of a service is seen with its replica and its messages", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const handlers = implement(Disk, {
      read: () => "",
      async *scan() {
        yield "one";
        await new Promise(() => {});
      },
    });
    const connection = await sim.connectTo(1, () => handlers);
    const scan = client(Disk, connection).scan("x");
    await sim.clock.advance(100);
    const [made] = connection.calls(), [served] = sim.server(0).calls();
    assertEquals(brief(made!), "outgoing disk.scan memory://r0 running 1");
    assertEquals([made!.stream!.received, served!.stream!.sent], [1, 1]);
    scan.cancel();
    await sim.clock.advance(10);
    assertEquals(connection.calls(), []);
    // The handler never comes back: it is seen for as long as that.
    assertEquals(sim.server(0).calls().map(({ state }) => state), ["abandoned"]);
  });
});

Deno.test("the trace of an attempt that ran out of time says how long it took", async () => {
  await withReplicas(1, async ({ sim, connection, map }) => {
    const durations: number[] = [];
    connection.trace(({ durationMs }) => durations.push(Math.round(durationMs)));
    const found = watch(sim.clock, map.find("a", { timeoutMs: 500 }));
    await sim.clock.runUntil(() => found.settled, 10_000);
    assertEquals(durations, [500]);
  });
});

/**
 * What a client's tracer hears of, and what travels with calls.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  client,
  type ClientOptions,
  type HandlerMap,
  implement,
  method,
  methodStream,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Shop = service("shop", {
  buy: method({ request: t.string(), response: t.nothing() }),
  look: method({ request: t.string(), response: t.nothing(), idempotent: true }),
  browse: methodStream({
    initial: t.nothing(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
});

type Told = Record<string, string>[];

function replica(told: Told): HandlerMap {
  return implement(Shop, {
    buy: (what, { metadata }) => {
      told.push({ ...metadata });
      if (what === "nothing") throw new Error("nothing to buy");
    },
    look: (what, { metadata }) => {
      told.push({ ...metadata });
      return what === "stay" ? new Promise(() => {}) : undefined;
    },
    browse: function* (_, __, { metadata }) {
      told.push({ ...metadata });
      yield* [1, 2, 3];
    },
  });
}

async function withReplica(
  options: ClientOptions,
  body: (
    connection: ServiceConnection,
    told: Told,
    sim: SimulatedService,
    server: FakeTracer,
  ) => Promise<void>,
): Promise<void> {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const told: Told = [], server = new FakeTracer();
    const connection = await sim.connectTo(1, () => replica(told), options, {
      tracer: server,
      graceMs: 0,
    });
    await body(connection, told, sim, server);
  });
}

Deno.test("each call and stream has one span, parent of its handler's, which ends with its error", async () => {
  const tracer = new FakeTracer();
  await withReplica({ tracer }, async (connection, told, sim, server) => {
    const shop = client(Shop, connection);
    await shop.buy("bread", { metadata: { tenant: "blue" } });
    await shop.buy("nothing").catch(() => {});
    await shop.buy(1 as unknown as string).catch(() => {});
    for await (const _ of shop.browse(undefined));
    shop.browse(undefined).cancel();
    const abort = new AbortController();
    const looking = shop.look("stay", { signal: abort.signal });
    await sim.clock.advance(5);
    abort.abort(new Error("enough"));
    await assertRejects(() => looking, Error, "enough");
    assertEquals(tracer.told, [
      "client shop.buy: ok",
      "client shop.buy: HandlerFailed",
      "client shop.buy: InvalidPayload",
      "client shop.browse: ok",
      "client shop.browse: Cancelled",
      "client shop.look: enough",
    ]);
    // The handlers' spans, by the context that travelled.
    const contexts = tracer.spans.map(({ context }) => context!);
    for (const span of server.of("server")) {
      const parent = contexts.find(({ spanId }) => spanId === span.parentId);
      assertEquals(parent?.traceId, span.context?.traceId, span.name);
    }
    const { traceparent, ...rest } = told[0]!;
    assertEquals(rest, { tenant: "blue" });
    assertEquals(traceparent, `00-${contexts[0]!.traceId}-${contexts[0]!.spanId}-01`);
    // Nobody knows at the start which replica it will be.
    assertEquals(tracer.spans.map(({ options }) => options.attributes["server.address"]), [
      ...Array(6).fill(undefined),
    ]);
  });
});

Deno.test("a call's span spans all its attempts, and the waiting", async () => {
  const tracer = new FakeTracer();
  await withReplica({ tracer }, async (connection, told, sim) => {
    const shop = client(Shop, connection);
    await sim.start(1, replica(told));
    const looking = watch(sim.clock, shop.look("stay", { timeoutMs: 4_000 }));
    await sim.clock.runUntil(() => told.length === 1, 100);
    sim.crash(0);
    await sim.clock.advance(1_000);
    assertEquals(tracer.told, ["client shop.look: open"]);
    sim.list(1);
    await sim.clock.runUntil(() => told.length === 2, 1_000);
    assertEquals(told[1], told[0]);
    await sim.clock.runUntil(() => looking.settled, 10_000);
    assertEquals(tracer.told, ["client shop.look: DeadlineExceeded"]);

    sim.resolver.setMissing();
    await sim.clock.advance(1_000);
    const unreachable = watch(sim.clock, shop.buy("x", { timeoutMs: 100 }));
    const unopened = watch(sim.clock, shop.browse(undefined, { timeoutMs: 100 }).finished);
    await sim.clock.advance(200);
    assertEquals([unreachable.fate, unopened.fate], Array(2).fill("Unreachable notSent"));
    assertEquals(tracer.told.slice(1), [
      "client shop.buy: Unreachable",
      "client shop.browse: Unreachable",
    ]);
  });
});

Deno.test("calls made within a span are its children", async () => {
  const tracer = new FakeTracer();
  await withReplica({ tracer }, async (connection) => {
    const shop = client(Shop, connection);
    const outer = tracer.startSpan("outer", {
      kind: "server",
      parent: undefined,
      attributes: {},
    });
    await outer.run(async () => {
      await shop.buy("bread");
      for await (const _ of shop.browse(undefined));
    });
    const parents = tracer.of("client").map(({ parentId }) => parentId);
    assertEquals(parents, Array(2).fill(outer.context!.spanId));
  });
});

Deno.test("without a tracer nothing travels that the caller did not give", async () => {
  await withReplica({}, async (connection, told) => {
    const shop = client(Shop, connection);
    await shop.buy("bread");
    await shop.look("bread", { metadata: {} });
    await shop.look("bread", { metadata: { tenant: "blue", empty: "" } });
    for await (const _ of shop.browse(undefined, { metadata: { page: "1" } }));
    assertEquals(told, [{}, {}, { tenant: "blue", empty: "" }, { page: "1" }]);
  });
});

Deno.test("metadata that is too much, or no text, fails its call alone", async () => {
  await withReplica({}, async (connection, told) => {
    const shop = client(Shop, connection);
    const metadata = { large: "x".repeat(4_096) };
    const failed = [
      await assertRejects(() => shop.look("x", { metadata })),
      await assertRejects(() => shop.browse(undefined, { metadata }).finished),
    ] as { code?: string; outcome?: string }[];
    assertEquals(failed.map(({ code, outcome }) => `${code} ${outcome}`), [
      "InvalidArgument notSent",
      "InvalidArgument notSent",
    ]);
    await shop.buy("bread");
    assertEquals([told.length, connection.replicas[0]!.callsInFlight], [1, 0]);
  });
});

Deno.test("a span tells the replica, the attempt and the status, also of a call that is tried again", async () => {
  const sim = new SimulatedService(), tracer = new FakeTracer();
  await sim.run(async () => {
    const told: Told = [];
    const connection = await sim.connectTo(2, () => replica(told), { tracer });
    const shop = client(Shop, connection), address = (index: number) => `r${index}`;
    await shop.buy("bread");
    for await (const _ of shop.browse(undefined));
    const [buying, browsing] = tracer.spans.map(({ added }) => added);
    const hosts = [buying!["internode.replica"], browsing!["internode.replica"]].sort();
    assertEquals(hosts, [sim.host(0), sim.host(1)]);
    assertEquals([buying!["internode.attempt"], buying!["rpc.status_code"]], [1, "OK"]);
    assertEquals([browsing!["internode.attempt"], browsing!["rpc.status_code"]], [1, "OK"]);

    tracer.spans.length = 0;
    const looking = [1, 2].map(() => shop.look("stay", { timeoutMs: 1_000 }).catch(() => {}));
    await sim.clock.advance(10);
    sim.crash(0);
    await Promise.all(looking);
    const again = tracer.spans.find(({ added }) => added["internode.attempt"] === 2)!;
    assertEquals(again.added["network.peer.address"], address(1));
    assertEquals(again.added["rpc.status_code"], "DeadlineExceeded");
  });
});

/**
 * Asking many over the grid and over a service.
 */

import { type ClientInterceptor, InternodeError, type Manager, single } from "@internode/grid";
import * as call from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { gather, QuorumError, replicas } from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

/** Counts how often something is encoded. */
function counted<T>(inner: t.Codec<T>): t.Codec<T> & { count: number } {
  const codec = {
    count: 0,
    optional: inner.optional === true,
    nullable: inner.nullable === true,
    encode(value: T, writer: t.ByteWriter): void {
      codec.count++;
      inner.encode(value, writer);
    },
    decode: (reader: t.ByteReader): T => inner.decode(reader),
  };
  return codec;
}

const requests = counted(t.nullable(t.record({ key: t.string(), filler: t.bytes() })));
const where = single("where", { request: requests, response: t.string() });

Deno.test("all hosts are asked, this one through memory, with one encoding of small and large requests", async () => {
  const grid = simulatedGrid({
    nodes: 4,
    serve: (manager, { host }) => {
      manager.handle(where, (request) => `${host} ${request?.key} ${request?.filler.length}`);
    },
  });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0);
    await node.waitForConnect();
    for (const size of [0, 3_000, 100_000]) {
      requests.count = 0;
      const request = { key: "k", filler: new Uint8Array(size) };
      const options = { self: node, clock: grid.clock, timeoutMs: 1_000 };
      // The first is by hand: this node's own connection is made at first use.
      await node.connection(node.local).request(where, request);
      requests.count = 0;
      const { values, results } = await gather(node.connections(), where, request, options);
      assertEquals(requests.count, 1, `${size} bytes`);
      assertEquals(values.toSorted(), grid.hosts.map((host) => `${host} k ${size}`));
      for (const result of results) assert(result.ok && result.value.startsWith(result.host));
    }
    const { values } = await gather(node.connections(), where, null, { clock: grid.clock });
    assertEquals(
      values.toSorted(),
      grid.hosts.slice(1).map((host) => `${host} undefined undefined`),
    );
  });
  await grid.close();
});

Deno.test("what is asked of one replica is not tried again, there or elsewhere", async () => {
  const Names = call.service("names", {
    slow: call.method({ request: t.nothing(), response: t.nothing(), idempotent: true }),
  });
  const sim = new SimulatedService(1);
  await sim.run(async () => {
    let runs = 0;
    const slow = () =>
      new Promise<undefined>((done) => {
        runs++;
        sim.clock.setTimer(500, () => done(undefined));
      });
    for (const index of [0, 1]) await sim.start(index, call.implement(Names, { slow }));
    sim.list(0, 1);
    const connection = await sim.connect({ hedge: { delayMs: 50 } });
    await sim.ready(connection, 2);
    const options = { clock: sim.clock, timeoutMs: 2_000, waitForReady: true };
    const all = gather(replicas(connection), Names.methods.slow, undefined, options);
    await sim.clock.advance(100);
    sim.network.cut("memory://client-0", sim.host(1));
    const { failures, values } = await all;
    assertEquals(failures.map(({ host, code }) => [host, code]), [[sim.host(1), "Disconnected"]]);
    assertEquals([values.length, runs], [1, 2]);
    await connection.close();
  });
});

Deno.test("two questions with one contract, one within the other, get their own answers", async () => {
  const grid = simulatedGrid({
    nodes: 3,
    serve: (manager, { host }) => manager.handle(where, (request) => `${host} ${request?.key}`),
  });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0), clock = grid.clock, filler = new Uint8Array();
    await node.waitForConnect();
    const keys = ["a", "b", "c"];
    const all = keys.map((key) => gather(node.connections(), where, { key, filler }, { clock }));
    for (const [index, gathering] of all.entries()) {
      const { values } = await gathering;
      assertEquals(values.toSorted(), grid.hosts.slice(1).map((host) => `${host} ${keys[index]}`));
    }
  });
  await grid.close();
});

Deno.test("interceptors see the request itself, and may change it", async () => {
  const seen: unknown[] = [];
  const change: ClientInterceptor = (next) => (call) => {
    if (call.kind !== "single") return next(call);
    seen.push(call.request);
    return next({ ...call, request: { key: `${call.host} changed`, filler: new Uint8Array() } });
  };
  const grid = simulatedGrid({
    nodes: 3,
    options: () => ({ interceptors: { client: [change] } }),
    serve: (manager) => manager.handle(where, (request) => request?.key ?? ""),
  });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0), request = { key: "k", filler: new Uint8Array() };
    await node.waitForConnect();
    const { values } = await gather(node.connections(), where, request, { clock: grid.clock });
    assertEquals(seen, [request, request]);
    assertEquals(values.toSorted(), grid.hosts.slice(1).map((host) => `${host} changed`));
  });
  await grid.close();
});

Deno.test("handlers whose answers are not needed any more are cancelled; hosts that are down are named", async () => {
  const stopped: string[] = [],
    hang = single("hang", { request: t.nothing(), response: t.nothing() });
  const grid = simulatedGrid({
    nodes: 4,
    serve: (manager, { index, host }) =>
      manager.handle(hang, (_, { signal }) => {
        if (index < 2) return undefined;
        return new Promise<undefined>((resolve) =>
          signal.addEventListener("abort", () => {
            stopped.push(host);
            resolve(undefined);
          })
        );
      }),
  });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0), { clock } = grid;
    await node.waitForConnect();
    const options = { self: node, clock, need: 2, timeoutMs: 500 };
    await gather(node.connections(), hang, undefined, options);
    await clock.advance(50);
    assertEquals(stopped.toSorted(), grid.hosts.slice(2));

    grid.crash(3);
    await clock.advance(50);
    const error = await assertRejects(
      async () => await gather(node.connections(), hang, undefined, { ...options, need: 4 }),
      QuorumError,
    );
    assertEquals(
      error.message,
      "hang: of 4 hosts, 4 had to answer well, and no more than 3 can; 0 did. " +
        "memory://node-4: Unreachable (notSent).",
    );
    const late = await assertRejects(
      async () => await gather(node.connections(), hang, undefined, { ...options, need: 3 }),
      QuorumError,
    );
    assert(
      late.message.endsWith("memory://node-3: DeadlineExceeded (maybeExecuted)."),
      late.message,
    );
    assertThrows(
      () => gather([], hang, undefined, { self: {} as unknown as Manager }),
      InternodeError,
      "Option self must be the manager of this node",
    );
  });
  await grid.close();
});

Deno.test("each replica of a service is asked for itself; one that is down fails at once, or is waited for", async () => {
  const Names = call.service("names", {
    own: call.method({ request: t.string(), response: t.string(), idempotent: true }),
  });
  const sim = new SimulatedService(1);
  await sim.run(async () => {
    const handlers = (index: number) =>
      call.implement(Names, { own: (text) => `${text} ${index}` });
    for (const index of [0, 1, 2]) await sim.start(index, handlers(index));
    sim.list(0, 1, 2);
    const connection = await sim.connect();
    await sim.ready(connection, 3);
    const { own } = Names.methods, options = { clock: sim.clock, timeoutMs: 2_000 };
    const { results } = await gather(replicas(connection), own, "I am", options);
    const told = results.map((result) => [result.host, result.ok && result.value]).toSorted();
    assertEquals(told, [0, 1, 2].map((index) => [sim.host(index), `I am ${index}`]));

    await sim.stop(1);
    await sim.clock.advance(100);
    const { values, failures } = await gather(replicas(connection), own, "still", options);
    assertEquals(values.toSorted(), ["still 0", "still 2"]);
    assertEquals(failures.map(({ host, code, outcome }) => [host, code, outcome]), [
      [sim.host(1), "Unreachable", "notSent"],
    ]);
    const waiting = gather(replicas(connection), own, "back", {
      ...options,
      waitForReady: true,
      timeoutMs: 10_000,
    });
    await sim.clock.advance(100);
    await sim.start(1, handlers(1));
    assertEquals((await waiting).values.toSorted(), ["back 0", "back 1", "back 2"]);
    assertThrows(() => replicas({} as call.ServiceConnection), InternodeError, "from connect");
    await connection.close();
  });
});

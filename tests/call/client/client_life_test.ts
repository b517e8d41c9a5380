/**
 * Clients come and go, and leave nothing behind.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  type Endpoint,
  type HandlerMap,
  implement,
  listen,
  memory,
  method,
  methodStream,
  type Resolver,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { watch, type Watched } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { CountingSignal } from "./counting_signal.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Door = service("door", {
  knock: method({ request: t.uint(), response: t.string(), idempotent: true }),
  watch: methodStream({
    initial: t.nothing(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
});

function replica(name: string, log: number[] = []): HandlerMap {
  return implement(Door, {
    knock: (id) => {
      log.push(id);
      return name;
    },
    watch: function* () {
      yield* [1, 2, 3];
    },
  });
}

/** An endpoint that does as the test says. */
function endpoint(address: string, dial: Endpoint["dial"]): Endpoint {
  return { address, dial };
}

Deno.test("hundreds of clients, one after the other, leave no timer and no connection", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1, 2]) await sim.start(index, replica(`r${index}`));
    sim.list(0, 1, 2);
    // Whatever the replicas' listeners have.
    const before = sim.clock.pendingEvents;
    for (let each = 0; each < 300; each++) {
      const connection = await sim.connect();
      // Some are closed while they dial, some while they shake hands, some in use.
      if (each % 3 === 1) await sim.clock.advance(each % 7 / 2);
      if (each % 3 === 2) await client(Door, connection).knock(each);
      await connection.close();
      assertEquals(connection.replicas, []);
    }
    await sim.clock.advance(2_000);
    assertEquals(sim.network.openConnections("memory://client-0"), 0);
    for (const index of [0, 1, 2]) assertEquals(sim.network.openConnections(sim.host(index)), 0);
    assertEquals([sim.clock.pendingEvents, sim.resolver.waiting], [before, 0]);
  });
});

Deno.test("hundreds of clients in real time leave nothing either", async () => {
  const stop = new AbortController();
  const listener = await listen(
    "memory://client-life",
    implement(Door, {
      knock: () => "in",
      watch: () => [],
    }),
  );
  const logger = new QuietLogger();
  const served = serve(listener, { signal: stop.signal, logger }).finished;
  for (let each = 0; each < 100; each++) {
    const connection = await connect(constantResolver(memory("client-life")));
    if (each % 2 === 0) assertEquals(await client(Door, connection).knock(each), "in");
    await connection.close();
  }
  stop.abort();
  await served;
  assertEquals(logger.lines, []);
});

Deno.test("calls and streams take their listeners off a signal when they end, however they do", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    const signal = new CountingSignal();
    const connection = await sim.connect({ hedge: { delayMs: 1 } });
    const door = client(Door, connection);
    const options = { signal: signal.signal };
    const waiting = [1, 2, 3].map((id) =>
      watch(sim.clock, door.knock(id, { ...options, timeoutMs: 50 }))
    );
    waiting.push(watch(sim.clock, door.knock(4, { ...options, timeoutMs: 50, hedge: false })));
    const unopened = watch(
      sim.clock,
      door.watch(undefined, { ...options, timeoutMs: 50 }).finished,
    );
    assertEquals(signal.listeners, 5);
    await sim.clock.advance(100);
    assert(waiting.every(({ settled }) => settled) && unopened.settled);
    assertEquals(signal.listeners, 0);

    sim.list(0);
    await sim.ready(connection, 1);
    const running = Array.from({ length: 500 }, (_, id) => door.knock(id, options));
    assertEquals(signal.listeners, 500);
    await Promise.all(running);
    for await (const _ of door.watch(undefined, options));
    for await (const _ of door.watch(undefined, options)) break;
    await assertRejects(() => door.knock(-1, options), InternodeError);
    await assertRejects(() => door.knock(1, { ...options, retry: { maxAttempts: 0 } }));
    assertEquals(signal.listeners, 0);

    sim.stop(0);
    const closing = watch(sim.clock, door.knock(1, options));
    await sim.clock.advance(100);
    await connection.close();
    assertEquals(closing.fate, "Closed notSent");
    await assertRejects(() => door.knock(1, options));
    assertEquals(signal.listeners, 0);
  });
});

Deno.test("closing does not wait for a dial, a handshake, a back-off or a resolver", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const signals: AbortSignal[] = [];
    const deaf = endpoint("memory://deaf", (signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const failing = endpoint("memory://failing", () => Promise.reject(new Error("not today")));
    // Accepts, and never says a word.
    const idle = await sim.listenIdly(8);
    const blocking: Resolver = {
      isConstant: false,
      resolve: (version) =>
        version === null
          ? Promise.resolve({ endpoints: [deaf, failing, idle], version: "1" })
          : new Promise(() => {}),
    };
    const connection = await sim.connect({ resolver: blocking });
    await sim.clock.advance(200);
    assertEquals(connection.replicas.map(({ state }) => state).slice(0, 1), ["connecting"]);
    assertEquals(connection.replicas[2]!.state, "connecting");
    const call = watch(sim.clock, client(Door, connection).knock(1));
    const startMs = sim.clock.now();
    await connection.close();
    // The silent one has a second for the goodbye.
    assert(sim.clock.now() - startMs <= 1_000, `${sim.clock.now() - startMs} ms`);
    assertEquals([call.fate, call.tookMs], ["Closed notSent", 0]);
    assertEquals(signals.map(({ aborted }) => aborted), [true]);
    assertEquals(connection.replicas, []);
  });
});

Deno.test("a channel that comes too late is closed, after a time-out as after closing", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    const dialled: PromiseWithResolvers<Channel>[] = [];
    const slow = endpoint("memory://slow", () => {
      dialled.push(Promise.withResolvers());
      return dialled.at(-1)!.promise;
    });
    const connection = await sim.connect({ resolver: constantResolver(slow), dialTimeoutMs: 100 });
    const dial = async (): Promise<Channel> =>
      await sim.endpoint(0).dial(new AbortController().signal);
    await sim.clock.advance(150);
    assertEquals(dialled.length, 2);
    dialled[0]!.resolve(await dial());
    await sim.clock.advance(5);
    assertEquals(sim.network.openConnections("memory://client-0"), 0);
    assertEquals(connection.replicas[0]!.state, "connecting");
    await connection.close();
    dialled[1]!.resolve(await dial());
    await sim.clock.advance(5);
    assertEquals(sim.network.openConnections("memory://client-0"), 0);
    // A failure that comes too late is nobody's either.
    dialled[1]!.reject(new Error("too late"));
  });
});

Deno.test("an endpoint that gives something else than a channel, or a broken one, is a failed attempt", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    const broken = (): Promise<never> => Promise.reject(new TypeError("no such thing"));
    const channel = {
      kind: "bytes",
      remote: "x",
      integrity: false,
      read: broken,
      write: broken,
      close: () => {},
    } as Channel;
    const nothing = endpoint("memory://a", () => Promise.resolve(undefined as unknown as Channel));
    const late = endpoint("memory://b", (signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve(undefined as unknown as Channel));
      }));
    const unreadable = endpoint("memory://c", () => Promise.resolve(channel));
    const noPromise = endpoint("memory://d", () => undefined as unknown as Promise<Channel>);
    sim.resolver.set([nothing, late, unreadable, noPromise, sim.endpoint(0)]);
    const connection = await sim.connect({ dialTimeoutMs: 50 });
    assertEquals(await client(Door, connection).knock(1), "r0");
    await sim.clock.advance(1_000);
    for (const { address, lastFailure } of connection.replicas.slice(0, 4)) {
      assert(lastFailure instanceof Error, address);
    }
    assertStringIncludes(String(connection.replicas[2]!.lastFailure), "no such thing");
  });
});

Deno.test("a set that changes a thousand times is followed, and costs no call", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: number[] = [];
    for (let index = 0; index < 4; index++) await sim.start(index, replica(`r${index}`, log));
    sim.list(0, 1, 2, 3);
    const connection = await sim.connect();
    await sim.ready(connection, 4);
    const door = client(Door, connection);
    const calls: Watched<string>[] = [];
    for (let change = 0; change < 1_000; change++) {
      sim.list(...[0, 1, 2, 3].filter(() => sim.random.next() < 0.5));
      if (change % 10 === 0) {
        calls.push(watch(sim.clock, door.knock(change)));
        await sim.clock.advance(sim.random.next() * 2);
      }
    }
    sim.list(2, 3);
    await sim.clock.runUntil(() => calls.every(({ settled }) => settled), 10_000);
    assertEquals(calls.filter(({ fate }) => fate !== "ok"), []);
    await sim.ready(connection, 2);
    await sim.clock.advance(2_000);
    assertEquals(connection.replicas.map(({ address }) => address).sort(), [
      "memory://r2",
      "memory://r3",
    ]);
    assertEquals(sim.network.openConnections("memory://client-0"), 2);
  });
});

Deno.test("three hundred replicas are all used alike", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const indices = [...Array(300).keys()];
    for (const index of indices) await sim.start(index, replica(`r${index}`));
    sim.list(...indices);
    const connection = await sim.connect();
    await sim.ready(connection, 300);
    const door = client(Door, connection);
    const names = await Promise.all(Array.from({ length: 600 }, (_, id) => door.knock(id)));
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    assertEquals([counts.size, Math.max(...counts.values())], [300, 2]);
    sim.list(...indices.slice(0, 150));
    await sim.clock.runUntil(() => connection.replicas.length === 150, 2_000);
  });
});

Deno.test("one address is one replica; its endpoint of the last resolution is dialled", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    const dials: string[] = [];
    const through = (name: string): Endpoint =>
      endpoint("memory://r0", (signal) => {
        dials.push(name);
        return sim.endpoint(0).dial(signal);
      });
    sim.resolver.set([through("first"), through("second")]);
    let asked = 0;
    const versions = Promise.withResolvers<void>();
    const resolver: Resolver = {
      isConstant: false,
      resolve: async () => {
        // The same address with another endpoint, which a manual resolver would take for no news.
        if (++asked === 1) {
          return { endpoints: [through("first"), through("second")], version: "1" };
        }
        await versions.promise;
        return asked === 2
          ? { endpoints: [through("third")], version: "2" }
          : await new Promise<never>(() => {});
      },
    };
    const connection = await sim.connect({ resolver });
    await sim.ready(connection, 1);
    versions.resolve();
    await sim.clock.advance(50);
    assertEquals([dials, connection.replicas.length, asked], [["first"], 1, 3]);
    assertEquals(await client(Door, connection).knock(1), "r0");
    sim.network.cut("memory://client-0", sim.host(0));
    await sim.clock.advance(100);
    await sim.ready(connection, 1);
    assertEquals(dials, ["first", "third"]);
  });
});

Deno.test("waiting calls are sent, expire and fail in the order in which they came", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: number[] = [], ended: number[] = [];
    await sim.start(0, replica("r0", log));
    const connection = await sim.connect();
    const door = client(Door, connection);
    const knock = (id: number, timeoutMs = 60_000): void => {
      const note = (): void => void ended.push(id);
      door.knock(id, { timeoutMs }).then(note, note);
    };
    for (let id = 0; id < 20; id++) knock(id, 500);
    knock(20, 400);
    await sim.clock.advance(600);
    const inOrder = [...Array(20).keys()];
    assertEquals([ended, log], [[20, ...inOrder], []]);

    ended.length = 0;
    for (const id of inOrder) knock(id);
    sim.list(0);
    await sim.clock.runUntil(() => ended.length === 20, 100);
    assertEquals([log, ended], [inOrder, inOrder]);

    ended.length = 0;
    sim.resolver.setMissing();
    await sim.clock.advance(100);
    for (const id of inOrder) knock(id);
    await connection.close();
    assertEquals(ended, inOrder);
  });
});

/**
 * Replicas that keep failing are set aside and tried again later.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Client,
  client,
  type ClientOptions,
  type HandlerMap,
  implement,
  method,
  methodStream,
  service,
  type ServiceConnection,
  sharded,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Lookup = service("lookup", {
  find: method({ request: t.nothing(), response: t.string(), idempotent: true }),
  fail: method({ request: t.nothing(), response: t.string() }),
  follow: methodStream({
    initial: t.nothing(),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 1,
  }),
});

/** Replicas that answer, or keep their callers waiting. */
class Replicas {
  readonly stuck: boolean[] = [];
  /** How many calls each has had. */
  readonly calls: number[] = [];

  handlers(index: number): HandlerMap {
    this.stuck[index] = false;
    this.calls[index] = 0;
    const { stuck, calls } = this;
    return implement(Lookup, {
      find: (_, { signal }) => {
        calls[index]!++;
        if (!stuck[index]) return `r${index}`;
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
      fail: () => {
        calls[index]!++;
        throw new Error("as asked");
      },
      follow: async function* (_, __, { signal }) {
        calls[index]!++;
        if (!stuck[index]) yield "first";
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    });
  }
}

interface World {
  readonly sim: SimulatedService;
  readonly replicas: Replicas;
  readonly connection: ServiceConnection;
  readonly lookup: Client<(typeof Lookup)["methods"]>;
  /** Makes calls one after the other and counts those that fail. */
  readonly call: (times: number, timeoutMs?: number) => Promise<number>;
}

async function withReplicas(
  count: number,
  body: (world: World) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const replicas = new Replicas();
    const connection = await sim.connectTo(count, (index) => replicas.handlers(index), options, {
      graceMs: 0,
    });
    const lookup = client(Lookup, connection);
    const call = async (times: number, timeoutMs = 20): Promise<number> => {
      let failed = 0;
      for (let each = 0; each < times; each++) {
        await lookup.find(undefined, { timeoutMs }).catch(() => failed++);
      }
      return failed;
    };
    await body({ sim, replicas, connection, lookup, call });
  });
}

function aside(connection: ServiceConnection): boolean[] {
  return connection.replicas.map(({ isSetAside }) => isSetAside);
}

Deno.test("a replica that lets calls time out is set aside, tried again later, and back when it answers", async () => {
  await withReplicas(3, async ({ sim, replicas, connection, call }) => {
    replicas.stuck[1] = true;
    assertEquals(await call(15), 5);
    assertEquals(aside(connection), [false, true, false]);
    assertEquals(connection.replicas[1]!.state, "connected");
    const had = replicas.calls[1];
    // The others get the calls, each a half.
    const [first, , third] = replicas.calls;
    assertEquals(await call(100), 0);
    assertEquals(replicas.calls, [first! + 50, had!, third! + 50]);
    // After a second it is used again, and set aside at its first failure, for two.
    await sim.clock.runUntil(() => !aside(connection)[1], 1_100);
    assertEquals(await call(30), 1);
    assertEquals(aside(connection), [false, true, false]);
    await sim.clock.advance(1_500);
    assertEquals(aside(connection), [false, true, false]);
    await sim.clock.advance(600);
    assertEquals(aside(connection), [false, false, false]);
    replicas.stuck[1] = false;
    assertEquals(await call(30), 0);
    assertEquals(replicas.calls[1], had! + 1 + 10);
  });
});

Deno.test("the last replica is never set aside, and of two only one", async () => {
  await withReplicas(1, async ({ replicas, connection, call }) => {
    replicas.stuck[0] = true;
    assertEquals(await call(20), 20);
    assertEquals(aside(connection), [false]);
    replicas.stuck[0] = false;
    assertEquals(await call(20), 0);
  });
  await withReplicas(2, async ({ replicas, connection, call }) => {
    replicas.stuck.fill(true);
    assertEquals(await call(40), 40);
    assertEquals(aside(connection).filter((each) => each).length, 1);
  });
});

Deno.test("when the others go, one that was set aside is used before its time", async () => {
  await withReplicas(2, async ({ sim, replicas, connection, call }) => {
    replicas.stuck[0] = true;
    await call(10);
    assertEquals(aside(connection), [true, false]);
    replicas.stuck[0] = false;
    await sim.stop(1);
    assertEquals(await call(5), 0);
    assertEquals(aside(connection), [false, false]);
  });
});

Deno.test("no replica is set aside if that is off", async () => {
  await withReplicas(3, async ({ replicas, connection, call }) => {
    replicas.stuck[1] = true;
    assertEquals(await call(90), 30);
    assertEquals(aside(connection), [false, false, false]);
  }, { outliers: false });
});

Deno.test("what handlers throw, and calls that are given up, are no reason to set a replica aside", async () => {
  await withReplicas(3, async ({ sim, replicas, connection, lookup }) => {
    for (let each = 0; each < 60; each++) await lookup.fail(undefined).catch(() => {});
    assertEquals(aside(connection), [false, false, false]);
    replicas.stuck[1] = true;
    for (let each = 0; each < 60; each++) {
      const abort = new AbortController();
      const call = watch(sim.clock, lookup.find(undefined, { signal: abort.signal }));
      await sim.clock.advance(3);
      abort.abort();
      await sim.clock.advance(1);
      assert(call.settled);
    }
    assertEquals(aside(connection), [false, false, false]);
  });
});

Deno.test("a stream whose time runs out after an output does not count against its replica", async () => {
  await withReplicas(3, async ({ sim, replicas, connection, lookup }) => {
    const follow = async (): Promise<void> => {
      const stream = lookup.follow(undefined, { timeoutMs: 20 });
      const finished = watch(sim.clock, stream.finished);
      await sim.clock.advance(25);
      assertEquals(finished.fate, "DeadlineExceeded maybeExecuted");
    };
    for (let each = 0; each < 30; each++) await follow();
    assertEquals(aside(connection), [false, false, false]);
    replicas.stuck[1] = true;
    for (let each = 0; each < 15; each++) await follow();
    assertEquals(aside(connection), [false, true, false]);
  });
});

Deno.test("a replica that keeps breaking off is set aside once it is back", async () => {
  await withReplicas(3, async ({ sim, connection, call }) => {
    for (let each = 0; each < 5; each++) {
      await sim.ready(connection, 3);
      sim.network.cut("memory://client-0", sim.host(1));
      await sim.clock.advance(1);
    }
    await sim.ready(connection, 3);
    assertEquals(aside(connection), [false, true, false]);
    assertEquals(await call(30), 0);
  });
});

for (const [outliers, meanwhile] of [[{ maxFailures: 1 }, "r2"], [false, "r1"]] as const) {
  const what = outliers === false ? "stay where they are without outliers" : "move meanwhile";
  Deno.test(`a replica that is set aside is one shard less: keys ${what}`, async () => {
    await withReplicas(3, async ({ sim, replicas, lookup }) => {
      const ownerOf = (shardKey: number) => lookup.find(undefined, { shardKey, retry: false });
      assertEquals([await ownerOf(0), await ownerOf(1)], ["r0", "r1"]);
      replicas.stuck[0] = true;
      const failed = watch(sim.clock, lookup.find(undefined, { shardKey: 0, timeoutMs: 10 }));
      await sim.clock.runUntil(() => failed.settled, 100);
      assertEquals(await ownerOf(1), meanwhile);
      replicas.stuck[0] = false;
      await sim.clock.advance(1_100);
      assertEquals([await ownerOf(0), await ownerOf(1)], ["r0", "r1"]);
    }, { balancer: sharded(), outliers });
  });
}

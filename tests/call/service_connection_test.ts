/**
 * A client and its replicas, on virtual time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  balancerFunc,
  client,
  connect,
  constantResolver,
  type Endpoint,
  HandlerMap,
  implement,
  makeMethodKey,
  method,
  type Resolver,
  service,
  sharded,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SimulatedService } from "../support/simulation/simulated_service.ts";

const Who = service("who", {
  name: method({ request: t.string(), response: t.string(), idempotent: true }),
  take: method({ request: t.string(), response: t.string() }),
  wait: method({ request: t.string(), response: t.string(), idempotent: true }),
});

/** Says which replica it is. */
function replica(name: string, log: string[] = []): HandlerMap {
  const held = Promise.withResolvers<string>();
  return implement(Who, {
    name: () => name,
    take: (what) => {
      log.push(what);
      return name;
    },
    wait: (what, { signal }) => {
      log.push(what);
      signal.addEventListener("abort", () => held.reject(signal.reason));
      if (what === "release") held.resolve(name);
      return held.promise;
    },
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => promise, InternodeError);
  return `${error.code} ${error.outcome}`;
}

Deno.test("a hundred calls over three replicas in turn come to 33 or 34 each", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1, 2]) await sim.start(index, replica(`r${index}`));
    sim.list(2, 0, 1);
    const connection = await sim.connect();
    await sim.ready(connection, 3);
    const who = client(Who, connection);
    const counts = new Map<string, number>();
    const names = await Promise.all(Array.from({ length: 100 }, () => who.name("")));
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    assertEquals([...counts.values()].sort(), [33, 33, 34]);
  });
});

Deno.test("a shard key k reaches replica k mod n, 0 and big ones included", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1, 2]) await sim.start(index, replica(`r${index}`));
    sim.list(2, 1, 0);
    const connection = await sim.connect({ balancer: sharded() });
    await sim.ready(connection, 3);
    const who = client(Who, connection);
    for (const shardKey of [0, 1, 2, 3, 100, 2n ** 70n]) {
      assertEquals(await who.name("", { shardKey }), `r${BigInt(shardKey) % 3n}`);
    }
  });
});

Deno.test("a constant resolver without endpoints is unreachable from the start", async () => {
  const error = await assertRejects(() => connect(constantResolver()), InternodeError);
  assertEquals(error.code, "Unreachable");
});

Deno.test("calls wait for a resolver that lists nothing yet, until their deadline", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    const connection = await sim.connect();
    const who = client(Who, connection);
    const late = who.name("", { timeoutMs: 1_000 });
    assertEquals(await codeOf(late), "Unreachable notSent");
    assertEquals(sim.clock.now(), 1_001_000);
    const waiting = who.name("", { timeoutMs: 5_000 });
    await sim.clock.advance(2_000);
    sim.list(0);
    assertEquals(await waiting, "r0");
  });
});

Deno.test("the error of an unreachable service names the replicas and why they are down", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    sim.list(7);
    const connection = await sim.connect();
    const error = await assertRejects(
      () => client(Who, connection).name("", { timeoutMs: 500 }),
      InternodeError,
    );
    assertEquals(error.code, "Unreachable");
    assert(error.message.includes("who.name: no replica"), error.message);
    assert(error.message.includes("memory://r7 is"), error.message);
  });
});

Deno.test("a replica that is listed no more finishes what runs, and is used again when it comes back", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1]) await sim.start(index, replica(`r${index}`));
    sim.list(0);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const who = client(Who, connection);
    const running = who.wait("hold");
    const state = (): string =>
      connection.replicas.map((each) => `${each.address} ${each.state} ${each.callsInFlight}`)
        .join();
    await sim.clock.runUntil(() => state() === "memory://r0 connected 1", 100);

    sim.list(1);
    await sim.ready(connection, 1);
    assertEquals(state(), "memory://r0 draining 1,memory://r1 connected 0");
    assertEquals(await who.name(""), "r1");

    sim.list(0);
    await sim.clock.runUntil(() => state() === "memory://r0 connected 1", 1_000);
    assertEquals(await who.wait("release"), "r0");
    assertEquals(await running, "r0");
    await sim.clock.runUntil(() => state() === "memory://r0 connected 0", 1_000);

    sim.resolver.setMissing();
    await sim.clock.runUntil(() => state() === "", 1_000);
  });
});

Deno.test("a replica that dies is another's gain for idempotent calls, and said to be so for others", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    for (const index of [0, 1]) await sim.start(index, replica(`r${index}`, log));
    sim.list(0);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const who = client(Who, connection);
    const idempotent = who.wait("once");
    const other = who.wait("never twice", { idempotent: false });
    other.catch(() => {});
    await sim.clock.runUntil(() => log.length === 2, 100);
    sim.list(0, 1);
    await sim.ready(connection, 2);
    sim.crash(0);
    assertEquals(await codeOf(other), "Disconnected maybeExecuted");
    await sim.clock.runUntil(() => log.length === 3, 1_000);
    assertEquals(log, ["once", "never twice", "once"]);
    assertEquals(await who.wait("release"), "r1");
    assertEquals(await idempotent, "r1");
  });
});

Deno.test("the outcome of a call tells of all its attempts", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    const connection = await sim.connectTo(1, () => replica("r0", log));
    const call = client(Who, connection).wait("hold", { timeoutMs: 3_000 });
    call.catch(() => {});
    await sim.clock.runUntil(() => log.length === 1, 100);
    sim.crash(0);
    assertEquals(await codeOf(call), "Unreachable maybeExecuted");
  });
});

Deno.test("closing ends calls that wait, lets others finish, and may be repeated", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    await sim.start(0, replica("r0", log));
    sim.list(0);
    const connection = await sim.connect();
    const lonely = await sim.connect({ resolver: constantResolver(sim.endpoint(9)) });
    await sim.ready(connection, 1);
    const who = client(Who, connection);
    const running = who.wait("hold");
    await sim.clock.runUntil(() => log.length === 1, 100);
    const waiting = client(Who, lonely).name("");
    waiting.catch(() => {});
    const closed = Promise.all([connection.close(), connection.close(), lonely.close()]);
    assertEquals(await codeOf(waiting), "Closed notSent");
    assertEquals(await codeOf(who.name("")), "Closed notSent");
    const other = await sim.connect();
    await sim.ready(other, 1);
    assertEquals(await client(Who, other).wait("release"), "r0");
    assertEquals(await running, "r0");
    await closed;
    await connection.close();
    assertEquals(await codeOf(who.name("")), "Closed notSent");
  });
});

Deno.test("closing cuts what does not finish in time", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    const connection = await sim.connectTo(1, () => replica("r0", log));
    const running = client(Who, connection).wait("hold");
    running.catch(() => {});
    await sim.clock.runUntil(() => log.length === 1, 100);
    const startMs = sim.clock.now();
    await connection.close({ graceMs: 500 });
    assert(sim.clock.now() - startMs < 2_000);
    assertEquals(await codeOf(running), "Closed maybeExecuted");
  });
});

Deno.test("a signal ends a call at once wherever it is, with its reason", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    const connection = await sim.connect();
    const who = client(Who, connection);
    const reason = new Error("not wanted any more");
    const aborted = AbortSignal.abort(reason);
    assertEquals(await assertRejects(() => who.name("", { signal: aborted })), reason);

    const waiting = new AbortController();
    const first = who.name("", { signal: waiting.signal });
    first.catch(() => {});
    waiting.abort(reason);
    assertEquals(await assertRejects(() => first), reason);

    await sim.start(0, replica("r0", log));
    sim.list(0);
    await sim.ready(connection, 1);
    const running = new AbortController();
    const second = who.wait("hold", { signal: running.signal });
    second.catch(() => {});
    await sim.clock.runUntil(() => log.length === 1, 100);
    running.abort(reason);
    assertEquals(await assertRejects(() => second), reason);
    assertEquals(connection.replicas[0]!.callsInFlight, 0);

    // Between two attempts: the replica is down and nothing else is there.
    const backOff = new AbortController();
    const third = who.wait("hold again", { signal: backOff.signal });
    third.catch(() => {});
    await sim.clock.runUntil(() => log.length === 2, 100);
    sim.crash(0);
    await sim.clock.runUntil(() => connection.replicas[0]!.state !== "connected", 1_000);
    backOff.abort(reason);
    assertEquals(await assertRejects(() => third), reason);
  });
});

Deno.test("a balancer that returns what it was not given, or throws, fails that call alone", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const connection = await sim.connectTo(1, () => replica("r0"));
    const who = client(Who, connection);
    const endpoint: Endpoint = sim.endpoint(0);
    const foreign = balancerFunc(() => ({ endpoint, callsInFlight: 0, latencyMs: 0 }));
    assertEquals(await codeOf(who.name("", { balancer: foreign })), "InvalidArgument notSent");
    const broken = balancerFunc(() => {
      throw new TypeError("no idea");
    });
    await assertRejects(() => who.name("", { balancer: broken }), TypeError, "no idea");
    const first = balancerFunc((replicas) => replicas[0]);
    assertEquals(await who.name("", { balancer: first }), "r0");
    assertEquals(await who.name(""), "r0");
    assertEquals(connection.replicas[0]!.callsInFlight, 0);
  });
});

Deno.test("a method that one replica lacks is found on another", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, new HandlerMap());
    await sim.start(1, replica("r1"));
    sim.list(0, 1);
    const connection = await sim.connect();
    await sim.ready(connection, 2);
    const who = client(Who, connection);
    for (let call = 0; call < 4; call++) assertEquals(await who.take("it"), "r1");
    const unknown = connection.call(makeMethodKey("who", "nobody"), new Uint8Array());
    const error = await assertRejects(() => unknown, InternodeError);
    assertEquals(error.code, "UnknownHandler");
    assertEquals(error.handler, "who.nobody");
  });
});

Deno.test("a replica that accepts and stays silent delays only calls that have no other replica", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(1, replica("r1"));
    const silent: Endpoint = {
      address: "memory://silent",
      dial: () => new Promise(() => {}),
    };
    const stubborn: Endpoint = {
      address: "memory://stubborn",
      dial: () => {
        throw new TypeError("broken endpoint");
      },
    };
    sim.resolver.set([silent, stubborn, sim.endpoint(1)]);
    const connection = await sim.connect({ dialTimeoutMs: 1_000 });
    await sim.ready(connection, 1);
    const who = client(Who, connection);
    for (let call = 0; call < 5; call++) assertEquals(await who.name(""), "r1");
    await sim.clock.advance(1_500);
    const failures = connection.replicas.map(({ lastFailure }) => String(lastFailure));
    assert(failures[0]!.includes("No connection to memory://silent within 1000 ms"), failures[0]);
    assert(failures[1]!.includes("broken endpoint"), failures[1]);
  });
});

Deno.test("a resolver that fails, repeats itself or answers nonsense is asked again", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    let asked = 0;
    const resolver: Resolver = {
      isConstant: false,
      resolve: (version) => {
        switch (++asked) {
          case 1:
            return Promise.reject(new Error("not yet"));
          case 2:
            return Promise.resolve({ endpoints: [{}] as Endpoint[], version: "0" });
          case 3:
            return Promise.resolve({ endpoints: [], version: "1" });
          case 4:
            return Promise.resolve({ endpoints: [], version: version! });
          case 5:
            return Promise.resolve({ endpoints: [sim.endpoint(0)], version: "2" });
          default:
            // Deaf to its signal: closing must not wait for it.
            return new Promise(() => {});
        }
      },
    };
    const connection = await sim.connect({ resolver });
    assertEquals(await client(Who, connection).name("", { timeoutMs: 10_000 }), "r0");
    await sim.clock.runUntil(() => asked === 6, 100);
    assert(sim.logger.has("not yet"));
    assert(sim.logger.has("each endpoint must have an address"));
  });
});

Deno.test("waiting for a resolver's first answer can be given up", async () => {
  const stop = new AbortController();
  const silent: Resolver = { isConstant: false, resolve: () => new Promise(() => {}) };
  const connecting = connect(silent, { signal: stop.signal });
  connecting.catch(() => {});
  const reason = new Error("not today");
  stop.abort(reason);
  assertEquals(await assertRejects(() => connecting), reason);
  assertEquals(await assertRejects(() => connect(silent, { signal: stop.signal })), reason);
});

/**
 * Each failure is a clear error for the calls it hits, and for no other.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HandlerError, InternodeError } from "@internode/grid";
import {
  client,
  constantResolver,
  type Endpoint,
  failureDetail,
  HandlerMap,
  implement,
  method,
  methodStream,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Depot = service("depot", {
  name: method({ request: t.string(), response: t.string(), idempotent: true }),
  put: method({ request: t.string(), response: t.string() }),
  take: method({
    request: t.uint(),
    response: t.string(),
    detail: t.record({ missing: t.uint() }),
    idempotent: true,
  }),
  fill: method({ request: t.uint(), response: t.string(), idempotent: true }),
  list: methodStream({
    initial: t.string(),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 2,
  }),
});

class SoldOut extends HandlerError {
  override name = "SoldOut";
}

function replica(name: string, log: string[] = []): HandlerMap {
  return implement(Depot, {
    name: (what) => {
      log.push(what);
      return name;
    },
    put: (what) => {
      log.push(what);
      return name;
    },
    take: (wanted) => {
      log.push(`take ${wanted}`);
      if (wanted === 0) throw new RangeError("nothing wanted");
      throw new SoldOut("sold out", { missing: wanted });
    },
    fill: (length) => {
      log.push(`fill ${length}`);
      return "x".repeat(length);
    },
    list: async function* () {
      yield name;
      await Promise.resolve();
      throw new SoldOut("no more", { missing: 1 });
    },
  });
}

async function failureOf(promise: Promise<unknown>): Promise<InternodeError> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof InternodeError, String(error));
    return error;
  }
  throw new Error("it did not fail");
}

/** Runs a test with one replica, whose connection must outlive whatever calls do. */
async function withOne(
  body: (connection: ServiceConnection, log: string[]) => Promise<void>,
  clientLimits = {},
): Promise<void> {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    await sim.start(0, replica("r0", log), {
      limits: { maxMessageBytes: 10_000, receiveBudgetBytes: 65_536 },
    });
    sim.list(0);
    const connection = await sim.connect({ limits: clientLimits });
    await sim.ready(connection, 1);
    await body(connection, log);
    assertEquals(sim.logger.lines, []);
    assertEquals(connection.replicas[0]!.state, "connected");
    assertEquals(connection.replicas[0]!.callsInFlight, 0);
  });
}

Deno.test("the error of an unknown method has its name, and the call did not run", async () => {
  const Other = service("depot", {
    gone: method({ request: t.string(), response: t.string(), idempotent: true }),
    flow: methodStream({
      initial: t.string(),
      output: t.string(),
      inputCapacity: 0,
      outputCapacity: 1,
    }),
  });
  await withOne(async (connection) => {
    const other = client(Other, connection), depot = client(Depot, connection);
    const good = depot.name("");
    const error = await failureOf(other.gone("x"));
    assertEquals(
      [error.code, error.outcome, error.handler, error.host],
      ["UnknownHandler", "notExecuted", "depot.gone", "memory://r0"],
    );
    assertStringIncludes(error.message, "depot.gone on memory://r0: ");
    const stream = await failureOf(other.flow("x").finished);
    assertEquals([stream.code, stream.outcome], ["UnknownHandler", "notExecuted"]);
    assertEquals(await good, "r0");
  });
});

Deno.test("what a handler throws arrives with its name, its message and its detail, and is not tried again", async () => {
  await withOne(async (connection, log) => {
    const depot = client(Depot, connection);
    const good = depot.name("good");
    const error = await failureOf(depot.take(3));
    assertEquals(
      [error.code, error.outcome, error.remoteName, error.remoteMessage],
      ["HandlerFailed", "executed", "SoldOut", "sold out"],
    );
    assertStringIncludes(error.message, "depot.take on memory://r0: ");
    assertEquals(failureDetail(Depot.methods.take, error), { missing: 3 });
    const plain = await failureOf(depot.take(0));
    assertEquals([plain.remoteName, plain.remoteMessage], ["RangeError", "nothing wanted"]);
    assertEquals(failureDetail(Depot.methods.take, plain), undefined);
    assertEquals(log, ["good", "take 3", "take 0"]);
    assertEquals(await good, "r0");

    const read: string[] = [];
    const streamed = await failureOf((async () => {
      for await (const each of depot.list("")) read.push(each);
    })());
    assertEquals([read, streamed.remoteName], [["r0"], "SoldOut"]);
  });
});

Deno.test("a request over the server's limit is refused before it is sent", async () => {
  await withOne(async (connection, log) => {
    const depot = client(Depot, connection);
    const good = depot.put("good");
    const error = await failureOf(depot.put("x".repeat(10_001)));
    assertEquals([error.code, error.outcome], ["MessageTooLarge", "notSent"]);
    assertStringIncludes(error.message, "depot.put on memory://r0: ");
    assertEquals([await good, log.length], ["r0", 1]);
    assertEquals(await depot.put("x".repeat(9_900)), "r0");
  });
});

Deno.test("a response over the client's limit is an error of that call, which has run", async () => {
  await withOne(
    async (connection, log) => {
      const depot = client(Depot, connection);
      const good = depot.fill(1);
      const error = await failureOf(depot.fill(5_001));
      assertEquals([error.code, error.outcome], ["MessageTooLarge", "executed"]);
      assertStringIncludes(error.message, "maxMessageBytes of 5000");
      assertStringIncludes(error.message, "depot.fill on memory://r0: ");
      assertEquals([await good, log], ["x", ["fill 1", "fill 5001"]]);
      assertEquals((await depot.fill(4_900)).length, 4_900);
    },
    { maxMessageBytes: 5_000 },
  );
});

Deno.test("calls that run out of time or are cancelled leave their connection to the others", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const held: PromiseWithResolvers<string>[] = [];
    const aborted: unknown[] = [];
    const hold = (_: unknown, { signal }: { signal: AbortSignal }): Promise<string> => {
      const call = Promise.withResolvers<string>();
      held.push(call);
      signal.addEventListener("abort", () => {
        aborted.push(signal.reason);
        call.reject(signal.reason);
      });
      return call.promise;
    };
    const handlers = new HandlerMap();
    for (const name of ["put", "name"] as const) {
      const { key, contract } = Depot.methods[name];
      handlers.add(key, contract, hold);
    }
    const connection = await sim.connectTo(1, () => handlers, {}, { graceMs: 0 });
    const depot = client(Depot, connection);
    const abort = new AbortController();
    const running = watch(sim.clock, depot.put("stays"));
    const late = watch(sim.clock, depot.put("late", { timeoutMs: 50 }));
    const given = watch(sim.clock, depot.name("given up", { signal: abort.signal }));
    await sim.clock.runUntil(() => held.length === 3, 100);
    abort.abort(new Error("given up"));
    await sim.clock.advance(100);
    assertEquals([late.fate, late.tookMs], ["DeadlineExceeded maybeExecuted", 50]);
    assertEquals(given.fate, "Error: given up");
    assertEquals(aborted.length, 2);
    assertEquals([running.fate, connection.replicas[0]!.callsInFlight], ["pending", 1]);
    held[0]!.resolve("still here");
    await sim.clock.advance(10);
    assertEquals(running.value, "still here");
    // An answer that crosses the cancel is nobody's.
    const crossing = new AbortController();
    const crossed = watch(sim.clock, depot.put("crossed", { signal: crossing.signal }));
    await sim.clock.runUntil(() => held.length === 4, 100);
    held[3]!.resolve("too late");
    crossing.abort(new Error("crossed"));
    await sim.clock.advance(10);
    assertEquals(crossed.fate, "Error: crossed");
    assertEquals([sim.logger.lines, connection.replicas[0]!.lastFailure], [[], undefined]);
  });
});

/** Accepts every connection and says the same to each. */
function speaking(bytes: Uint8Array<ArrayBuffer>): Endpoint & { dials: number; open: number } {
  const endpoint = {
    address: "memory://garbage",
    dials: 0,
    open: 0,
    dial: (): Promise<ByteChannel> => {
      let at = 0, isClosed = false;
      const { promise, reject } = Promise.withResolvers<number>();
      // It may close before the last read has begun.
      promise.catch(() => {});
      endpoint.dials++;
      endpoint.open++;
      return Promise.resolve({
        kind: "bytes" as const,
        remote: "memory://garbage",
        integrity: false,
        read: (into: Uint8Array<ArrayBuffer>) => {
          if (at === bytes.length) return promise;
          const count = Math.min(into.length, bytes.length - at);
          into.set(bytes.subarray(at, at += count));
          return Promise.resolve(count);
        },
        write: (written: Uint8Array<ArrayBuffer>) => Promise.resolve(written.length),
        close: () => {
          if (!isClosed) endpoint.open--;
          isClosed = true;
          reject(new Error("closed"));
        },
      });
    },
  };
  return endpoint;
}

const NONSENSE: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "HTTP": new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"),
  "zeros": new Uint8Array(5_000),
  "ones": new Uint8Array(5_000).fill(255),
  "nothing at all": new Uint8Array(),
};

for (const [what, bytes] of Object.entries(NONSENSE)) {
  Deno.test(`a replica that answers a handshake with ${what} is told of, and hinders no other`, async () => {
    const sim = new SimulatedService();
    await sim.run(async () => {
      await sim.start(1, replica("r1"));
      const garbage = speaking(bytes);
      sim.resolver.set([garbage, sim.endpoint(1)]);
      const both = await sim.connect({ handshakeTimeoutMs: 300 });
      const alone = await sim.connect({
        resolver: constantResolver(garbage),
        handshakeTimeoutMs: 300,
      });
      const lonely = watch(sim.clock, client(Depot, alone).put("", { timeoutMs: 2_000 }));
      await sim.ready(both, 1);
      for (let call = 0; call < 5; call++) assertEquals(await client(Depot, both).put(""), "r1");
      await sim.clock.runUntil(() => lonely.settled, 3_000);
      assertEquals([lonely.fate, lonely.tookMs], ["Unreachable notSent", 2_000]);
      const { message } = lonely.error as Error;
      assertStringIncludes(message, "depot.put: no replica could take the call in time");
      assertStringIncludes(message, "memory://garbage is ");
      const failures = both.replicas.map(({ lastFailure }) => lastFailure);
      assert(failures[0] instanceof InternodeError, String(failures[0]));
      assertStringIncludes(message, failures[0].message);
      // It is dialled again and again, ever more slowly, and nothing of that is left.
      assert(garbage.dials > 4 && garbage.dials < 60, `${garbage.dials} dials`);
      await both.close();
      await alone.close();
      assertEquals(garbage.open, 0);
    });
  });
}

Deno.test("a replica that falls silent after the handshake is left when it counts as lost", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const logs: string[][] = [[], []];
    for (const index of [0, 1]) await sim.start(index, replica(`r${index}`, logs[index]));
    sim.list(0, 1);
    const connection = await sim.connect({ pingIntervalMs: 1_000, livenessTimeoutMs: 3_000 });
    await sim.ready(connection, 2);
    const depot = client(Depot, connection);
    sim.network.stall("memory://client-0", sim.host(0));
    const reads = Array.from({ length: 10 }, (_, n) => watch(sim.clock, depot.name(`read ${n}`)));
    const puts = Array.from({ length: 10 }, (_, n) => watch(sim.clock, depot.put(`put ${n}`)));
    await sim.clock.runUntil(() => [...reads, ...puts].every(({ settled }) => settled), 10_000);
    // Half of them went to the other one at once.
    const quick = [...reads, ...puts].filter(({ tookMs }) => tookMs < 100);
    assertEquals(quick.length, 10);
    for (const read of reads) assertEquals([read.fate, read.value], ["ok", "r1"]);
    const lost = puts.filter(({ fate }) => fate !== "ok");
    assertEquals(lost.length, 5);
    for (const put of lost) {
      assertEquals(put.fate, "Disconnected maybeExecuted");
      assert(put.tookMs >= 2_000 && put.tookMs <= 6_000, `${put.tookMs}`);
      assertStringIncludes((put.error as Error).message, "depot.put on memory://r0: ");
    }
    assertEquals(logs[0], []);
    // From then on nobody is sent there.
    for (let call = 0; call < 4; call++) assertEquals(await depot.put(""), "r1");
    sim.network.resume("memory://client-0", sim.host(0));
    await sim.ready(connection, 2);
  });
});

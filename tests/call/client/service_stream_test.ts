/**
 * Streams of a service, on virtual time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InternodeError, type Stream } from "@internode/grid";
import {
  type Client,
  client,
  type ClientOptions,
  type HandlerMap,
  implement,
  ManualResolver,
  method,
  methodStream,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Feed = service("feed", {
  name: method({ request: t.nothing(), response: t.string(), idempotent: true }),
  count: methodStream({
    initial: t.uint(),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
  sum: methodStream({
    initial: t.string(),
    input: t.uint(),
    inputCapacity: 4,
    outputCapacity: 0,
  }),
  double: methodStream({
    initial: t.nothing(),
    input: t.uint(),
    output: t.uint(),
    inputCapacity: 2,
    outputCapacity: 2,
  }),
  /** Gives its replica's name, then stays open. */
  follow: methodStream({
    initial: t.nothing(),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 1,
  }),
});

function replica(name: string, log: string[] = []): HandlerMap {
  return implement(Feed, {
    name: () => name,
    count: function* (upTo) {
      for (let at = 1; at <= upTo; at++) yield `${name} ${at}`;
    },
    sum: async (what, inputs) => {
      let sum = 0;
      for await (const each of inputs) sum += each;
      log.push(`${what} ${sum}`);
    },
    double: async function* (_, inputs) {
      for await (const each of inputs) yield each * 2;
    },
    follow: async function* (_, __, { signal }) {
      yield name;
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          log.push(`${name} aborted: ${signal.reason.message}`);
          reject(signal.reason);
        });
      });
    },
  });
}

const FEED_OF_NOBODY = {
  name: (): string => "",
  count: (): string[] => [],
  sum: (): void => {},
  double: (): number[] => [],
};

interface World {
  readonly sim: SimulatedService;
  readonly log: string[];
  readonly connection: ServiceConnection;
  readonly feed: Client<(typeof Feed)["methods"]>;
}

async function withReplicas(
  count: number,
  body: (world: World) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    const connection = await sim.connectTo(count, (index) => replica(`r${index}`, log), options, {
      graceMs: 0,
    });
    await body({ sim, log, connection, feed: client(Feed, connection) });
  });
}

/** Opens a stream that lasts, and waits for its first message. */
async function following(
  feed: World["feed"],
): Promise<{ stream: Stream<never, string>; outputs: AsyncIterator<string>; name: string }> {
  const stream = feed.follow(undefined), outputs = stream[Symbol.asyncIterator]();
  const { value } = await outputs.next();
  return { stream, outputs, name: value };
}

Deno.test("streams with outputs, with inputs and with both go where the balancer says", async () => {
  await withReplicas(3, async ({ log, connection, feed }) => {
    const names = new Set<string>();
    for (let each = 0; each < 3; each++) {
      const read: string[] = [];
      for await (const output of feed.count(20)) read.push(output);
      assertEquals(read.length, 20);
      names.add(read[0]!.split(" ")[0]!);
    }
    assertEquals([...names].sort(), ["r0", "r1", "r2"]);

    const sum = feed.sum("sum");
    for (let each = 1; each <= 10; each++) await sum.send(each);
    sum.end();
    await sum.finished;
    assertEquals(log, ["sum 55"]);

    const double = feed.double(undefined), doubled: number[] = [];
    const sending = (async () => {
      for (let each = 1; each <= 10; each++) await double.send(each);
      double.end();
    })();
    for await (const output of double) doubled.push(output);
    await sending;
    assertEquals(doubled, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    assert(connection.replicas.every(({ callsInFlight }) => callsInFlight === 0));
  });
});

Deno.test("a stream whose replica is lost fails by name, behind what had arrived, and is not tried again", async () => {
  for (const how of ["close", "reset", "silent"] as const) {
    await withReplicas(2, async ({ sim, log, connection, feed }) => {
      const { stream, outputs, name } = await following(feed);
      const index = Number(name.slice(1));
      sim.crash(index, how);
      const error = await assertRejects(() => outputs.next(), InternodeError);
      assertEquals(
        [error.code, error.outcome, error.host, error.handler],
        ["Disconnected", "maybeExecuted", sim.host(index), "feed.follow"],
      );
      assertEquals(await assertRejects(() => stream.finished), error);
      await sim.ready(connection, 1);
      assertEquals([log, await feed.name(undefined)], [[], `r${1 - index}`]);
    }, { pingIntervalMs: 500, livenessTimeoutMs: 2_000 });
  }
});

Deno.test("a stream that is cancelled reaches its handler, and leaves its replica as it was", async () => {
  await withReplicas(1, async ({ sim, log, connection, feed }) => {
    const first = await following(feed);
    first.stream.cancel(new Error("enough"));
    assertStringIncludes(String(await assertRejects(() => first.stream.finished)), "enough");
    await sim.clock.advance(5);
    assertEquals(log, ["r0 aborted: enough"]);

    const second = await following(feed);
    await second.outputs.return!();
    const error = await assertRejects(() => second.stream.finished, InternodeError);
    assertEquals([error.code, error.host], ["Cancelled", "memory://r0"]);

    const abort = new AbortController(), reason = new Error("aborted");
    const third = feed.follow(undefined, { signal: abort.signal });
    await third[Symbol.asyncIterator]().next();
    abort.abort(reason);
    assertEquals(await assertRejects(() => third.finished) === reason, true);

    await sim.clock.advance(5);
    assertEquals(log.length, 3);
    assertEquals(connection.replicas[0]!.callsInFlight, 0);
    assertEquals(await feed.name(undefined), "r0");
    assertEquals(connection.replicas[0]!.lastFailure, undefined);
  });
});

Deno.test("a stream waits for a replica, with what is sent on it, until its time is over", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const log: string[] = [];
    await sim.start(0, replica("r0", log));
    const connection = await sim.connect();
    const feed = client(Feed, connection);

    const late = feed.count(3, { timeoutMs: 1_000 });
    const ended = watch(sim.clock, late.finished);
    await sim.clock.advance(2_000);
    assertEquals([ended.fate, ended.tookMs], ["Unreachable notSent", 1_000]);
    const { message, host, handler } = ended.error as InternodeError;
    assert(message.startsWith("feed.count: no replica could take the call in time"), message);
    assertEquals([host, handler], [undefined, "feed.count"]);

    const abort = new AbortController(), reason = new Error("not wanted");
    const given = watch(sim.clock, feed.count(1, { signal: abort.signal }).finished);
    const cancelled = feed.count(1);
    cancelled.cancel();
    abort.abort(reason);
    await sim.clock.settle();
    assertEquals(given.error, reason);
    const error = await assertRejects(() => cancelled.finished, InternodeError);
    assertEquals([error.code, error.outcome], ["Cancelled", "notSent"]);
    assert(error.message.startsWith("feed.count"), error.message);
    assert(!error.message.includes(" on :"), error.message);

    const sum = feed.sum("waited");
    const sent = [1, 2, 3].map((each) => watch(sim.clock, sum.send(each)));
    sum.end();
    const found: string[] = [];
    const counted = (async () => {
      for await (const each of feed.count(2)) found.push(each);
    })();
    await sim.clock.advance(10_000);
    assertEquals(sent.map(({ settled }) => settled), [false, false, false]);
    sim.list(0);
    await counted;
    await sum.finished;
    assertEquals([log, found], [["waited 6"], ["r0 1", "r0 2"]]);
  });
});

Deno.test("what is wrong with a stream from the start shows when it is used", async () => {
  await withReplicas(1, async ({ connection, feed }) => {
    const reason = new Error("too late");
    const aborted = feed.count(1, { signal: AbortSignal.abort(reason) });
    assertEquals(await assertRejects(() => aborted.finished) === reason, true);
    const codes: unknown[] = [];
    for (const timeoutMs of [0, NaN]) {
      const failed = await assertRejects(
        () => feed.count(1, { timeoutMs }).finished,
        InternodeError,
      );
      codes.push([failed.code, failed.outcome]);
    }
    const unreadable = feed.count(-1);
    const invalid = await assertRejects(() => unreadable.finished, InternodeError);
    codes.push([invalid.code, invalid.outcome]);
    assertEquals(codes, [
      ["DeadlineExceeded", "notSent"],
      ["InvalidArgument", "notSent"],
      ["InvalidPayload", "notSent"],
    ]);
    assertEquals(connection.replicas[0]!.callsInFlight, 0);
    assertEquals(await feed.name(undefined), "r0");
  });
});

Deno.test("closing ends streams that wait at once, and those under way when the grace time is over", async () => {
  await withReplicas(1, async ({ sim, log, connection, feed }) => {
    const { stream } = await following(feed);
    const running = watch(sim.clock, stream.finished);
    const other = await sim.connect({ resolver: new ManualResolver() });
    const waiting = watch(sim.clock, client(Feed, other).count(1).finished);
    const startMs = sim.clock.now();
    await Promise.all([connection.close({ graceMs: 300 }), other.close()]);
    assertEquals([waiting.fate, waiting.tookMs], ["Closed notSent", 0]);
    assertEquals(running.fate, "Closed maybeExecuted");
    assert(running.tookMs >= 300 && sim.clock.now() - startMs < 400, `${running.tookMs} ms`);
    await sim.clock.advance(5);
    assertEquals(log.length, 1);
    const after = await assertRejects(() => feed.count(1).finished, InternodeError);
    assertEquals([after.code, after.outcome], ["Closed", "notSent"]);
  });
});

Deno.test("a replica that is listed no more keeps a long stream, and takes no calls beside it", async () => {
  await withReplicas(2, async ({ sim, connection, feed }) => {
    const streams = [await following(feed), await following(feed)];
    const { stream } = streams.find(({ name }) => name === "r0")!;
    sim.list(1);
    await sim.clock.advance(60_000);
    const states = (): string =>
      connection.replicas.map(({ address, state }) => `${address.slice(9)} ${state}`).join();
    assertEquals(states(), "r0 draining,r1 connected");
    for (let each = 0; each < 10; each++) assertEquals(await feed.name(undefined), "r1");
    stream.cancel();
    await sim.clock.advance(10);
    assertEquals(states(), "r1 connected");
    assertEquals(sim.network.openConnections(sim.host(0)), 0);
    streams.find(({ name }) => name === "r1")!.stream.cancel();
  });
});

Deno.test("a replica that stops lets its streams end, listed or not, and takes no calls meanwhile", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const held = Promise.withResolvers<void>();
    const patient = implement(Feed, {
      ...FEED_OF_NOBODY,
      follow: async function* () {
        yield "r0";
        await held.promise;
        yield "the end";
      },
    });
    await sim.start(0, patient, { graceMs: 5_000 });
    await sim.start(1, replica("r1"));
    sim.list(0);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const feed = client(Feed, connection);
    const { stream, outputs } = await following(feed);
    const states = (): string => connection.replicas.map(({ state }) => state).join();
    sim.list(0, 1);
    await sim.ready(connection, 2);
    const stopped = sim.stop(0);
    await sim.clock.advance(20);
    assert(/^(disconnected|connecting),connected$/.test(states()), states());
    sim.list(1);
    await sim.clock.advance(20);
    assertEquals(states(), "draining,connected");
    assertEquals(await feed.name(undefined), "r1");
    held.resolve();
    assertEquals((await outputs.next()).value, "the end");
    await stream.finished;
    await stopped;
    // The server's end of the connection is gone; the client's goes when it hears of that.
    await sim.clock.advance(20);
    assertEquals(states(), "connected");
  });
});

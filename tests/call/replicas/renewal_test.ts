import {
  type ClientOptions,
  implement,
  listen,
  method,
  methodStream,
  serve,
  type ServeOptions,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import { client as stub } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import type { InternodeError } from "../../../lib/errors.ts";
import type { Endpoint } from "../../../lib/transport/channel/endpoint.ts";
import { pause } from "../../../lib/runtime/pause.ts";
import type { Transport } from "../../../lib/transport/channel/transport.ts";
import { assertFate, watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Work = service("work", {
  take: method({ request: t.uint(), response: t.string() }),
  count: methodStream({ initial: t.uint(), output: t.uint(), inputCapacity: 0, outputCapacity: 2 }),
});

/** One client and one replica, whose endpoint a test can tamper with. */
class Pair {
  readonly service = new SimulatedService();
  /** Why handlers of streams were ended. */
  readonly ended: unknown[] = [];
  dials = 0;
  isBroken = false;
  readonly #listeners = new Set<() => void>();

  get watchers(): number {
    return this.#listeners.size;
  }

  change(): void {
    for (const listener of this.#listeners) listener();
  }

  endpoint(): Endpoint {
    const inner = this.service.endpoint(0);
    return {
      address: inner.address,
      dial: (signal) => {
        this.dials++;
        if (this.isBroken) throw new Error("no more sockets");
        return inner.dial(signal);
      },
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  start(options: ServeOptions = {}): Promise<void> {
    const { ended, service: { clock } } = this;
    return this.service.start(
      0,
      implement(Work, {
        take: async (ms, { signal }) => {
          await pause(clock, ms, signal);
          return "done";
        },
        count: async function* (many, _input, { signal }) {
          signal.addEventListener("abort", () => ended.push(signal.reason));
          for (let value = 0; value < many && !signal.aborted; value++) {
            await pause(clock, 100, signal);
            yield value;
          }
        },
      }),
      options,
    );
  }

  run(
    client: ClientOptions,
    server: ServeOptions,
    body: (connection: ServiceConnection) => Promise<void>,
  ): Promise<void> {
    return this.service.run(async () => {
      await this.start(server);
      this.service.resolver.set([this.endpoint()]);
      const connection = await this.service.connect(client);
      await this.service.ready(connection, 1);
      await body(connection);
    });
  }
}

function load(pair: Pair, connection: ServiceConnection) {
  const { clock } = pair.service, failures: unknown[] = [], work = stub(Work, connection);
  let calls = 0, stopped = false;
  const step = (): void => {
    if (stopped) return;
    work.take(calls++ % 40).catch((error) => failures.push(error));
    clock.setTimer(5, step);
  };
  step();
  return { failures, count: () => calls, stop: () => stopped = true };
}

async function collect(values: AsyncIterable<number>): Promise<number> {
  let count = 0;
  for await (const value of values) assertEquals(value, count++);
  return count;
}

for (
  const [who, client, server] of [
    ["the client finds it old", { maxConnectionAgeMs: 10_000 }, {}],
    ["the server finds it old", {}, { maxConnectionAgeMs: 10_000 }],
  ] as const
) {
  Deno.test(`a connection to a replica is renewed when ${who}, and no call fails`, async () => {
    const pair = new Pair(), { clock } = pair.service;
    await pair.run(client, server, async (connection) => {
      const work = stub(Work, connection), calls = load(pair, connection);
      const counted = watch(clock, collect(work.count(300)));
      const long = watch(clock, work.take(40_000));
      for (let i = 0; i < 72; i++) {
        await clock.advance(500);
        assertEquals(connection.replicas[0]!.state, "connected");
      }
      calls.stop();
      await clock.advance(10_000);
      assertFate(counted, "ok");
      assertFate(long, "ok");
      assertEquals(counted.value, 300);
      assertEquals(calls.failures, []);
      assert(calls.count() > 7_000);
      assert(pair.dials >= 4 && pair.dials <= 7, `${pair.dials} dials`);
      // The old connections are gone.
      assertEquals(pair.service.network.openConnections("memory://client-0"), 1);
      assertEquals(pair.service.logger.lines, []);
    });
    assertEquals(pair.watchers, 0);
  });

  Deno.test(`calls that outlast the grace time end as GoingAway when ${who}`, async () => {
    const pair = new Pair(), { clock } = pair.service;
    const grace = { renewalGraceMs: 5_000 };
    await pair.run({ ...client, ...grace }, { ...server, ...grace }, async (connection) => {
      const work = stub(Work, connection);
      const counted = watch(clock, collect(work.count(1_000)));
      const long = watch(clock, work.take(50_000));
      await clock.advance(16_000);
      for (const ended of [counted, long]) {
        assertFate(ended, "GoingAway maybeExecuted", 14_000, 15_200);
      }
      assertEquals(pair.ended.map((why) => (why as InternodeError).code), ["GoingAway"]);
      assertEquals(await work.take(1), "done");
    });
  });
}

Deno.test("a change of the endpoint renews its connection soon, and a failure to do so does no harm", async () => {
  const pair = new Pair(), { clock } = pair.service;
  await pair.run({}, {}, async (connection) => {
    const calls = load(pair, connection);
    await clock.advance(5_000);
    assertEquals([pair.dials, pair.watchers], [1, 1]);
    pair.isBroken = true;
    pair.change();
    await clock.advance(15_000);
    const { dials } = pair;
    assert(dials > 5, `${dials} dials`);
    pair.isBroken = false;
    await clock.advance(6_000);
    assertEquals(pair.service.network.openConnections("memory://client-0"), 1);
    const after = pair.dials;
    await clock.advance(30_000);
    assertEquals(pair.dials, after);
    calls.stop();
    await clock.advance(100);
    assertEquals(calls.failures, []);
  });
  assertEquals(pair.watchers, 0);
});

Deno.test("a connection that cannot be renewed ends with its age and the grace time", async () => {
  const pair = new Pair(), { clock } = pair.service;
  await pair.run({ maxConnectionAgeMs: 10_000, renewalGraceMs: 5_000 }, {}, async (connection) => {
    pair.isBroken = true;
    const work = stub(Work, connection), long = watch(clock, work.take(60_000));
    await clock.advance(16_000);
    assertFate(long, "GoingAway maybeExecuted", 14_900, 15_100);
    assertEquals(connection.replicas[0]!.state, "disconnected");
    pair.isBroken = false;
    await pair.service.ready(connection, 1);
    assertEquals(await work.take(1), "done");
  });
});

Deno.test("a renewal that meets a replica that has started anew goes on, and what its silent predecessor ran is lost when that is noticed", async () => {
  const pair = new Pair(), { clock } = pair.service;
  const options = { maxConnectionAgeMs: 10_000, pingIntervalMs: 29_000 };
  await pair.run(options, {}, async (connection) => {
    const work = stub(Work, connection), lost = watch(clock, work.take(60_000));
    await clock.advance(8_900);
    pair.service.crash(0, "silent");
    await pair.start();
    await clock.advance(1_500);
    assertEquals([lost.fate, await work.take(1)], ["pending", "done"]);
    await clock.advance(30_000);
    // By the next ping, which is up to a tenth of its interval early.
    assertFate(lost, "Disconnected maybeExecuted", 26_000, 39_000);
  });
});

Deno.test("a replica that is listed no more, and listed again, is renewed as before", async () => {
  const pair = new Pair(), { clock } = pair.service;
  await pair.run({ maxConnectionAgeMs: 10_000 }, {}, async (connection) => {
    const work = stub(Work, connection), long = watch(clock, work.take(20_000));
    await clock.advance(5_000);
    pair.service.resolver.set([]);
    await clock.advance(1_000);
    assertEquals([connection.replicas[0]!.state, pair.watchers], ["draining", 0]);
    pair.service.resolver.set([pair.endpoint()]);
    await clock.advance(1_000);
    assertEquals([connection.replicas[0]!.state, pair.watchers, pair.dials], ["connected", 1, 1]);
    await clock.advance(3_500);
    assertEquals(pair.dials, 2);
    await clock.advance(12_000);
    assertFate(long, "ok");
  });
});

Deno.test("a server whose certificate has changed asks its clients for newer connections soon, and no call fails", async () => {
  const pair = new Pair(), { clock, network, logger } = pair.service;
  const changes = new Set<() => void>();
  await pair.service.run(async () => {
    const inner = network.transport("memory://r0");
    const transport: Transport = {
      guarded: true,
      dial: (address, options) => inner.dial(address, options),
      listen: (address, options) => inner.listen(address, options),
      onChange: (listener) => {
        changes.add(listener);
        return () => changes.delete(listener);
      },
    };
    const handlers = implement(Work, {
      take: async (ms, { signal }) => {
        await pause(clock, ms, signal);
        return "done";
      },
      count: async function* () {},
    });
    const listener = await listen("memory://r0", handlers, { transports: { memory: transport } });
    const stop = new AbortController();
    const served = serve(listener, {
      signal: stop.signal,
      clock,
      random: pair.service.random,
      logger,
    }).finished;
    pair.service.resolver.set([pair.endpoint()]);
    const connection = await pair.service.connect();
    await pair.service.ready(connection, 1);
    const calls = load(pair, connection);
    await clock.advance(60_000);
    assertEquals(pair.dials, 1);

    assertEquals(changes.size, 1);
    for (const listener of changes) listener();
    await clock.advance(11_000);
    assertEquals(pair.dials, 2);
    await clock.advance(60_000);
    assertEquals(pair.dials, 2);
    calls.stop();
    await clock.advance(1_000);
    assertEquals(calls.failures, []);
    stop.abort();
    await served;
    assertEquals(changes.size, 0);
  });
});

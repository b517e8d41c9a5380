/**
 * Throws from every place of the call face where code of a user's runs, while
 * others go on calling: no call of theirs is lost or hangs, no place leaks.
 *
 * @module
 */

import {
  type Balancer,
  type ClientOptions,
  type Endpoint,
  HandlerMap,
  makeMethodKey,
  type Replica,
  type Resolver,
  type ServeOptions,
  type ServiceConnection,
} from "@internode/grid/call";
import { sharedSecret } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { FOREIGN_WAYS } from "../support/foreign/foreign_ways.ts";
import { TEXTLESS } from "../support/foreign/textless.ts";
import { watch, type Watched } from "../support/outcome.ts";
import { SimulatedService } from "../support/simulation/simulated_service.ts";

const echo = makeMethodKey("test", "echo");
const foreign = makeMethodKey("test", "foreign");
const EMPTY = new Uint8Array(0);
const ONE = { concurrency: 1, queue: 0 };

interface World {
  readonly service: SimulatedService;
  readonly to: ServiceConnection;
}

/** One place where a user's code runs. */
interface Place {
  /** What the client is made with. */
  readonly client?: (service: SimulatedService) => ClientOptions & { resolver?: Resolver };
  /** What the servers are made with. */
  readonly server?: ServeOptions;
  /** Handlers beside those that all have. */
  readonly serve?: (handlers: HandlerMap) => void;
  /** Runs the user's code, while others call. Each call ends somehow. */
  readonly act?: (world: World) => readonly Promise<unknown>[];
}

type PlaceOf = (act: () => never) => Place;

const callForeign = ({ to }: World): readonly Promise<unknown>[] =>
  [1, 2, 3].map(() => to.call(foreign, EMPTY, { timeoutMs: 400, retry: false }));

/** A balancer that goes wrong in one way. */
function balancer(part: "update" | "pick", act: () => never): Balancer {
  let replicas: readonly Replica[] = [];
  const usual: Balancer = {
    update: (given) => void (replicas = given),
    pick: () => replicas[0],
  };
  return { ...usual, [part]: act };
}

/** A resolver that goes wrong when it is asked for the first times. */
function resolver(service: SimulatedService, act: () => never): Resolver {
  let asked = 0;
  return {
    isConstant: false,
    resolve: (version, signal) => asked++ < 2 ? act() : service.resolver.resolve(version, signal),
  };
}

/** The endpoints of the two replicas, with something about them changed. */
function changed(
  service: SimulatedService,
  change: (inner: Endpoint) => Partial<Endpoint>,
): Resolver {
  const endpoints = [0, 1].map((index): Endpoint => {
    const inner = service.endpoint(index);
    return { address: inner.address, dial: (signal) => inner.dial(signal), ...change(inner) };
  });
  return {
    isConstant: true,
    resolve: () => Promise.resolve({ endpoints, version: null }),
  };
}

const PLACES: Readonly<Record<string, PlaceOf>> = {
  "a client's logger": (act) => ({
    client: () => ({ logger: { debug: act, info: act, warn: act, error: act } }),
  }),
  "a server's logger": (act) => ({
    server: { logger: { debug: act, info: act, warn: act, error: act } },
  }),
  "a client's tracer": (act) => ({ client: () => ({ tracer: { startSpan: act } }) }),
  "a server's tracer": (act) => ({ server: { tracer: { startSpan: act } } }),
  "a client's meter": (act) => ({
    client: () => ({ meter: { meterCalls: () => ({ record: act }) } }),
  }),
  "a server's meter": (act) => ({ server: { meter: { meterCalls: () => ({ record: act }) } } }),
  "a secret by peer, at first": (act) => {
    let asked = 0;
    const secret = "a secret of at least 16 bytes";
    const byPeer = (): string => asked++ < 2 ? act() : secret;
    return {
      client: () => ({ auth: sharedSecret(secret) }),
      server: { auth: sharedSecret({ byPeer }) },
    };
  },
  "an audit": (act) => ({ server: { audit: act }, act: callForeign }),
  "a client's interceptor": (act) => ({
    client: () => ({
      interceptors: [
        (next) => (call) => call.contract.name.endsWith("foreign") ? act() : next(call),
      ],
    }),
    serve: (handlers) => handlers.set("test", "foreign", (bytes) => bytes, ONE),
    act: callForeign,
  }),
  "a server's interceptor": (act) => ({
    server: {
      interceptors: [
        (next) => (call) => call.contract.name.endsWith("foreign") ? act() : next(call),
      ],
    },
    serve: (handlers) => handlers.set("test", "foreign", (bytes) => bytes, ONE),
    act: callForeign,
  }),
  "a handler": (act) => ({
    serve: (handlers) => handlers.set("test", "foreign", act, ONE),
    act: callForeign,
  }),
  "a function for trailers": (act) => ({
    serve: (handlers) =>
      handlers.set("test", "foreign", (bytes, context) => {
        context.setTrailers({ a: "b" });
        return bytes;
      }),
    act: ({ to }) => [1, 2].map(() => to.call(foreign, EMPTY, { onTrailers: act })),
  }),
  "a handler, later": (act) => ({
    serve: (handlers) => handlers.set("test", "foreign", async () => (await null, act()), ONE),
    act: callForeign,
  }),
  "an allow rule": (act) => ({
    serve: (handlers) => handlers.set("test", "foreign", (bytes) => bytes, { allow: act }),
    act: callForeign,
  }),
  "a call's balancer, as it picks": (act) => ({
    act: ({ to }) => [to.call(echo, EMPTY, { balancer: balancer("pick", act), timeoutMs: 400 })],
  }),
  "a call's balancer, as it is told": (act) => ({
    act: ({ to }) => [to.call(echo, EMPTY, { balancer: balancer("update", act), timeoutMs: 400 })],
  }),
  "a resolver": (act) => ({ client: (service) => ({ resolver: resolver(service, act) }) }),
  "an endpoint's dial, at first": (act) => {
    let dials = 0;
    return {
      client: (service) => ({
        resolver: changed(service, (inner) => ({
          dial: (signal) => dials++ < 2 ? act() : inner.dial(signal),
        })),
      }),
    };
  },
  "an endpoint's onChange": (act) => ({
    client: (service) => ({ resolver: changed(service, () => ({ onChange: act })) }),
  }),
  "the end of an endpoint's onChange": (act) => ({
    client: (service) => ({ resolver: changed(service, () => ({ onChange: () => act })) }),
  }),
};

/** Runs one place in one way, with others calling before, meanwhile and after a replica's end. */
async function run(place: Place, what: string): Promise<void> {
  const service = new SimulatedService(), { clock } = service;
  await service.run(async () => {
    for (const index of [0, 1]) {
      const handlers = new HandlerMap().set("test", "echo", (bytes) => bytes);
      place.serve?.(handlers);
      await service.start(index, handlers, place.server ?? {});
    }
    service.list(0, 1);
    const to = await service.connect(place.client?.(service) ?? {});
    await service.ready(to, 2);
    const others: Watched<unknown>[] = [];
    const callOthers = (): void => {
      for (let i = 0; i < 4; i++) {
        others.push(watch(clock, to.call(echo, new Uint8Array(i), { timeoutMs: 5_000 })));
      }
    };
    callOthers();
    const acts = place.act?.({ service, to }) ?? [];
    callOthers();
    const ended = watch(clock, Promise.allSettled(acts));
    await clock.advance(600);
    assert(ended.settled, `${what}: a call hangs`);
    await service.stop(0);
    callOthers();
    await clock.advance(1_000);
    for (const { fate } of others) assertEquals(fate, "ok", what);
  });
}

for (const [name, of] of Object.entries(PLACES)) {
  Deno.test(`${name} that goes wrong harms nobody else`, async () => {
    for (const [way, act] of FOREIGN_WAYS) await run(of(act), `${name} ${way}`);
  });
}

Deno.test("a call's reason without a text, of whatever kind: the caller gets it, and the handler's signal has it", async () => {
  for (const [what, given] of TEXTLESS) {
    const reason = given ?? null, service = new SimulatedService(), told: string[] = [];
    await service.run(async () => {
      const handlers = new HandlerMap().set(
        "test",
        "foreign",
        (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              told.push(what);
              reject(signal.reason);
            });
          }),
      );
      const to = await service.connectTo(1, () => handlers);
      const abort = new AbortController();
      const call = to.call(foreign, EMPTY, { signal: abort.signal })
        .then(() => ["answered"], (error) => [error]);
      await service.clock.advance(50);
      abort.abort(reason);
      await service.clock.advance(50);
      const [end] = await service.clock.complete(call);
      assert(Object.is(end, reason), what);
    });
    assertEquals(told, [what]);
  }
});

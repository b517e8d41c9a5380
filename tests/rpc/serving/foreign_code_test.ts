/**
 * Throws from every place of the grid where code of a user's runs, while others
 * go on calling: no call of theirs is lost or hangs, no place leaks.
 *
 * @module
 */

import {
  type Codec,
  type Connection,
  type InterceptedCall,
  type Manager,
  type ManagerOptions,
  type Next,
  sharedSecret,
  single,
  stream,
  type Transport,
  type Transports,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import { FOREIGN_WAYS } from "../../support/foreign/foreign_ways.ts";
import { TEXTLESS } from "../../support/foreign/textless.ts";
import { watch, type Watched } from "../../support/outcome.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const fails = single("fails");
const foreign = single("foreign");
const flow = stream("flow", { inputCapacity: 4, outputCapacity: 4 });
const EMPTY = new Uint8Array(0);
const ONE = { concurrency: 1, queue: 0 };

interface World {
  readonly grid: SimulatedCluster<Manager>;
  readonly to: Connection;
}

/** One place where a user's code runs. */
interface Place {
  /** What each node is made with. */
  readonly options?: (transports: Transports) => Partial<ManagerOptions>;
  /** Handlers beside those that all have. */
  readonly serve?: (manager: Manager) => void;
  /** Runs the user's code, while others call. Each call ends somehow. */
  readonly act?: (world: World) => readonly Promise<unknown>[];
}

type PlaceOf = (foreign: () => never) => Place;

/** A codec that goes wrong in one direction. */
function codecOf(part: "encode" | "decode", act: () => never): Codec<Uint8Array> {
  const codec: Codec<Uint8Array> = {
    encode: (_value, writer) => writer.append(EMPTY),
    decode: (reader) => reader.takeBytes(reader.remaining),
  };
  return { ...codec, [part]: act };
}

/** Calls of a handler that has one place, one after the other: whatever becomes of one, the next finds it free. */
function inTurn(call: () => Promise<unknown>): readonly Promise<unknown>[] {
  const first = call();
  const second = first.then(call, (error) => {
    assert(error?.code !== "Overloaded", "the place is not free");
    return call();
  });
  return [first, second];
}

function read(to: Connection): Promise<unknown> {
  return Array.fromAsync(to.stream(flow, EMPTY));
}

const callForeign = ({ to }: World): readonly Promise<unknown>[] =>
  inTurn(() => to.request(foreign, EMPTY));
const callFlow = ({ to }: World): readonly Promise<unknown>[] => inTurn(() => read(to));

/** The transports with one method in another form. */
function changed(
  transports: Transports,
  change: (inner: Transport) => Partial<Transport>,
): Transports {
  return Object.fromEntries(
    Object.entries(transports).map(([scheme, inner]) => [scheme, {
      guarded: true,
      dial: (address, options) => inner.dial(address, options),
      listen: (address, options) => inner.listen(address, options),
      ...change(inner),
    }]),
  );
}

function span(part: "run" | "end" | "context", act: () => never) {
  const usual = { context: undefined, run: <T>(action: () => T): T => action(), end() {} };
  return Object.defineProperty(usual, part, part === "context" ? { get: act } : { value: act });
}

/** An interceptor that goes wrong, except with calls of others. */
function foreignly(act: () => never) {
  return (next: Next<InterceptedCall>) => (call: InterceptedCall) =>
    ["foreign", "flow"].includes(call.contract.name) ? act() : next(call);
}

const PLACES: Readonly<Record<string, PlaceOf>> = {
  "a logger": (act) => ({
    options: () => ({ logger: { debug: act, info: act, warn: act, error: act } }),
  }),
  "a tracer": (act) => ({ options: () => ({ tracer: { startSpan: act } }) }),
  "a meter": (act) => ({ options: () => ({ meter: { meterCalls: act } }) }),
  "a meter, as it records": (act) => ({
    options: () => ({ meter: { meterCalls: () => ({ record: act }) } }),
  }),
  "a meter, as it watches": (act) => ({
    options: () => ({ meter: { meterCalls: () => ({ record() {} }), watch: act } }),
  }),
  "a span's run": (act) => ({ options: () => ({ tracer: { startSpan: () => span("run", act) } }) }),
  "a span's end": (act) => ({ options: () => ({ tracer: { startSpan: () => span("end", act) } }) }),
  "a span's context": (act) => ({
    options: () => ({ tracer: { startSpan: () => span("context", act) } }),
  }),
  "a subscriber of trace()": (act) => ({ serve: (manager) => void manager.trace(act) }),
  "a listener of states": (act) => ({
    serve: (manager) => manager.connections().forEach((to) => to.onStateChange(act)),
  }),
  "an allow rule": (act) => ({
    serve: (manager) => manager.handle(foreign, (bytes) => bytes, { allow: act }),
    act: callForeign,
  }),
  "a secret by peer, at first": (act) => {
    let asked = 0;
    const byPeer = (): string => asked++ < 2 ? act() : "a secret of at least 16 bytes";
    return { options: () => ({ auth: sharedSecret({ byPeer }) }) };
  },
  "an audit": (act) => ({
    options: () => ({ audit: act }),
    act: ({ to }) => inTurn(() => to.request(single("missing"), EMPTY)),
  }),
  "a handler": (act) => ({
    serve: (manager) => manager.handle(foreign, act, ONE),
    act: callForeign,
  }),
  "a function for headers": (act) => ({
    serve: (manager) =>
      void manager.handle(foreign, (bytes, context) => (context.setHeaders({ a: "b" }), bytes)),
    act: ({ to }) => inTurn(() => to.request(foreign, EMPTY, { onHeaders: act })),
  }),
  "a getter of headers": (act) => ({
    serve: (manager) =>
      void manager.handle(foreign, (bytes, context) => {
        context.setHeaders(Object.defineProperty({}, "a", { get: act, enumerable: true }));
        return bytes;
      }),
    act: callForeign,
  }),
  ...Object.fromEntries(
    ["client", "server"].map((side): [string, PlaceOf] => [`a ${side}'s interceptor`, (act) => ({
      options: () => ({ interceptors: { [side]: [foreignly(act)] } }),
      serve: (manager) => {
        manager.handle(foreign, (bytes) => bytes, ONE);
        manager.handle(flow, () => [], ONE);
      },
      act: (world) => [...callForeign(world), ...callFlow(world)],
    })]),
  ),
  "a handler, later": (act) => ({
    serve: (manager) => manager.handle(foreign, async () => (await null, act()), ONE),
    act: callForeign,
  }),
  "a handler of streams": (act) => ({
    serve: (manager) => manager.handle(flow, act, ONE),
    act: callFlow,
  }),
  "a handler's iterator": (act) => ({
    serve: (manager) =>
      manager.handle(
        flow,
        () => ({ [Symbol.asyncIterator]: () => ({ next: act, return: act }) }),
        ONE,
      ),
    act: callFlow,
  }),
  "what makes a handler's iterator": (act) => ({
    serve: (manager) => manager.handle(flow, () => ({ [Symbol.asyncIterator]: act }), ONE),
    act: callFlow,
  }),
  "the end of a handler's iterator": (act) => ({
    serve: (manager) =>
      manager.handle(flow, () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: act }),
      }), ONE),
    act: ({ to }) => inTurn(() => Array.fromAsync(to.stream(flow, EMPTY, { timeoutMs: 50 }))),
  }),
  "the encoding of a request": (act) => ({
    act: ({ to }) => [to.request(single("foreign", { request: codecOf("encode", act) }), EMPTY)],
  }),
  "the decoding of a request": (act) => ({
    serve: (manager) =>
      manager.handle(single("foreign", { request: codecOf("decode", act) }), (bytes) => bytes, ONE),
    act: callForeign,
  }),
  "the encoding of a response": (act) => ({
    serve: (manager) =>
      manager.handle(
        single("foreign", { response: codecOf("encode", act) }),
        (bytes) => bytes,
        ONE,
      ),
    act: callForeign,
  }),
  "the decoding of a response": (act) => ({
    serve: (manager) => manager.handle(foreign, (bytes) => bytes, ONE),
    act: ({ to }) =>
      inTurn(() => to.request(single("foreign", { response: codecOf("decode", act) }), EMPTY)),
  }),
  "a schema": (act) => ({
    serve: (manager) => {
      const schema = { "~standard": { version: 1, vendor: "test", validate: act } } as const;
      const request = t.validated(t.bytes(), schema);
      manager.handle(single("foreign", { request }), () => EMPTY, ONE);
    },
    act: ({ to }) =>
      inTurn(() => to.request(single("foreign", { request: t.bytes() }), new Uint8Array(3))),
  }),
  "a getter of a value": (act) => ({
    act: ({ to }) => {
      const record = t.record({ a: t.string(), b: t.string() });
      const value = Object.defineProperty({ a: "1", b: "" }, "b", { get: act, enumerable: true });
      return [to.request(single("foreign", { request: record }), value)];
    },
  }),
  "a listener of a handler's signal": (act) => ({
    serve: (manager) => {
      manager.handle(foreign, (_, { signal }) => {
        signal.addEventListener("abort", act);
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
      }, ONE);
    },
    act: ({ to }) => inTurn(() => to.request(foreign, EMPTY, { timeoutMs: 20 })),
  }),
  "a transport's onChange": (act) => ({
    options: (transports) => ({ transports: changed(transports, () => ({ onChange: act })) }),
  }),
  "the end of a transport's onChange": (act) => ({
    options: (transports) => ({ transports: changed(transports, () => ({ onChange: () => act })) }),
  }),
  "a transport's dial, at first": (act) => {
    let dials = 0;
    return {
      options: (transports) => ({
        transports: changed(transports, (inner) => ({
          dial: (address, options) => dials++ < 2 ? act() : inner.dial(address, options),
        })),
      }),
    };
  },
};

/** Runs one place in one way, with others calling before, meanwhile and after a cut. */
async function run(place: Place, what: string): Promise<void> {
  await withPair({
    options: ({ transports }) => place.options?.(transports) ?? {},
    serve: (manager) => {
      manager.handle(echo, (value) => value);
      manager.handle(fails, () => Promise.reject(new Error("as it is meant to")));
      place.serve?.(manager);
    },
  }, async (grid) => {
    const to = grid.node(0).connections()[0]!, { clock } = grid;
    const others: Watched<unknown>[] = [];
    const callOthers = (): void => {
      for (let i = 0; i < 4; i++) {
        others.push(watch(clock, to.request(echo, i, { waitForReady: true, timeoutMs: 5_000 })));
      }
    };
    callOthers();
    const acts = place.act?.({ grid, to }) ?? [];
    acts.forEach((act) => act.catch(() => {}));
    const failing = watch(clock, to.request(fails, EMPTY));
    callOthers();
    const ended = watch(clock, Promise.allSettled(acts));
    await clock.advance(500);
    assert(ended.settled, `${what}: a call hangs`);
    assertEquals(failing.fate, "HandlerFailed executed", what);
    grid.cut(0, 1);
    await clock.advance(10);
    callOthers();
    await clock.advance(2_000);
    for (const { fate } of others) assertEquals(fate, "ok", what);
    assertEquals(grid.node(1).connections()[0]!.stats().callsIn, 0, what);
  });
}

for (const [name, of] of Object.entries(PLACES)) {
  Deno.test(`${name} that goes wrong harms nobody else`, async () => {
    // What decode returns is the handler's, what a getter does the codec's, and nobody looks at what listeners return.
    const ways = FOREIGN_WAYS.filter(([way]) => {
      if (!/decoding|getter|listener of a handler/.test(name)) return true;
      // What a listener throws the runtime looks at first, and fails by itself if that may not be looked at.
      return way.startsWith("throws") &&
        !(name.startsWith("a listener") && /proxy|getter/.test(way));
    });
    for (const [way, act] of ways) await run(of(act), `${name} ${way}`);
  });
}

Deno.test("a dial that gives no channel has failed, and says so; the next one is made", async () => {
  const reasons: unknown[] = [];
  const ignore = (_: string, fields?: { readonly reason?: string }): void =>
    void reasons.push(fields?.reason);
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const given = [undefined, null, 5, { kind: "odd" }];
  await withPair({
    options: ({ transports }) => ({
      logger,
      transports: changed(transports, (inner) => ({
        dial: (address, options) =>
          given.length > 0 ? Promise.resolve(given.shift() as never) : inner.dial(address, options),
      })),
    }),
    serve: (manager) => manager.handle(echo, (value) => value),
  }, async (grid) => {
    const call = grid.node(0).connections()[0]!.request(echo, 1, { waitForReady: true });
    assertEquals(await grid.clock.complete(call), 1);
  });
  const told = reasons.filter((reason) => /did not return a channel/.test(String(reason)));
  assert(told.length > 0 && given.length === 0, String(reasons));
});

Deno.test("a node closes although listeners of context.closing throw, and says so", async () => {
  const lines: unknown[] = [];
  const ignore = (): void => {};
  const logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (_: string, fields: unknown) => void lines.push(fields),
  };
  let told = 0;
  await withPair({
    options: () => ({ logger }),
    serve: (manager) =>
      manager.handle(foreign, (_, { closing }) =>
        new Promise((resolve) => {
          closing.addEventListener("abort", () => {
            throw new Error("from a listener");
          });
          closing.addEventListener("abort", () => resolve(Uint8Array.of(++told)));
        })),
  }, async (grid) => {
    const to = grid.node(0).connections()[0]!;
    const calls = [1, 2].map(() => to.request(foreign, EMPTY));
    await grid.clock.advance(50);
    await grid.clock.complete(grid.node(1).close());
    assertEquals((await grid.clock.complete(Promise.all(calls))).map(([told]) => told), [1, 2]);
  });
  assertEquals(lines.map((fields) => (fields as { what: string }).what), [
    "abort listener",
    "abort listener",
  ]);
});

Deno.test("a reason without a text, of whatever kind: the caller gets it, and the handler's signal has it", async () => {
  for (const [what, given] of TEXTLESS) {
    const reason = given ?? null;
    const told: string[] = [];
    await withPair({
      serve: (manager) => {
        const wait = (signal: AbortSignal): Promise<never> =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              told.push(what);
              reject(signal.reason);
            });
          });
        manager.handle(foreign, (_, { signal }) => wait(signal));
        manager.handle(flow, async function* (_, __, { signal }) {
          yield await wait(signal);
        });
      },
    }, async (grid) => {
      const to = grid.node(0).connections()[0]!, abort = new AbortController(), { signal } = abort;
      const calls = [
        to.request(foreign, EMPTY, { signal }),
        to.stream(flow, EMPTY, { signal }).finished,
      ].map((promise) => promise.then(() => ["answered"], (error) => [error]));
      await grid.clock.advance(50);
      abort.abort(reason);
      await grid.clock.advance(50);
      for (const call of calls) {
        const [end] = await grid.clock.complete(call);
        assert(Object.is(end, reason), what);
      }
    });
    assertEquals(told, [what, what]);
  }
});

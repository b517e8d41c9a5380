/** Options, checks and failures that both faces have, in tables. */

import { type CallOptions, InternodeError, Manager, single, stream } from "@internode/grid";
import { connect, constantResolver, HandlerMap, listen, memory, serve } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { QuietLogger } from "../support/log/quiet.ts";
import { type Face, type Ground, onEach } from "./ground.ts";

const logger = new QuietLogger();
let count = 0;

/** Takes options, and leaves nothing behind. */
type Taker = (options: Record<string, unknown>) => Promise<void>;

const node: Taker = async (options) => {
  const local = `memory://options-${++count}`;
  await new Manager({ local, hosts: [local], logger, ...options }).close();
};
const client: Taker = async (options) => {
  const resolver = constantResolver(memory(`options-${++count}`));
  await (await connect(resolver, { logger, ...options })).close();
};
const server: Taker = async (options) => {
  const listener = await listen(`memory://options-${++count}`, new HandlerMap());
  await serve(listener, { logger, ...options }).close();
};
const listener: Taker = async (options) => {
  const made = await listen(`memory://options-${++count}`, new HandlerMap(), options);
  await made.close();
};

/** An option that several take: a wrong value, and what is said of it. */
type Row = readonly [takers: readonly Taker[], option: string, value: unknown, told: string];
const WRONG: readonly Row[] = [
  ...([
    ["handshakeTimeoutMs", 0, "must be a number above 0, not 0"],
    ["pingIntervalMs", NaN, "must be a number above 0, not NaN"],
    ["livenessTimeoutMs", 5, "(5) must exceed pingIntervalMs"],
    ["maxClockSkewMs", -1, "must be a number above 0, not -1"],
    ["maxConnectionAgeMs", 0, "must be a number above 0, not 0"],
    ["renewalGraceMs", "5", 'must be a number above 0, not "5"'],
    ["inlineHandlerUs", 0, "must be a number above 0, not 0"],
    ["spinUs", -1, "must be a number of 0 or more, not -1"],
    ["writeFlattenLimit", 0, "must be a number above 0, not 0"],
    ["checksums", "no", 'must be true or false, not "no"'],
    ["limits", 5, "must be an object with its fields, not 5"],
    ["limits", { maxCalls: 0 }, "Limit maxCalls must be a whole number from 1"],
    ["auth", "secret", "has no method prove"],
    ["tracer", {}, "must be an object with the method startSpan"],
    ["meter", {}, "must be an object with the method meterCalls"],
    ["clock", { now: () => 0 }, "must be an object with the method wallNow"],
    ["random", 5, "must be an object with the method next"],
  ] as const).map(([option, value, told]): Row => [[node, client, server], option, value, told]),
  [[node, client], "defaultTimeoutMs", 0, "must be a number above 0, not 0"],
  [[node, client], "dialTimeoutMs", "5", 'must be a number above 0, not "5"'],
  [[node, client], "reconnect", 5, "must be an object with its fields, not 5"],
  [[node, client], "reconnect", { factor: 0 }, "reconnect.factor must be at least 1, not 0"],
  [[node, server, listener], "audit", 5, "must be a function, or left out"],
  [[node, server], "allowUnauthenticated", "false", 'must be true or false, not "false"'],
  [[client, server], "signal", 5, "must be an AbortSignal"],
  [[client, server], "name", "", "must have 1 to 255 bytes of UTF-8"],
  [[node, client, server, listener], "logger", 3, "must be an object with its fields, not 3"],
  [[node, listener], "transports", 3, "must be an object with its fields, not 3"],
  [[node], "tls", 3, "must be an object with its fields, not 3"],
  [[node, listener], "maxUnproven", 0, "must be a whole number above 0, not 0"],
  [[node, listener], "maxUnprovenPerAddress", -1, "must be a whole number above 0, not -1"],
  [[node, listener], "allowOrigins", "x", "must be a list of origins"],
  [[node, listener], "allowHosts", 5, "must be a list of host names"],
];

for (const [takers, option, value, told] of WRONG) {
  Deno.test(`option ${option} as ${Deno.inspect(value)} is refused by all that take it, in the same words`, async () => {
    const texts: string[] = [];
    for (const take of takers) {
      const error = await assertRejects(() => take({ [option]: value }), InternodeError, told);
      assertEquals([error.code, error.origin, error.outcome], [
        "InvalidArgument",
        "caller",
        "notSent",
      ]);
      texts.push(error.message);
    }
    assertEquals(new Set(texts).size, 1, texts.join("\n"));
    assert(texts[0]!.includes(option) || option === "limits", texts[0]);
  });
}

const echo = single("echo"), text = single("text", { response: t.string() });
const feed = stream("feed", { inputCapacity: 0, outputCapacity: 4 });
const EMPTY = new Uint8Array(0);
const handlers = {
  handlers: (to: Parameters<NonNullable<Parameters<Face["start"]>[0]["handlers"]>>[0]): void => {
    to.handle(echo, (bytes) => bytes);
    to.handle(text, () => "x");
    to.handle(feed, () => []);
  },
};

/** Wrong options of calls, and the failure. */
const CALLS: readonly [what: string, options: CallOptions, code: string, told: string][] = [
  ["no number as timeoutMs", { timeoutMs: "5" as never }, "InvalidArgument", "must be a number"],
  ["no time", { timeoutMs: 0 }, "DeadlineExceeded", "had run out before it was made"],
  ["a negative spinUs", { spinUs: -1 }, "InvalidArgument", "must be a number of 0 or more"],
  ["no signal as signal", { signal: {} as never }, "InvalidArgument", "must be an AbortSignal"],
  ["no bytes as into", { into: [] as never }, "InvalidArgument", "must be a Uint8Array"],
  ["1 as waitForReady", { waitForReady: 1 as never }, "InvalidArgument", "must be true or false"],
  ["a text as metadata", { metadata: "a" as never }, "InvalidArgument", "must be an object"],
];

for (const [what, options, code, told] of CALLS) {
  onEach(`a call with ${what} fails before it is sent`, async (face) => {
    await using ground = await face.start(handlers);
    const error = await assertRejects(
      () => ground.request(echo, EMPTY, options),
      InternodeError,
      told,
    );
    assertEquals([error.code, error.origin, error.outcome], [code, "caller", "notSent"]);
    assertEquals(error.handler, /^[^ :]+/.exec(error.message)?.[0]);
    assert(error.handler !== undefined, "it names the handler");
  });
}

onEach("the response goes where the caller says, for raw bytes alone", async (face) => {
  await using ground = await face.start(handlers);
  const into = new Uint8Array(10);
  const got = await ground.request(echo, Uint8Array.of(1, 2), { into });
  assertEquals([got, got.buffer === into.buffer], [Uint8Array.of(1, 2), true]);
  const large = await assertRejects(
    () => ground.request(echo, new Uint8Array(11), { into }),
    InternodeError,
    "given as `into` has 10",
  );
  assertEquals([large.code, large.outcome], ["InvalidPayload", "executed"]);
  const told = "Option into works only for single requests whose response is raw bytes";
  await assertRejects(() => ground.request(text, EMPTY, { into }), InternodeError, told);
  const { finished } = ground.stream(feed, EMPTY, { into });
  await assertRejects(() => finished, InternodeError, told);
});

onEach("a signal ends a call with its reason, and tells the handler", async (face) => {
  const { promise: told, resolve } = Promise.withResolvers<unknown>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, (_bytes, { signal }) => {
        begin();
        signal.addEventListener("abort", () => resolve(signal.reason?.code));
        return new Promise(() => {});
      }),
  });
  const stop = new AbortController(), reason = new Error("enough");
  const call = ground.request(echo, EMPTY, { signal: stop.signal });
  await began;
  stop.abort(reason);
  assertEquals(await assertRejects(() => call, Error), reason);
  assertEquals(await told, "Cancelled");
});

/** What ends calls, and how: code, outcome. */
const ENDINGS: readonly [what: string, act: (ground: Ground) => Promise<unknown>, fate: string][] =
  [
    ["no handler", ({ request }) => request(single("none"), EMPTY), "UnknownHandler notExecuted"],
    ["a handler that throws", ({ request }) => request(text, EMPTY), "HandlerFailed executed"],
    [
      "its time",
      async ({ request }) => {
        // Connected, it is sent at once; else its time might run out before.
        await request(echo, EMPTY);
        return await request(feedless, EMPTY, { timeoutMs: 20 });
      },
      "DeadlineExceeded maybeExecuted",
    ],
    ["a rule", ({ request }) => request(locked, EMPTY), "PermissionDenied notExecuted"],
    [
      "a value that does not fit",
      ({ request }) => request(echo, 5 as never),
      "InvalidPayload notSent",
    ],
    ["a full handler", async ({ request }) => {
      const stop = new AbortController();
      const first = request(busy, EMPTY, { signal: stop.signal }).catch(() => {});
      const error = await request(busy, EMPTY).catch((thrown) => thrown);
      stop.abort();
      await first;
      throw error;
    }, "Overloaded notExecuted"],
    [
      "too large a message",
      ({ request }) => request(echo, new Uint8Array(70_000)),
      "MessageTooLarge notSent",
    ],
  ];
const feedless = single("slow"), locked = single("locked"), busy = single("busy");

for (const [what, act, fate] of ENDINGS) {
  onEach(`a call is ended by ${what} with the same code and outcome`, async (face) => {
    const limits = { maxMessageBytes: 65_536 };
    await using ground = await face.start({
      server: { limits },
      handlers: (to) => {
        to.handle(echo, (bytes) => bytes);
        to.handle(text, () => {
          throw new Error("no");
        });
        to.handle(feedless, () => new Promise(() => {}));
        to.handle(locked, (bytes) => bytes, { allow: () => false });
        to.handle(busy, () => new Promise(() => {}), { concurrency: 1, queue: 0 });
      },
    });
    const error = await assertRejects(() => act(ground), InternodeError);
    assertEquals(`${error.code} ${error.outcome}`, fate, error.message);
    assert(error.handler !== undefined, "it names the handler");
  });
}

onEach("closing tells handlers, gives back what waits, and lets what runs finish", async (face) => {
  const { promise: began, resolve } = Promise.withResolvers<void>();
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, async (bytes, { closing, signal }) => {
        const told: string[] = [];
        closing.addEventListener("abort", () => told.push("closing"));
        signal.addEventListener("abort", () => told.push("signal"));
        resolve();
        await new Promise((done) => closing.addEventListener("abort", done));
        await Promise.resolve();
        return new TextEncoder().encode(`${bytes.length} ${told}`);
      }, { concurrency: 1 }),
  });
  const running = ground.request(echo, new Uint8Array(3));
  await began;
  const waiting = assertRejects(() => ground.request(echo, EMPTY), InternodeError);
  // It waits for its turn over there when the next call is answered.
  await assertRejects(() => ground.request(single("none"), EMPTY), InternodeError);
  await ground.server.close();
  assertEquals(new TextDecoder().decode(await running), "3 closing,signal");
  const back = await waiting;
  assertEquals([back.code, back.outcome], ["Closed", "notExecuted"]);
  const { connections, runningCalls, answeredCalls } = ground.server.stats();
  assertEquals([connections, runningCalls, answeredCalls.OK, answeredCalls.Closed], [0, 0, 1, 1]);
});

onEach("a grace time that is over ends what runs", async (face) => {
  const { promise: began, resolve } = Promise.withResolvers<void>();
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, () => {
        resolve();
        return new Promise(() => {});
      }),
  });
  const running = assertRejects(() => ground.request(echo, EMPTY), InternodeError);
  await began;
  await ground.server.close({ graceMs: 0 });
  const error = await running;
  assertEquals([error.code, error.outcome], ["Disconnected", "maybeExecuted"]);
});

onEach("a wrong grace time closes nothing, and says so", async (face) => {
  await using ground = await face.start(handlers);
  for (const graceMs of [-1, NaN, "5" as never]) {
    await assertRejects(
      () => ground.server.close({ graceMs }),
      InternodeError,
      "Option graceMs must be a number of 0 or more",
    );
  }
  await ground.request(echo, EMPTY);
});

/** Wrong options of handlers. */
const HANDLER_OPTIONS: readonly [options: object, told: string][] = [
  [{ concurrency: { maximum: 5 } as object }, 'concurrency has no "maximum" (is max meant?)'],
  [{ concurrency: 0 }, "concurrency must be a whole number of at least 1"],
  [{ queue: -1 }, "queue must be a whole number of at least 0"],
  [{ allow: 5 }, "allow must be a function"],
];
for (const [options, told] of HANDLER_OPTIONS) {
  onEach(
    `a handler with ${Deno.inspect(options)} is refused when it is registered`,
    async (face) => {
      await using _ground = await face.start({
        handlers: (to) =>
          void assertThrows(() => to.handle(echo, (bytes) => bytes, options), InternodeError, told),
      });
    },
  );
}

import { InternodeError, sharedSecret, systemTransports } from "@internode/grid";
import { HandlerMap, serve, type ServeOptions } from "@internode/grid/call";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Channel, Transport } from "../../../lib/transport/channel/transport.ts";
import { NET } from "../../support/permitted.ts";
import { dial, RawClient, type RawClientOptions } from "./raw_client.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { type Choice, TestListener } from "./test_listener.ts";
import { failureOf } from "../../support/outcome.ts";

const utf8 = new TextEncoder(), text = new TextDecoder();

/** A running server, and how it ended. */
interface Running {
  readonly address: string;
  readonly listener: TestListener;
  readonly log: QuietLogger;
  readonly done: Promise<void>;
  readonly transport: Transport;
  /** How often `done` settled. */
  settlements(): number;
  connect(options?: RawClientOptions): Promise<RawClient>;
  stop(): Promise<void>;
}

async function start(
  scheme: string,
  handlers: Choice,
  options: ServeOptions = {},
): Promise<Running> {
  const transport = systemTransports()[scheme]!;
  const href = scheme === "tcp" ? "tcp://127.0.0.1:0" : `memory://serve-${++names}`;
  const listener = await TestListener.at(transport, href, handlers);
  const log = new QuietLogger(), stop = new AbortController();
  const done = serve(listener, { signal: stop.signal, logger: log, ...options }).finished;
  let settlements = 0;
  const count = (): void => void settlements++;
  done.then(count, count);
  const { address } = listener;
  return {
    address,
    listener,
    log,
    done,
    transport,
    settlements: () => settlements,
    connect: (more) => RawClient.connect(address, { transport, ...more }),
    stop: async () => {
      stop.abort();
      await done;
      assertEquals(settlements, 1);
    },
  };
}
let names = 0;

/** Runs a test over each transport. */
function overEach(name: string, body: (scheme: string) => Promise<void>): void {
  Deno.test(`${name}, in memory`, () => body("memory"));
  Deno.test({ name: `${name}, over TCP`, ignore: !NET, fn: () => body("tcp") });
}

overEach("calls are answered, and handlers know their callers", async (scheme) => {
  const handlers = new HandlerMap()
    .set("text", "upper", (bytes) => utf8.encode(text.decode(bytes).toUpperCase()))
    .set("text", "later", async (bytes) => {
      await Promise.resolve();
      return bytes;
    })
    .set("who", "am i", (_bytes, context) => {
      const { caller, subroute, metadata, deadline } = context;
      return utf8.encode(
        JSON.stringify({ caller, subroute, metadata, timed: deadline < Infinity }),
      );
    });
  const server = await start(scheme, handlers);
  const client = await server.connect({ name: "some client" });
  assertEquals(client.serverName, server.address);
  const upper = await client.call("text", "upper", utf8.encode("größe"));
  assertEquals(text.decode(upper), "GRÖSSE");
  const large = new Uint8Array(3_000_000).fill(7);
  assertEquals(await client.call("text", "later", large), large);
  const many = await Promise.all(
    Array.from({ length: 500 }, (_, i) => client.call("text", "later", Uint8Array.of(i & 255))),
  );
  assertEquals(many.map((bytes) => bytes[0]), Array.from({ length: 500 }, (_, i) => i & 255));
  const about = await client.call("who", "am i", new Uint8Array(), { metadata: { a: "b" } });
  assertEquals(JSON.parse(text.decode(about)), {
    caller: "some client",
    subroute: "",
    metadata: { a: "b" },
    timed: false,
  });
  await client.close();
  await server.stop();
  assertEquals(server.listener.closes, 1);
  assertEquals(server.log.lines, []);
});

overEach("a call that fails harms no other", async (scheme) => {
  const handlers = new HandlerMap()
    .set("a", "echo", (bytes) => bytes)
    .set("a", "throws", () => {
      throw new RangeError("no such key");
    })
    .set("a", "rejects", () => Promise.reject(new Error("later")))
    .set("a", "huge", () => new Uint8Array(200_000))
    .set("a", "odd", () => "text" as unknown as Uint8Array);
  const limits = { maxMessageBytes: 100_000 };
  const server = await start(scheme, handlers, { limits });
  const client = await server.connect({ limits });
  const fates: Record<string, readonly [code: string, outcome: string, part: string]> = {
    throws: ["HandlerFailed", "executed", "no such key"],
    rejects: ["HandlerFailed", "executed", "later"],
    huge: ["MessageTooLarge", "executed", "200000 bytes"],
    odd: ["HandlerFailed", "executed", ""],
    missing: ["UnknownHandler", "notExecuted", "no such method"],
  };
  const echo = client.call("a", "echo", Uint8Array.of(1));
  for (const [method, [code, outcome, part]] of Object.entries(fates)) {
    const error = await failureOf(client.call("a", method));
    assertEquals([error.code, error.outcome], [code, outcome], error.message);
    assertStringIncludes(error.message, part);
  }
  const tooLarge = await failureOf(client.call("a", "echo", new Uint8Array(100_001)));
  assertEquals([tooLarge.code, tooLarge.outcome], ["MessageTooLarge", "notSent"]);
  assertEquals(await echo, Uint8Array.of(1));
  assertEquals(await client.call("a", "echo", Uint8Array.of(2)), Uint8Array.of(2));
  await client.close();
  await server.stop();
});

Deno.test("an unknown method can be added while connections are open", async () => {
  const handlers = new HandlerMap();
  const server = await start("memory", handlers);
  const client = await server.connect();
  const error = await failureOf(client.call("a", "late"));
  assertStringIncludes(error.message, "Serve it there");
  handlers.set("a", "late", (bytes) => bytes);
  assertEquals(await client.call("a", "late", Uint8Array.of(9)), Uint8Array.of(9));
  await client.close();
  await server.stop();
});

overEach("one listener serves different clients differently", async (scheme) => {
  let accepted = 0;
  const answering = (value: number): HandlerMap =>
    new HandlerMap().set("a", "which", () => Uint8Array.of(value));
  const server = await start(scheme, () => answering(++accepted));
  const clients = [await server.connect(), await server.connect(), await server.connect()];
  const answers = await Promise.all(clients.map((client) => client.call("a", "which")));
  assertEquals(answers.map((bytes) => bytes[0]), [1, 2, 3]);
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
});

overEach("what does not speak the protocol ends only its own connection", async (scheme) => {
  const server = await start(scheme, new HandlerMap().set("a", "echo", (bytes) => bytes));
  const client = await server.connect();
  const garbage = [
    new Uint8Array(0),
    new Uint8Array(1),
    utf8.encode("GET / HTTP/1.1\r\nHost: here\r\n\r\n"),
    new Uint8Array(64).fill(255),
    Uint8Array.of(16, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    new Uint8Array(20_000),
  ];
  for (const bytes of garbage) {
    const channel = await dial(server.address, server.transport);
    await say(channel, bytes);
    assertEquals(await client.call("a", "echo", Uint8Array.of(1)), Uint8Array.of(1));
  }
  await client.close();
  await server.stop();
  // Those that just left, and what was told a moment ago, are details.
  const told = [...server.log.lines, ...server.log.textsOf("debug")].filter((line) =>
    line.includes("The handshake with")
  );
  assertEquals(told.length, garbage.length, told.join("\n"));
  for (const line of server.log.lines) assertStringIncludes(line, "The handshake with");
});

/** Sends something and waits for the end; says goodbye itself if that is not enough for the server. */
async function say(channel: Channel, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (channel.kind === "messages") {
    const ended = Promise.withResolvers<void>();
    channel.start({ onMessage() {}, onDrain() {}, onClose: () => ended.resolve() });
    channel.send(bytes);
    if (bytes.length < 2) channel.close();
    return await ended.promise;
  }
  try {
    if (bytes.length > 0) await channel.write(bytes);
    // The server waits a while for us to leave once it has said why.
    if (bytes.length >= 16) await channel.read(new Uint8Array(4096));
  } catch {
    // Reset by the server.
  }
  channel.close();
}

overEach("whoever does not know the secret is turned away", async (scheme) => {
  const auth = sharedSecret("the secret of these tests");
  const handlers = new HandlerMap().set("a", "echo", (bytes) => bytes);
  const server = await start(scheme, handlers, { auth, name: "its own name" });
  const wrong = sharedSecret("another secret, and long enough");
  for (const other of [wrong, undefined]) {
    const error = await failureOf(server.connect({ auth: other }));
    assertEquals(error.code, "Unauthenticated");
  }
  const client = await server.connect({ auth });
  assertEquals(client.serverName, "its own name");
  assertEquals(await client.call("a", "echo", Uint8Array.of(5)), Uint8Array.of(5));
  await client.close();
  await server.stop();
});

overEach("stopping tells clients and closes everything", async (scheme) => {
  const server = await start(scheme, new HandlerMap().set("a", "echo", (bytes) => bytes));
  const clients = await Promise.all(Array.from({ length: 5 }, () => server.connect()));
  await Promise.all(clients.map((client) => client.call("a", "echo")));
  const startMs = performance.now();
  await server.stop();
  assert(performance.now() - startMs < 1_000, "an idle server stops at once");
  for (const client of clients) {
    const error = await client.closed;
    assert(client.isDrained);
    assertEquals(error.code, "Disconnected");
    assertStringIncludes(error.message, "is stopping");
    await client.gone;
  }
  await assertRejects(() => server.connect(), InternodeError);
  assertEquals(server.listener.closes, 1);
});

overEach(
  "a handler that obeys its signal ends, and its caller may turn elsewhere",
  async (scheme) => {
    const running = Promise.withResolvers<void>(), drained = Promise.withResolvers<void>();
    let left = 3;
    const begun = (): void => {
      if (--left === 0) running.resolve();
    };
    const aborted = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    const handlers = new HandlerMap()
      .set("a", "gives up", async (_bytes, { signal }) => {
        begun();
        await aborted(signal);
        throw signal.reason;
      })
      .set("a", "finishes", async (bytes, { signal }) => {
        begun();
        await aborted(signal);
        return bytes;
      })
      .set("a", "asks late", async (_bytes, context) => {
        begun();
        await drained.promise;
        context.signal.throwIfAborted();
        return new Uint8Array();
      });
    const server = await start(scheme, handlers);
    const client = await server.connect();
    client.onDrained = () => drained.resolve();
    const givenUp = failureOf(client.call("a", "gives up"));
    const finished = client.call("a", "finishes", new Uint8Array(100_000).fill(3));
    const late = failureOf(client.call("a", "asks late"));
    await running.promise;
    await server.stop();
    for (const error of [await givenUp, await late]) {
      assertEquals([error.code, error.outcome], ["Closed", "maybeExecuted"]);
      assertStringIncludes(error.message, "is stopping");
    }
    assertEquals((await finished).length, 100_000);
    await client.gone;
  },
);

Deno.test("a listener that fails ends the server with its error, once", async () => {
  const handlers = new HandlerMap().set("a", "echo", (bytes) => bytes);
  const server = await start("memory", handlers);
  const client = await server.connect();
  await client.call("a", "echo");
  const broken = new Error("the socket is broken");
  server.listener.fail(broken);
  assertEquals(await assertRejects(() => server.done), broken);
  await client.gone;
  assertEquals(server.listener.closes, 1);
  assertEquals(server.settlements(), 1);
});

Deno.test("programs of version 0.1 catch the end of a server as they did", async () => {
  const listener = await TestListener.at(
    systemTransports()["memory"]!,
    "memory://caught",
    new HandlerMap(),
  );
  const server = serve(listener, { logger: new QuietLogger() });
  const caught = (server as unknown as Promise<void>).catch((error: unknown) => String(error));
  listener.fail(new Error("gone"));
  assertStringIncludes(String(await caught), "gone");
});

Deno.test("a listener that throws or gives nonsense is survived as far as possible", async () => {
  const log = new QuietLogger();
  const real = new HandlerMap();
  const nonsense: unknown[] = [undefined, {}, { channel: null, handlers: real }, { handlers: {} }];
  let closes = 0;
  const listener = {
    address: "odd",
    accept(): Promise<never> {
      if (nonsense.length > 0) return Promise.resolve(nonsense.shift() as never);
      throw new TypeError("not a promise at all");
    },
    close(): Promise<void> {
      closes++;
      throw new Error("nor here");
    },
  };
  await assertRejects(() => serve(listener, { logger: log }).finished, TypeError, "not a promise");
  assertEquals(closes, 1);
  // Two of them fail alike.
  assertEquals(log.lines.filter((line) => line.startsWith("A connection to")).length, 3);
  assertEquals(log.lines.filter((line) => line.includes("failed to close")).length, 1);
});

Deno.test("a signal that has aborted already closes the listener, and so do bad options", async () => {
  const open = () =>
    TestListener.at(systemTransports()["memory"]!, "memory://early", new HandlerMap());
  const early = await open();
  await serve(early, { signal: AbortSignal.abort() }).finished;
  assertEquals(early.closes, 1);
  const bad: [ServeOptions, string][] = [
    [{ graceMs: -1 }, "graceMs"],
    [{ graceMs: NaN }, "graceMs"],
    [{ inlineHandlerUs: 0 }, "inlineHandlerUs"],
    [{ name: "" }, "name"],
    [{ name: "x".repeat(256) }, "name"],
    [{ limits: { maxCalls: 0 } }, "maxCalls"],
    [{ pingIntervalMs: 50_000 }, "livenessTimeoutMs"],
  ];
  for (const [options, named] of bad) {
    const listener = await open();
    const error = assertThrows(() => serve(listener, options), InternodeError, named);
    assertEquals(error.code, "InvalidArgument");
    assertEquals(listener.closes, 1);
  }
});

overEach("two servers and hundreds of comings and goings leave nothing behind", async (scheme) => {
  const handlers = new HandlerMap().set("a", "echo", (bytes) => bytes);
  const stop = new AbortController();
  const { signal } = stop;
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listening++;
    addEventListener.apply(signal, args as Parameters<typeof addEventListener>);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listening--;
    removeEventListener.apply(signal, args as Parameters<typeof removeEventListener>);
  };
  const servers = await Promise.all([0, 1].map(() => start(scheme, handlers, { signal })));
  for (let round = 0; round < 20; round++) {
    await Promise.all(servers.flatMap((server) =>
      Array.from({ length: 10 }, async (_, index) => {
        if (index % 5 === 4) return (await dial(server.address, server.transport)).close();
        const client = await server.connect();
        assertEquals(await client.call("a", "echo", Uint8Array.of(index)), Uint8Array.of(index));
        await client.close();
      })
    ));
  }
  assertEquals(listening, 2, "one for each server, whatever came");
  stop.abort();
  await Promise.all(servers.map(({ done }) => done));
  assertEquals(listening, 0);
  for (const server of servers) {
    assertEquals([server.listener.closes, server.settlements()], [1, 1]);
  }
});

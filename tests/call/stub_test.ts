import { HandlerError, InternodeError } from "@internode/grid";
import {
  client,
  failureDetail,
  HandlerMap,
  implement,
  method,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Cache } from "./cache_service.ts";
import { ServiceWorld } from "./service_world.ts";
import { failureOf } from "../support/outcome.ts";

class Full extends HandlerError<{ free: number }> {
  override name = "Full";
}

class CacheServer {
  readonly #values = new Map<string, string>();
  readonly loaded: string[] = [];
  /** What `get` throws for the key "throw". */
  thrown: unknown;

  get(key: string): string | undefined {
    if (key === "throw") throw this.thrown;
    return this.#values.get(key);
  }

  set({ key, value }: { key: string; value: string }): void {
    if (value.length > 10) throw new Full("no room", { free: 10 });
    this.#values.set(key, value);
  }

  size(): number {
    return this.#values.size;
  }

  async digest(bytes: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  }

  async *watch({ prefix }: { prefix: string }): AsyncIterable<string> {
    for (const key of this.#values.keys()) if (key.startsWith(prefix)) yield await key;
  }

  async load(_initial: void, input: AsyncIterable<string>): Promise<void> {
    for await (const line of input) this.loaded.push(line);
  }

  async *echo(_initial: void, input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const bytes of input) {
      if (bytes.length === 0) throw new RangeError("nothing to echo");
      yield bytes;
    }
  }
}

Deno.test("single methods carry requests and responses, absent ones too", async () => {
  await using connection = await ServiceWorld.open(implement(Cache, new CacheServer()));
  const cache = client(Cache, connection);
  assertEquals(await cache.get("a"), undefined);
  assertEquals(await cache.set({ key: "a", value: "1" }), undefined);
  assertEquals(await cache.get("a"), "1");
  assertEquals(await cache.size(), 1);
  assertEquals((await cache.digest(new Uint8Array(3))).length, 32);
});

Deno.test("streaming methods carry messages in the directions they have", async () => {
  const server = new CacheServer();
  await using connection = await ServiceWorld.open(implement(Cache, server));
  const cache = client(Cache, connection);
  for (const key of ["a1", "b1", "a2"]) await cache.set({ key, value: key });
  assertEquals(await Array.fromAsync(cache.watch({ prefix: "a" })), ["a1", "a2"]);

  const load = cache.load();
  for (const line of ["x", "y", "z"]) await load.send(line);
  load.end();
  await load.finished;
  assertEquals(server.loaded, ["x", "y", "z"]);

  const echo = cache.echo();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const [byte] of echo) seen.push(byte!);
  })();
  for (const byte of [1, 2, 3]) await echo.send(new Uint8Array([byte]));
  await echo.send(new Uint8Array());
  const error = await failureOf(reading);
  assertEquals([error.remoteName, error.remoteMessage], ["RangeError", "nothing to echo"]);
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("methods can be taken out of the client, and pass on their options", async () => {
  await using connection = await ServiceWorld.open(implement(Cache, new CacheServer()));
  const { get, size, load } = client(Cache, connection);
  const options = { shardKey: 0, timeoutMs: 1000, metadata: { a: "b" } };
  await get("a", options);
  await size();
  await size(undefined, options);
  load(undefined, options).cancel();
  assertStrictEquals(connection.options[0], options);
  assertEquals(connection.options[1], undefined);
  assertStrictEquals(connection.options[2], options);
  assertStrictEquals(connection.options[3], options);
});

Deno.test("a client can be the result of an async function", async () => {
  await using connection = await ServiceWorld.open(implement(Cache, new CacheServer()));
  const cache = await Promise.resolve(client(Cache, connection));
  assertEquals(await cache.size(), 0);
});

Deno.test("a method that the server does not have is an error of its calls alone", async () => {
  const handlers = new HandlerMap()
    .add(Cache.methods.size.key, Cache.methods.size.contract, () => 7);
  await using connection = await ServiceWorld.open(handlers);
  const cache = client(Cache, connection);
  const error = await failureOf(cache.get("a"));
  assertEquals([error.code, error.outcome], ["UnknownHandler", "notExecuted"]);
  assertEquals([error.handler, error.remoteName], ["cache.get", undefined]);
  assertEquals(await cache.size(), 7);
});

Deno.test("a request that does not fit its codec fails before it is sent", async () => {
  await using connection = await ServiceWorld.open(implement(Cache, new CacheServer()));
  // @ts-expect-error the request is a string
  const wrong = (): Promise<unknown> => client(Cache, connection).get(7);
  await assertRejects(wrong, InternodeError, "must be a string");
});

Deno.test("what a handler throws keeps name, message and typed detail", async () => {
  const server = new CacheServer();
  await using connection = await ServiceWorld.open(implement(Cache, server));
  const cache = client(Cache, connection);
  const error = await failureOf(cache.set({ key: "a", value: "x".repeat(11) }));
  assertEquals(
    [error.code, error.origin, error.outcome, error.handler],
    ["HandlerFailed", "remote", "executed", "cache.set"],
  );
  assertEquals([error.remoteName, error.remoteMessage], ["Full", "no room"]);
  assert(error.message.endsWith(": no room"), error.message);
  const detail: { free: number } | undefined = failureDetail(Cache.methods.set, error);
  assertEquals(detail, { free: 10 });
  assertEquals(failureDetail(Cache.methods.get, error), undefined);
  assertEquals(failureDetail(Cache.methods.set, new Error("no room")), undefined);
});

class Unnamed extends Error {
  override get name(): string {
    throw new Error("not today");
  }
}

const THROWN: readonly [what: string, thrown: unknown, name: string, message: string][] = [
  ["an error", new Error("plain"), "Error", "plain"],
  ["an error of a kind", new TypeError("odd"), "TypeError", "odd"],
  ["an error without a name", Object.assign(new Error("x"), { name: "" }), "Error", "x"],
  ["an error whose name is no text", Object.assign(new Error("x"), { name: 7 }), "Error", "x"],
  ["a text", "just text", "Error", "just text"],
  ["nothing", undefined, "Error", "undefined"],
  ["a symbol", Symbol("s"), "Error", "Symbol(s)"],
  ["an object", Object.create(null), "Error", "a value that cannot be shown as text"],
  ["an error that throws", new Unnamed("x"), "Error", "x"],
  [
    "a proxy that is revoked",
    (() => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    })(),
    "Error",
    "a value that cannot be shown as text",
  ],
  [
    "an error with a long name and an enormous text",
    Object.assign(new Error("ü".repeat(1_000_000)), { name: "✓".repeat(200_000) }),
    "✓".repeat(85),
    "ü".repeat(2048),
  ],
  [
    "an error with half a character",
    Object.assign(new Error("\ud800."), { name: "a\udc00" }),
    "a\ufffd",
    "\ufffd.",
  ],
  ["an abort", new DOMException("gone", "AbortError"), "AbortError", "gone"],
];

for (const [what, thrown, name, message] of THROWN) {
  Deno.test(`a handler that throws ${what} fails its call and nothing else`, async () => {
    const server = new CacheServer();
    server.thrown = thrown;
    await using connection = await ServiceWorld.open(implement(Cache, server));
    const cache = client(Cache, connection);
    const [error, size] = await Promise.all([failureOf(cache.get("throw")), cache.size()]);
    assertEquals([error.remoteName, error.remoteMessage], [name, message]);
    assertEquals(error.code, "HandlerFailed");
    assertEquals(size, 0);
  });
}

const Failing = service("failing", {
  fail: method({ request: t.nothing(), response: t.nothing(), detail: t.bytes() }),
});

class FailingServer {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }

  fail(): void {
    throw this.thrown;
  }
}

async function failWith(thrown: unknown): Promise<InternodeError> {
  await using connection = await ServiceWorld.open(
    implement(Failing, new FailingServer(thrown)),
  );
  return await failureOf(client(Failing, connection).fail());
}

Deno.test("the message says that a detail does not fit the contract", async () => {
  const error = await failWith(new HandlerError("no room", "text"));
  assertEquals([error.remoteName, error.detail], ["HandlerError", undefined]);
  assert(error.remoteMessage!.startsWith("no room (its detail does not fit the contract: "));
});

/** What MessagePack puts before so many bytes. */
const HEAD_BYTES = 3;

Deno.test("the longest detail travels with the longest name and text", async () => {
  const thrown = new HandlerError("t".repeat(5000), new Uint8Array(3836 - HEAD_BYTES).fill(7));
  thrown.name = "n".repeat(300);
  const error = await failWith(thrown);
  assertEquals(failureDetail(Failing.methods.fail, error), thrown.detail);
  assertEquals(error.remoteMessage, "t".repeat(4096));
  assertEquals(error.remoteName, "n".repeat(255));
});

Deno.test("the message says that a detail is too long", async () => {
  const error = await failWith(new HandlerError("no room", new Uint8Array(3837 - HEAD_BYTES)));
  assertEquals(error.detail, undefined);
  assertEquals(
    error.remoteMessage,
    "no room (its detail has 3837 bytes; at most 3836 can be sent)",
  );
});

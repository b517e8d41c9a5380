import { InternodeError, Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { numbered } from "../../support/session/calls.ts";

const HOSTS = ["memory://one", "memory://two"];
const KIB = 1024, MIB = 1024 * 1024;
/** In one frame, small and large, and in pieces. */
const SIZES = [0, 1, 4 * KIB, 10_000, 64 * KIB, 64 * KIB + 1, 3 * MIB];
const echo = single("echo"), plain = single("plain");

interface Pair extends AsyncDisposable {
  readonly server: Manager;
  readonly client: Manager;
}

async function pair(): Promise<Pair> {
  const transports = { memory: memoryTransport() };
  const logger = new QuietLogger();
  const [server, client] = HOSTS.map((local) =>
    new Manager({ local, hosts: HOSTS, transports, logger })
  ) as [Manager, Manager];
  await Promise.all([server.listen(), client.listen()]);
  await client.waitForConnect();
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([server.close({ graceMs: 0 }), client.close({ graceMs: 0 })]);
    },
  };
}

for (const kind of ["at once", "later"] as const) {
  Deno.test(`requests are lent to handlers that answer ${kind}, and come back whole`, async () => {
    await using nodes = await pair();
    const lent: Uint8Array[] = [];
    nodes.server.handle(echo, (bytes) => {
      lent.push(bytes);
      return kind === "at once" ? bytes : Promise.resolve().then(() => bytes);
    }, { lendRequest: true });
    const to = nodes.client.connection(HOSTS[0]!);
    for (let round = 0; round < 3; round++) {
      const sent = SIZES.map((size) => numbered(size, round));
      const received = await Promise.all(sent.map((bytes) => to.request(echo, bytes)));
      assertEquals(received, sent);
    }
    assertEquals(lent.filter((bytes) => bytes.length > 0).length, 0, "some are still there");
  });
}

Deno.test("a request stays as it is until its handler's promise settles", async () => {
  await using nodes = await pair();
  const go = Promise.withResolvers<void>();
  nodes.server.handle(echo, async (bytes) => {
    const before = bytes.slice();
    await go.promise;
    assertEquals(bytes, before);
    // A part of it, and from the middle.
    return bytes.subarray(1_000, 61_000);
  }, { lendRequest: true });
  nodes.server.handle(plain, () => new Uint8Array(0), { lendRequest: true });
  const to = nodes.client.connection(HOSTS[0]!);
  const waiting = SIZES.slice(4).map((size) => to.request(echo, numbered(size, 3)));
  for (let i = 0; i < 20; i++) await to.request(plain, numbered(64 * KIB, i));
  go.resolve();
  assertEquals(
    await Promise.all(waiting),
    SIZES.slice(4).map((size) => numbered(size, 3).subarray(1_000, 61_000)),
  );
});

Deno.test("requests come back when the handler fails, or the caller is gone", async () => {
  await using nodes = await pair();
  const lent: Uint8Array[] = [];
  const begun = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  nodes.server.handle(echo, (bytes) => {
    lent.push(bytes);
    throw new Error("no");
  }, { lendRequest: true });
  nodes.server.handle(plain, async (bytes) => {
    lent.push(bytes);
    begun.resolve();
    await go.promise;
    assertEquals(bytes, numbered(8 * KIB));
    queueMicrotask(ended.resolve);
    return bytes;
  }, { lendRequest: true });
  const to = nodes.client.connection(HOSTS[0]!);
  await assertRejects(() => to.request(echo, numbered(8 * KIB)), InternodeError, "no");
  const abort = new AbortController();
  const call = to.request(plain, numbered(8 * KIB), { signal: abort.signal });
  await begun.promise;
  abort.abort(new Error("enough"));
  await assertRejects(() => call, Error, "enough");
  go.resolve();
  await ended.promise;
  while (lent[1]!.length > 0) await to.request(echo, new Uint8Array(0)).catch(() => {});
  assertEquals(lent.slice(0, 2).map(({ length }) => length), [0, 0]);
});

Deno.test("responses go where the caller says", async () => {
  await using nodes = await pair();
  nodes.server.handle(echo, (bytes) => bytes);
  const to = nodes.client.connection(HOSTS[0]!);
  const into = new Uint8Array(3 * MIB + 5).fill(1);
  for (const size of SIZES) {
    const response = await to.request(echo, numbered(size), { into });
    assertEquals(response, numbered(size));
    assert(response.buffer === into.buffer && response.byteOffset === 0);
    assertEquals(into.at(-1), 1);
  }
});

Deno.test("a response that does not fit fails its call, and leaves the array alone", async () => {
  await using nodes = await pair();
  nodes.server.handle(echo, (bytes) => bytes);
  const to = nodes.client.connection(HOSTS[0]!);
  for (const size of [101, 100_000]) {
    const into = new Uint8Array(100);
    const error = await assertRejects(
      () => to.request(echo, numbered(size, 1), { into }),
      InternodeError,
      `it has ${size} bytes, and the array given as \`into\` has 100`,
    );
    assertEquals([error.code, error.origin, error.outcome], [
      "InvalidPayload",
      "caller",
      "executed",
    ]);
    assertEquals(into, new Uint8Array(100));
  }
});

Deno.test("nothing is written once the call has ended", async () => {
  await using nodes = await pair();
  const go = Promise.withResolvers<void>(), begun = Promise.withResolvers<void>();
  nodes.server.handle(echo, async (bytes) => {
    begun.resolve();
    await go.promise;
    return bytes;
  });
  nodes.server.handle(plain, (bytes) => bytes);
  const to = nodes.client.connection(HOSTS[0]!);
  const into = new Uint8Array(200_000), abort = new AbortController();
  const call = to.request(echo, numbered(200_000, 1), { into, signal: abort.signal });
  await begun.promise;
  abort.abort(new Error("enough"));
  await assertRejects(() => call, Error, "enough");
  go.resolve();
  await to.request(plain, numbered(300_000));
  assertEquals(into, new Uint8Array(200_000));
});

Deno.test("both are for raw bytes only", async () => {
  await using nodes = await pair();
  const typed = single("typed", { request: t.bytes(), response: t.bytes() });
  const flow = stream("flow", { inputCapacity: 1, outputCapacity: 1 });
  assertThrows(
    () => nodes.server.handle(typed, (bytes) => bytes, { lendRequest: true }),
    InternodeError,
    "lendRequest is for single requests of raw bytes only",
  );
  assertThrows(
    () => nodes.server.handle(flow, (_, input) => input, { lendRequest: true }),
    InternodeError,
    "lendRequest is for single requests of raw bytes only",
  );
  await assertRejects(
    () =>
      nodes.client.connection(HOSTS[0]!).request(typed, new Uint8Array(1), {
        into: new Uint8Array(9),
      }),
    InternodeError,
    "Option into works only for single requests whose response is raw bytes",
  );
});

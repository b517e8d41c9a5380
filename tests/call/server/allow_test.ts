import {
  allowNames,
  type CallingPeer,
  client,
  connect,
  constantResolver,
  HandlerMap,
  implement,
  listen,
  method,
  methodStream,
  mtls,
  mtlsTransports,
  type PeerIdentity,
  serve,
  service,
  type ServiceConnection,
  tcp,
} from "@internode/grid/call";
import { InternodeError } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { watch } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { ServiceWorld } from "../service_world.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Store = service("store", {
  get: method({ request: t.string(), response: t.string(), idempotent: true }),
  put: method({ request: t.string(), response: t.string() }),
  list: methodStream({ initial: t.uint(), output: t.uint(), inputCapacity: 0, outputCapacity: 4 }),
});

Deno.test("a service's rule holds for its methods, unless one has its own", async () => {
  const asked: [string, CallingPeer][] = [];
  const rule = (name: string, verdict: boolean) => (peer: CallingPeer) => {
    asked.push([name, peer]);
    return verdict;
  };
  const handlers = implement(
    Store,
    { get: (key) => key, put: (key) => key, list: () => [1, 2] },
    { allow: rule("all", false), methods: { get: { concurrency: 2, allow: rule("get", true) } } },
  );
  handlers.set("plain", "shut", (bytes) => bytes, { allow: rule("shut", false) });
  handlers.set("plain", "open", (bytes) => bytes);
  const Plain = service("plain", { open: method(), shut: method() });
  const logger = new QuietLogger();
  await using world = await ServiceWorld.open(handlers, { logger });
  const store = client(Store, world), plain = client(Plain, world), bytes = new Uint8Array([1]);
  for (let i = 0; i < 3; i++) {
    assertEquals(await store.get("a"), "a");
    assertEquals(await plain.open(bytes), bytes);
    for (
      const call of [
        () => store.put("a"),
        () => Array.fromAsync(store.list(0)),
        () => plain.shut(bytes),
      ]
    ) {
      const error = await assertRejects(call, InternodeError);
      assertEquals([error.code, error.origin, error.outcome], [
        "PermissionDenied",
        "remote",
        "notExecuted",
      ]);
      assertStringIncludes(error.message, '"client", which showed no certificate, may not call');
      // Without a certificate, adding the caller's name to the rule would not help.
      assertStringIncludes(error.message, "connect by mutual TLS");
      assert(!error.message.includes("add a name"));
    }
  }
  assertEquals(asked.map(([name]) => name).toSorted(), ["all", "all", "get", "shut"]);
  for (const [, peer] of asked) {
    assertEquals(peer, { host: "client", identity: undefined, subroute: "" });
  }
  assertEquals(logger.lines.length, 3, logger.lines.join("\n"));
  for (const name of ["store.put", "store.list", "plain.shut"]) {
    assert(logger.has(`calls of ${name} by "client"`), name);
  }
});

Deno.test("a refused call is not tried again, and no replica is the worse for it", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const asked = [0, 0];
    for (const index of [0, 1]) {
      const allow = (): boolean => ++asked[index]! < 0;
      const handlers = implement(
        Store,
        { get: (key) => key, put: (key) => `${key}!`, list: () => [] },
        { methods: { get: { allow } } },
      );
      await sim.start(index, handlers);
    }
    sim.list(0, 1);
    const connection = await sim.connect({ outliers: { maxFailures: 1 } });
    await sim.ready(connection, 2);
    const store = client(Store, connection);
    const call = watch(sim.clock, store.get("a", { timeoutMs: 10_000 }));
    await sim.clock.runUntil(() => call.settled, 20_000);
    assertEquals(call.fate, "PermissionDenied notExecuted");
    // One of the two replicas has been asked, once.
    assertEquals(asked.toSorted(), [0, 1]);
    for (let i = 0; i < 20; i++) {
      const again = watch(sim.clock, store.get("a"));
      await sim.clock.runUntil(() => again.settled, 20_000);
      assertEquals(again.fate, "PermissionDenied notExecuted");
    }
    assertEquals(asked, [1, 1]);
    assertEquals(connection.replicas.map(({ isSetAside }) => isSetAside), [false, false]);
    assertEquals(await store.put("a"), "a!");
  });
});

Deno.test(
  { name: "over mutual TLS methods know and choose their clients", ignore: !NET },
  async () => {
    const authority = await TestAuthority.root("authority");
    const config = async (name: string) => configOf(await authority.node(name), authority);
    const seen: (PeerIdentity | undefined)[] = [];
    const handlers = implement(Store, {
      get: (key, { identity }) => (seen.push(identity), key),
      put: (key) => key,
      list: () => [1, 2],
    }, { methods: { put: { allow: allowNames("*.writers.example") } } });
    const transports = mtlsTransports(await config("store.example"));
    const listener = await listen("tls://127.0.0.1:0", handlers, { transports });
    const stop = new AbortController(), logger = new QuietLogger();
    const serving = serve(listener, { signal: stop.signal, logger }).finished;
    const open = async (name: string): Promise<ServiceConnection> => {
      const endpoint = mtls(
        { ...await config(name), serverName: "store.example" },
        tcp(listener.address.slice("tls://".length)),
      );
      return await connect(constantResolver(endpoint));
    };
    const writer = await open("a.writers.example"), reader = await open("a.readers.example");
    try {
      assertEquals(await client(Store, writer).put("x"), "x");
      assertEquals(await client(Store, reader).get("x"), "x");
      assertEquals(seen.map((identity) => identity?.sans.dns), [["a.readers.example"]]);
      assertEquals(writer.replicas[0]?.identity?.sans.dns, ["store.example"]);
      const error = await assertRejects(() => client(Store, reader).put("x"), InternodeError);
      assertEquals(error.code, "PermissionDenied");
      assertStringIncludes(error.message, 'certificate "CN=a.readers.example" is for a.readers.');
      assertEquals(logger.lines.length, 1);
    } finally {
      await Promise.all([writer.close(), reader.close()]);
      stop.abort();
      await serving;
    }
  },
);

Deno.test("a method that comes later is judged too", async () => {
  const handlers = new HandlerMap();
  await using world = await ServiceWorld.open(handlers, { logger: new QuietLogger() });
  const Late = service("late", { call: method() }), call = client(Late, world).call;
  const code = (): Promise<string> =>
    call(new Uint8Array(), { retry: false }).then(() => "ok", ({ code }) => code);
  assertEquals(await code(), "UnknownHandler");
  handlers.set("late", "call", (bytes) => bytes, { allow: () => false });
  assertEquals([await code(), await code()], ["PermissionDenied", "PermissionDenied"]);
});

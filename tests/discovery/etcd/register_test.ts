import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { withAttributes } from "../../../lib/discovery/resolver/attributed_endpoint.ts";
import { missing, type Resolver } from "../../../lib/discovery/resolver/resolver.ts";
import { etcdResolver } from "../../../lib/discovery/etcd/etcd_resolver.ts";
import { register } from "../../../lib/discovery/etcd/register.ts";
import type { RegisterOptions } from "../../../lib/discovery/etcd/registration.ts";
import type { Clock, Timer } from "../../../lib/runtime/clock.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { attributesOf } from "../../../lib/transport/channel/endpoint.ts";
import { parseNetEndpoint } from "../../../lib/transport/net_endpoint.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { addressesOf, ask, inTime, untilAddresses } from "../../support/asking.ts";
import { type Case, testBeside } from "../../support/beside.ts";
import { ETCD, EtcdServer } from "./etcd_server.ts";

const A = "tcp://10.0.0.1:9000";
const KEY = `svc/x/${A}`;

/** A clock of a process that can be frozen: what falls due then happens when it goes on. */
class FreezableClock implements Clock {
  #held: (() => void)[] | null = null;

  freeze(): void {
    this.#held = [];
  }
  thaw(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const callback of held) callback();
  }
  now = () => systemClock.now();
  wallNow = () => systemClock.wallNow();
  defer = (callback: () => void) => systemClock.defer(callback);
  soon = (callback: () => void) => systemClock.soon(callback);
  clearTimer = (timer: Timer) => systemClock.clearTimer(timer);
  setTimer(delayMs: number, callback: () => void): Timer {
    return systemClock.setTimer(delayMs, () => {
      if (this.#held === null) callback();
      else this.#held.push(callback);
    });
  }
}

const cases: Case[] = [];

/** Each has an etcd of its own, and waits for leases most of its time. */
function etcdTest(name: string, body: (etcd: EtcdServer) => Promise<void>): void {
  cases.push({
    name,
    ignore: ETCD.ignore,
    fn: async () => {
      await using etcd = await EtcdServer.start();
      await body(etcd);
    },
  });
}

function optionsOf(etcd: EtcdServer, options: Partial<RegisterOptions> = {}): RegisterOptions {
  return { urls: etcd.url, prefix: "svc/x", logger: new QuietLogger(), ...options };
}

/** Sees at once who is gone. */
function resolverOf(etcd: EtcdServer, prefix = "svc/x"): Resolver {
  return etcdResolver({ ...optionsOf(etcd, { prefix }), maxShrink: false });
}

etcdTest("puts in what is said of the endpoint beside its address", async (etcd) => {
  const said = { name: "tcp://node-1:9000", zone: "eu-1a", weight: 2, metadata: { rack: "7" } };
  await using registration = await register(
    withAttributes(parseNetEndpoint(A), said),
    optionsOf(etcd),
  );
  const key = "svc/x/tcp://node-1:9000";
  assertEquals([registration.key, await etcd.get(key)], [key, registration.value]);
  assertEquals([registration.name, registration.address], [said.name, A]);
  const [endpoint] = (await ask(etcdResolver(optionsOf(etcd)), null)).endpoints;
  assertEquals(attributesOf(endpoint!), { ...said, priority: undefined });
  assertEquals(endpoint!.address, A);
});

/** Waits for as long as a lease of one second lasts which nobody keeps alive. */
async function aLifeOfOneSecond(etcd: EtcdServer): Promise<void> {
  const { ID } = await etcd.ask("lease/grant", { TTL: "1" });
  await etcd.ask("kv/put", { key: btoa("svc/y/1"), value: btoa(A), lease: ID });
  await untilAddresses(resolverOf(etcd, "svc/y"), null, []);
}

etcdTest("puts the endpoint in, and takes it and its lease out", async (etcd) => {
  const resolver = resolverOf(etcd);
  const registration = await register("tcp://10.0.0.1:9000", optionsOf(etcd));
  assertEquals([registration.address, registration.key], [A, KEY]);
  assertEquals(await etcd.get(KEY), A);
  const { version } = await untilAddresses(resolver, null, [A]);
  assertEquals(await etcd.countLeases(), 1);

  const gone = ask(resolver, version);
  await Promise.all([registration.close(), registration.close()]);
  assertEquals((await gone).version, missing);
  assertEquals(await etcd.countLeases(), 0);
  await registration.close();
});

etcdTest("keeps the entry alive for longer than its lease lasts", async (etcd) => {
  await using registration = await register(A, optionsOf(etcd, { ttlSeconds: 1 }));
  await aLifeOfOneSecond(etcd);
  assertEquals(await etcd.get(registration.key), A);
});

etcdTest("runs out while its process is frozen, and is put in again after", async (etcd) => {
  const clock = new FreezableClock();
  const logger = new QuietLogger();
  const resolver = resolverOf(etcd);
  await using _ = await register(A, optionsOf(etcd, { ttlSeconds: 1, clock, logger }));
  const { version } = await untilAddresses(resolver, null, [A]);
  clock.freeze();
  const empty = await ask(resolver, version);
  assertEquals(empty.version, missing);
  clock.thaw();
  assertEquals(addressesOf(await ask(resolver, missing)), [A]);
  assert(logger.has("expired in etcd and is put again"));
});

etcdTest("an etcd that has lost its data gets the entry anew", async (etcd) => {
  const logger = new QuietLogger();
  await using _ = await register(A, optionsOf(etcd, { ttlSeconds: 1, logger }));
  await etcd.kill();
  await etcd.wipe();
  await etcd.start();
  await untilAddresses(resolverOf(etcd), null, [A]);
});

etcdTest("a new process at the same address outlives the old one's end", async (etcd) => {
  const old = await register(A, optionsOf(etcd));
  await using _ = await register(A, optionsOf(etcd));
  await old.close();
  assertEquals(await etcd.get(KEY), A);
});

etcdTest(
  "an entry that is deleted or changed while its server lives is put in again, with a warning",
  async (etcd) => {
    const logger = new QuietLogger();
    const options = optionsOf(etcd, { ttlSeconds: 1, logger });
    const resolver = resolverOf(etcd);
    const registration = await register(A, options);
    const { version } = await untilAddresses(resolver, null, [A]);
    await etcd.remove(KEY);
    const { version: back } = await untilAddresses(resolver, version, [A]);
    assertEquals(logger.lines, [
      `${KEY} was deleted from etcd while its server runs, and is put again. Find out who did that.`,
    ]);
    await etcd.put(KEY, "tcp://10.0.0.9:1");
    await untilAddresses(resolver, back, [A]);
    assert(logger.has(`was changed in etcd, to "tcp://10.0.0.9:1" while its server runs`));
    // The same entry, but one that would outlive its server.
    await etcd.put(KEY, A);
    await inTime(async () => {
      const key = btoa(KEY);
      while (JSON.stringify(await etcd.ask("kv/range", { key })).includes('"lease"') === false);
    });
    assert(logger.has("was changed in etcd to never expire"));
    await registration.close();
    assertEquals(await etcd.get(KEY), null);
  },
);

etcdTest("what another process has put in for the same address is left to it", async (etcd) => {
  const logger = new QuietLogger();
  const old = await register(A, optionsOf(etcd, { ttlSeconds: 1, logger }));
  await using _ = await register(A, optionsOf(etcd));
  await aLifeOfOneSecond(etcd);
  await old.close();
  assertEquals(await etcd.get(KEY), A);
  assertEquals(logger.lines, []);
});

etcdTest("closes when its signal aborts", async (etcd) => {
  const resolver = resolverOf(etcd);
  const controller = new AbortController();
  const registration = await register(A, optionsOf(etcd, { signal: controller.signal }));
  const { version } = await untilAddresses(resolver, null, [A]);
  controller.abort();
  assertEquals((await ask(resolver, version)).version, missing);
  await registration.close();
  const reason = new Error("no");
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => register(A, optionsOf(etcd, { signal }))), reason);
});

etcdTest("close ends within its bound while etcd is frozen", async (etcd) => {
  const logger = new QuietLogger();
  const registration = await register(A, optionsOf(etcd, { closeTimeoutMs: 50, logger }));
  await etcd.freeze();
  const beforeMs = performance.now();
  await registration.close();
  assert(performance.now() - beforeMs < 1_000);
  assert(logger.has("could not be removed from etcd; it expires within 10 s"));
  etcd.thaw();
});

testBeside(`register: an endpoint stands in etcd while its server lives${ETCD.note}`, 4, cases);

Deno.test(`register: etcd is down at first${ETCD.note}`, { ignore: ETCD.ignore }, async () => {
  await using etcd = await EtcdServer.prepare();
  const logger = new QuietLogger();
  const error = await assertRejects(
    () => register(A, optionsOf(etcd, { startTimeoutMs: 50, logger })),
    InternodeError,
  );
  assertEquals([error.code, error.host], ["Unreachable", etcd.url]);
  assert(logger.has("could not be put into etcd yet"));

  const controller = new AbortController();
  const given = register(A, optionsOf(etcd, { signal: controller.signal }));
  controller.abort(new Error("enough"));
  assertEquals((await assertRejects(() => given, Error)).message, "enough");

  const registered = register(A, optionsOf(etcd));
  await etcd.start();
  await using registration = await inTime(() => registered);
  assertEquals(await etcd.get(registration.key), A);
});

Deno.test("register: options and endpoints that make no sense", async () => {
  const options: RegisterOptions = { urls: "http://127.0.0.1:1", prefix: "svc/x" };
  const wrong: [string, RegisterOptions, string][] = [
    ["10.0.0.1:9000", options, "10.0.0.1:9000"],
    ["tcp://:9000", options, "all interfaces"],
    ["tcp://0.0.0.0:9000", options, "all interfaces"],
    ["tls://[::]:9000", options, "all interfaces"],
    ["ws://[::ffff:0.0.0.0]/internode", options, "all interfaces"],
    ["tcp://10.0.0.1:0", options, "port 0"],
    [A, { ...options, prefix: "/" }, "prefix"],
    [A, { ...options, ttlSeconds: 0.5 }, "ttlSeconds"],
    [A, { ...options, closeTimeoutMs: 0 }, "closeTimeoutMs"],
    [A, { ...options, startTimeoutMs: Infinity }, "startTimeoutMs"],
    [A, { ...options, requestTimeoutMs: -1 }, "requestTimeoutMs"],
  ];
  for (const [endpoint, given, text] of wrong) {
    const error = await assertRejects(() => register(endpoint, given), InternodeError, text);
    assertEquals(error.code, "InvalidArgument");
  }
});

Deno.test("register: an endpoint within another one is looked at, too, and one of an own kind is not", async () => {
  const options: RegisterOptions = {
    urls: "http://127.0.0.1:1",
    prefix: "svc/x",
    startTimeoutMs: 1,
    logger: new QuietLogger(),
  };
  const at = (address: string) => ({ address, dial: () => Promise.reject(new Error("none")) });
  const codes = ["mtls://tcp://0.0.0.0:9000", "bus:0"].map(async (address) =>
    (await assertRejects(() => register(at(address), options), InternodeError)).code
  );
  assertEquals(await Promise.all(codes), ["InvalidArgument", "Unreachable"]);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { missing } from "../../lib/call/resolver.ts";
import { etcdResolver } from "../../lib/discovery/etcd_resolver.ts";
import { register, type RegisterOptions } from "../../lib/discovery/register.ts";
import type { Clock, Timer } from "../../lib/net/clock.ts";
import { systemClock } from "../../lib/net/system_clock.ts";
import { QuietLogger } from "../grid/quiet.ts";
import { addressesOf, ask, inTime, untilAddresses } from "./asking.ts";
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

function etcdTest(name: string, body: (etcd: EtcdServer) => Promise<void>): void {
  Deno.test(`register: ${name}${ETCD.note}`, { ignore: ETCD.ignore }, async () => {
    await using etcd = await EtcdServer.start();
    await body(etcd);
  });
}

function optionsOf(etcd: EtcdServer, options: Partial<RegisterOptions> = {}): RegisterOptions {
  return { urls: etcd.url, prefix: "svc/x", logger: new QuietLogger(), ...options };
}

etcdTest("puts the endpoint in, and takes it and its lease out", async (etcd) => {
  const resolver = etcdResolver(optionsOf(etcd));
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
  // Another lease of the same length, which nobody keeps alive, tells when its time is over.
  const { ID } = await etcd.ask("lease/grant", { TTL: "1" });
  await etcd.ask("kv/put", { key: btoa("svc/y/1"), value: btoa(A), lease: ID });
  await untilAddresses(etcdResolver(optionsOf(etcd, { prefix: "svc/y" })), null, []);
  assertEquals(await etcd.get(registration.key), A);
});

etcdTest("runs out while its process is frozen, and is put in again after", async (etcd) => {
  const clock = new FreezableClock();
  const logger = new QuietLogger();
  const resolver = etcdResolver(optionsOf(etcd));
  await using _ = await register(A, optionsOf(etcd, { ttlSeconds: 1, clock, logger }));
  const { version } = await untilAddresses(resolver, null, [A]);
  clock.freeze();
  const empty = await ask(resolver, version);
  assertEquals(empty.version, missing);
  clock.thaw();
  assertEquals(addressesOf(await ask(resolver, missing)), [A]);
  assert(logger.has("ran out in etcd, and is put in again"));
});

etcdTest("an etcd that has lost its data gets the entry anew", async (etcd) => {
  const logger = new QuietLogger();
  await using _ = await register(A, optionsOf(etcd, { ttlSeconds: 1, logger }));
  await etcd.kill();
  await etcd.wipe();
  await etcd.start();
  await untilAddresses(etcdResolver(optionsOf(etcd)), null, [A]);
});

etcdTest("a new process at the same address outlives the old one's end", async (etcd) => {
  const old = await register(A, optionsOf(etcd));
  await using _ = await register(A, optionsOf(etcd));
  await old.close();
  assertEquals(await etcd.get(KEY), A);
});

etcdTest("closes when its signal aborts", async (etcd) => {
  const resolver = etcdResolver(optionsOf(etcd));
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
  etcd.signal("SIGSTOP");
  const beforeMs = performance.now();
  await registration.close();
  assert(performance.now() - beforeMs < 1_000);
  assert(logger.has("could not be taken out of etcd, it runs out within 10 s"));
  etcd.signal("SIGCONT");
});

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

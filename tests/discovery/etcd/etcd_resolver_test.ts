import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { missing } from "../../../lib/discovery/resolver/resolver.ts";
import {
  etcdResolver,
  type EtcdResolverOptions,
} from "../../../lib/discovery/etcd/etcd_resolver.ts";
import { NET } from "../../support/permitted.ts";
import { addressesOf, ask, inTime, untilAddresses } from "../../support/asking.ts";
import { ETCD, EtcdServer } from "./etcd_server.ts";
import { endless } from "../../support/network/endless.ts";
import { FakeEtcd, message } from "./fake_etcd.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const A = "tcp://10.0.0.1:9000";
const B = "tcp://10.0.0.2:9000";
const C = "unix:///run/c.sock";

function etcdTest(name: string, body: (etcd: EtcdServer) => Promise<void>): void {
  Deno.test(`etcdResolver: ${name}${ETCD.note}`, { ignore: ETCD.ignore }, async () => {
    await using etcd = await EtcdServer.start();
    await body(etcd);
  });
}

function resolverOf(etcd: EtcdServer, options: Partial<EtcdResolverOptions> = {}) {
  return etcdResolver({ urls: etcd.url, prefix: "svc/x", logger: new QuietLogger(), ...options });
}

etcdTest("an empty prefix is missing, and what comes, changes and goes is told", async (etcd) => {
  await etcd.put("svc/x2/a", B);
  const resolver = resolverOf(etcd, { maxShrink: false });
  assertEquals(resolver.isConstant, false);
  const first = await ask(resolver);
  assertEquals(first, { endpoints: [], version: missing });

  const added = ask(resolver, first.version);
  await etcd.put("svc/x/1", A);
  assertEquals(addressesOf(await added), [A]);

  const more = ask(resolver, (await added).version);
  await etcd.put("svc/x/0", C);
  assertEquals(addressesOf(await more), [C, A], "in the order of their keys");

  const changed = ask(resolver, (await more).version);
  await etcd.put("svc/x/1", B);
  assertEquals(addressesOf(await changed), [C, B]);

  const removed = ask(resolver, (await changed).version);
  await etcd.remove("svc/x/0");
  assertEquals(addressesOf(await removed), [B]);

  const emptied = ask(resolver, (await removed).version);
  await etcd.remove("svc/x/1");
  assertEquals(await emptied, { endpoints: [], version: missing });
});

etcdTest(
  "only a change of its own prefix is news, and none is lost between questions",
  async (etcd) => {
    await etcd.put("svc/x/1", A);
    const resolver = resolverOf(etcd);
    const first = await ask(resolver);
    await etcd.put("svc/y/1", B);
    await etcd.put("svc/x/1", A);
    assertEquals((await ask(resolver)).version, first.version);

    let isAnswered = false;
    const next = ask(resolver, first.version).finally(() => isAnswered = true);
    await etcd.put("svc/y/2", B);
    await etcd.put("svc/x/1", A);
    assertEquals(isAnswered, false);
    await etcd.put("svc/x/2", B);
    const second = await next;
    assertNotEquals(second.version, first.version);

    await etcd.put("svc/x/3", C);
    await etcd.remove("svc/x/1");
    await untilAddresses(resolver, second.version, [B, C]);
  },
);

etcdTest("a compaction while nobody watches", async (etcd) => {
  await etcd.put("svc/x/1", A);
  const resolver = resolverOf(etcd);
  const { version } = await ask(resolver);
  await etcd.put("svc/x/2", B);
  await etcd.remove("svc/x/1");
  await etcd.compact();
  assertEquals(addressesOf(await ask(resolver, version)), [B]);

  // Compacted away, but without news: the watch begins anew.
  const { version: now } = await ask(resolver);
  for (let i = 0; i < 3; i++) await etcd.put("other", String(i));
  await etcd.compact();
  const next = ask(resolver, now);
  await etcd.put("svc/x/3", C);
  assertEquals(addressesOf(await next), [B, C]);
});

etcdTest("etcd is killed and comes back with its data", async (etcd) => {
  await etcd.put("svc/x/1", A);
  const logger = new QuietLogger();
  const resolver = resolverOf(etcd, { logger });
  const first = await ask(resolver);
  const next = ask(resolver, first.version);
  await etcd.kill();
  await logger.heard("cannot be watched");
  assertEquals(await ask(resolver), first, "the last set stays");

  await etcd.start();
  await etcd.put("svc/x/2", B);
  assertEquals(addressesOf(await next), [A, B]);
  assert(logger.lines.length < 10, "an outage is told, not each attempt");
});

etcdTest(
  "etcd comes back with none of its data: revisions begin anew, and who has not registered yet stays",
  async (etcd) => {
    for (let i = 0; i < 5; i++) await etcd.put("other", String(i));
    await etcd.put("svc/x/1", A);
    await etcd.put("svc/x/3", C);
    const logger = new QuietLogger();
    // Long enough for a busy machine to put an entry in meanwhile.
    const resolver = resolverOf(etcd, { logger, shrinkHoldMs: 3_000 });
    const first = await ask(resolver);
    const next = ask(resolver, first.version);
    await etcd.kill();
    await etcd.wipe();
    await etcd.start();
    await logger.heard("2 endpoints of svc/x/ in etcd are gone at once");
    await etcd.put("svc/x/2", B);
    assertEquals(addressesOf(await next), [B, A, C]);
    await etcd.put("svc/x/1", A);
    // Who has not come back for the time is gone.
    await untilAddresses(resolver, (await next).version, [A, B]);
    assert(logger.lines.some((line) => line.includes("1 endpoint of svc/x/ in etcd has not")));
  },
);

etcdTest(
  "etcd freezes: the watch is silent, what is known stays, and news come after",
  async (etcd) => {
    await etcd.put("svc/x/1", A);
    const logger = new QuietLogger();
    const resolver = resolverOf(etcd, { logger, refreshMs: 50, requestTimeoutMs: 100 });
    const first = await ask(resolver);
    const next = ask(resolver, first.version);
    await etcd.freeze();
    await logger.heard("did not answer within 100 ms");
    assertEquals(await ask(resolver), first);
    etcd.thaw();
    await etcd.put("svc/x/2", B);
    assertEquals(addressesOf(await next), [A, B]);
  },
);

etcdTest("two clients on one resolver, of which one gives up", async (etcd) => {
  await etcd.put("svc/x/1", A);
  const resolver = resolverOf(etcd);
  const [one, two] = await Promise.all([ask(resolver), ask(resolver)]);
  assertEquals(one.version, two.version);

  const reason = new Error("enough");
  const controller = new AbortController();
  const given = resolver.resolve(one.version, controller.signal);
  const kept = ask(resolver, one.version);
  const alsoKept = ask(resolver, one.version);
  controller.abort(reason);
  assertEquals(await assertRejects(() => given), reason);

  await etcd.put("svc/x/2", B);
  assertEquals(addressesOf(await kept), [A, B]);
  assertEquals(await alsoKept, await kept);
  assertEquals(await ask(resolver, one.version), await kept, "who is behind is answered at once");
});

etcdTest("a value that is no endpoint is told once and never empties the set", async (etcd) => {
  const logger = new QuietLogger();
  await etcd.put("svc/x/1", A);
  await etcd.put("svc/x/2", "nonsense");
  const resolver = resolverOf(etcd, { logger });
  const first = await ask(resolver);
  assertEquals(addressesOf(first), [A]);
  await ask(resolver);
  assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
  assert(logger.has("svc/x/2") && logger.has("nonsense"));

  await etcd.put("svc/x/1", "tcp://10.0.0.1:9");
  const second = await untilAddresses(resolver, first.version, ["tcp://10.0.0.1:9"]);
  await etcd.put("svc/x/1", "");
  await etcd.put("svc/x/2", B);
  await untilAddresses(resolver, second.version, ["tcp://10.0.0.1:9", B]);

  await etcd.remove("svc/x/1");
  await untilAddresses(resolver, second.version, [B]);
});

etcdTest("values mean what makeEndpoint says", async (etcd) => {
  await etcd.put("svc/x/1", "one");
  const resolver = resolverOf(etcd, {
    prefix: "svc/x//",
    makeEndpoint: (text) => ({ address: `my:${text}`, dial: () => Promise.reject(new Error()) }),
  });
  assertEquals(addressesOf(await ask(resolver)), ["my:one"]);
});

etcdTest("a user logs in, and again when the login does not hold any more", async (etcd) => {
  await etcd.put("svc/x/1", A);
  await etcd.enableUsers("pw");

  const stranger = await assertRejects(() => ask(resolverOf(etcd)), InternodeError);
  assertEquals(stranger.code, "Unauthenticated");
  assert(stranger.message.includes("user name is empty"), stranger.message);
  const liar = resolverOf(etcd, { user: "root", password: "no" });
  assertEquals((await assertRejects(() => ask(liar), InternodeError)).code, "Unauthenticated");

  const resolver = resolverOf(etcd, { user: "root", password: "pw" });
  const first = await ask(resolver);
  assertEquals(addressesOf(first), [A]);
  const next = ask(resolver, first.version);
  // Logins of this kind are gone when etcd starts again.
  await etcd.kill();
  await etcd.start();
  await etcd.ask("kv/put", { key: btoa("svc/x/2"), value: btoa(B) }, await etcd.login("pw"));
  assertEquals(addressesOf(await next), [A, B]);
});

Deno.test(`etcdResolver: etcd is down at first${ETCD.note}`, { ignore: ETCD.ignore }, async () => {
  await using etcd = await EtcdServer.prepare();
  const resolver = resolverOf(etcd);
  const error = await assertRejects(() => ask(resolver), InternodeError);
  assertEquals([error.code, error.host], ["Unreachable", etcd.url]);
  assert(error.message.includes("Check that it runs"), error.message);

  await etcd.start();
  await etcd.put("svc/x/1", A);
  assertEquals(addressesOf(await ask(resolver)), [A]);
});

Deno.test("etcdResolver: a watch that is dead without a sign", { ignore: !NET }, async () => {
  let lists = 0, watches = 0, ended = 0;
  await using fake = new FakeEtcd((path) => {
    const header = { revision: "1" };
    if (path === "watch") {
      watches++;
      return endless([message({ header, created: true })], () => ended++);
    }
    // What has changed shows only to one who lists although the watch tells of nothing.
    const value = btoa(++lists < 4 ? A : B);
    return Response.json({ header, kvs: [{ key: btoa("x/1"), value }] });
  });
  const logger = new QuietLogger();
  const resolver = etcdResolver({ urls: fake.url, prefix: "x", refreshMs: 30, logger });
  const { version } = await untilAddresses(resolver, null, [A]);
  assertEquals(addressesOf(await ask(resolver, version)), [B]);
  await fake[Symbol.asyncDispose]();
  assertEquals([lists, watches >= 2, ended], [4, true, watches]);
  assertEquals(logger.lines, [], "that is how it should be");
});

Deno.test("etcdResolver: options that make no sense", () => {
  const wrong: [EtcdResolverOptions, string][] = [
    [{ urls: [], prefix: "x" }, "urls"],
    [{ urls: "10.0.0.1:2379", prefix: "x" }, "http://10.0.0.1:2379"],
    [{ urls: "http://u:p@h:2379", prefix: "x" }, "password"],
    [{ urls: "http://h:2379?a", prefix: "x" }, "path"],
    [{ urls: "http://h:2379", prefix: "//" }, "prefix"],
    [{ urls: "http://h:2379", prefix: "x", refreshMs: 0 }, "refreshMs"],
    [{ urls: "http://h:2379", prefix: "x", requestTimeoutMs: NaN }, "requestTimeoutMs"],
    [{ urls: "http://h:2379", prefix: "x", user: "u" }, "password"],
  ];
  for (const [options, text] of wrong) {
    const error = assertThrows(() => etcdResolver(options), InternodeError, text);
    assertEquals(error.code, "InvalidArgument");
    assert(!error.message.includes(":p@"), "a password is never shown");
  }
});

Deno.test("etcdResolver: a signal that has aborted already", async () => {
  const reason = new Error("no");
  const resolver = etcdResolver({ urls: "http://127.0.0.1:1", prefix: "x" });
  const ended = await assertRejects(() =>
    inTime(() => resolver.resolve(missing, AbortSignal.abort(reason)))
  );
  assertEquals(ended, reason);
});

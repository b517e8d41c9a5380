import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { EtcdGateway } from "../../../lib/discovery/etcd/etcd_gateway.ts";
import { EtcdStore } from "../../../lib/discovery/etcd/etcd_store.ts";
import { NET } from "../../support/permitted.ts";
import { inTime } from "../../support/asking.ts";
import { ETCD, EtcdServer } from "./etcd_server.ts";
import { endless } from "../../support/network/endless.ts";
import { FakeEtcd, message } from "./fake_etcd.ts";

function storeTest(
  name: string,
  body: (store: EtcdStore, etcd: EtcdServer, signal: AbortSignal) => Promise<void>,
): void {
  Deno.test(`EtcdStore: ${name}${ETCD.note}`, { ignore: ETCD.ignore }, async () => {
    await using etcd = await EtcdServer.start();
    const store = new EtcdStore(new EtcdGateway({ urls: etcd.url }));
    await inTime((signal) => body(store, etcd, signal));
  });
}

storeTest("lists a prefix and watches it from there", async (store, etcd, signal) => {
  assertEquals(await store.list("a/", signal), { revision: 1n, values: new Map() });
  await etcd.put("a/1", "x");
  await etcd.put("a0", "no");
  const { revision, values } = await store.list("a/", signal);
  assertEquals([revision, values], [3n, new Map([["a/1", "x"]])]);

  await etcd.put("a/2", "y");
  await using watch = await store.watch("a/", revision + 1n, signal);
  assertEquals(await watch.next(), []);
  assertEquals(await watch.next(), [{ key: "a/2", value: "y", revision: 4n }]);
  await etcd.put("b/1", "no");
  await etcd.remove("a/1");
  assertEquals(await watch.next(), [{ key: "a/1", value: null, revision: 6n }]);
});

storeTest("a watch of what is compacted away ends", async (store, etcd, signal) => {
  for (let i = 0; i < 5; i++) await etcd.put("a/1", String(i));
  await etcd.compact();
  await using watch = await store.watch("a/", 3n, signal);
  assertEquals(await watch.next(), []);
  assertEquals(await watch.next(), null);
});

storeTest("a watch of what this etcd does not know yet ends", async (store, _, signal) => {
  await using watch = await store.watch("a/", 3n, signal);
  assertEquals(await watch.next(), null);
});

storeTest(
  "a lease that is gone is not kept alive, and may be revoked again",
  async (store, etcd, signal) => {
    const lease = await store.grant(60, signal);
    assertEquals(lease.ttlSeconds, 60);
    await store.put("ä/1", "ö", lease, signal);
    assertEquals((await store.list("ä/", signal)).values, new Map([["ä/1", "ö"]]));
    assert(await store.keepAlive(lease, signal));
    await store.revoke(lease, signal);
    assertEquals((await store.list("ä/", signal)).values, new Map());
    assert(!await store.keepAlive(lease, signal));
    await store.revoke(lease, signal);
    const error = await assertRejects(() => store.put("x", "y", lease, signal), InternodeError);
    assert(error.message.includes("lease not found"), error.message);
    assertEquals(await etcd.get("x"), null);
  },
);

Deno.test("EtcdStore: a watch that is denied is an error", { ignore: !NET }, async () => {
  const denied = { created: true, canceled: true, cancel_reason: "permission denied" };
  await using fake = new FakeEtcd(() => endless([message(denied)]));
  const store = new EtcdStore(new EtcdGateway({ urls: fake.url }));
  await inTime(async (signal) => {
    await using watch = await store.watch("a/", 1n, signal);
    const error = await assertRejects(() => watch.next(), InternodeError);
    assertEquals(error.code, "PermissionDenied");
  });
});

Deno.test("EtcdStore: what is no Base64 is an error", { ignore: !NET }, async () => {
  await using fake = new FakeEtcd(() => Response.json({ kvs: [{ key: "%" }] }));
  const store = new EtcdStore(new EtcdGateway({ urls: fake.url }));
  const error = await assertRejects(
    () => inTime((signal) => store.list("a/", signal)),
    InternodeError,
  );
  assertEquals(error.code, "ProtocolError");
});

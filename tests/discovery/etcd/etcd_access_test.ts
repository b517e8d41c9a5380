/** How etcd is reached: over TLS, with a user, at several members. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  type EtcdOptions,
  etcdResolver,
  type EtcdResolverOptions,
  register,
  type RegisterOptions,
  type Resolver,
} from "@internode/grid/discovery";
import { TestAuthority } from "../../support/certificates/test_authority.ts";
import { addressesOf, ask, untilAddresses } from "../../support/asking.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { ETCD, EtcdServer } from "./etcd_server.ts";
import { FakeEtcd } from "./fake_etcd.ts";

const A = "tcp://10.0.0.1:9000";
const B = "tcp://10.0.0.2:9000";

/** An etcd that starts, and three that elect a leader, take their time on a machine that is busy. */
const RESTART_LIMIT_MS = 120_000;

function etcdTest(name: string, body: () => Promise<void>): void {
  Deno.test(`etcd: ${name}${ETCD.note}`, { ignore: ETCD.ignore }, body);
}

function resolverAt(options: EtcdOptions & Partial<EtcdResolverOptions>): Resolver {
  return etcdResolver({ prefix: "svc/x", logger: new QuietLogger(), maxShrink: false, ...options });
}

function registerAt(address: string, options: EtcdOptions & Partial<RegisterOptions>) {
  return register(address, { prefix: "svc/x", logger: new QuietLogger(), ...options });
}

type TextTls = Readonly<Record<"ca" | "cert" | "key", string>>;

/** An authority, and an etcd that has a certificate of it and wants one. */
async function withTls(
  body: (
    etcd: EtcdServer,
    tls: TextTls,
    authority: TestAuthority,
  ) => Promise<void>,
): Promise<void> {
  const authority = await TestAuthority.root("etcd");
  const names = [{ type: "dns", value: "localhost" }, { type: "ip", value: "127.0.0.1" }] as const;
  const server = await authority.node("localhost", { names });
  const client = await authority.node("client");
  await using etcd = await EtcdServer.start({ tls: { ...server, ca: authority.cert } });
  await body(etcd, { ...client, ca: authority.cert }, authority);
}

etcdTest(
  "over TLS with an authority and a certificate, as texts and in files",
  () =>
    withTls(async (etcd, tls) => {
      const { url } = etcd, folder = await Deno.makeTempDir();
      try {
        const files = {
          caFile: `${folder}/ca`,
          certFile: `${folder}/cert`,
          keyFile: `${folder}/key`,
        };
        await Deno.writeTextFile(files.caFile, tls.ca);
        await Deno.writeTextFile(files.certFile, tls.cert);
        await Deno.writeTextFile(files.keyFile, tls.key);
        await using _ = await registerAt(A, { urls: url, tls });
        const texts = resolverAt({ urls: url, tls: { ...tls, ca: [tls.ca] } });
        assertEquals(addressesOf(await ask(texts)), [A]);
        const { version } = await ask(texts);
        const next = ask(texts, version);
        await using _other = await registerAt(B, { urls: url, tls: files });
        assertEquals(addressesOf(await next), [A, B]);
        assertEquals(addressesOf(await ask(resolverAt({ urls: url, tls: files }))), [A, B]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
);

etcdTest(
  "over TLS, who is not believed and does not believe is told why",
  () =>
    withTls(async ({ url }, tls) => {
      const stranger = await TestAuthority.root("stranger");
      const unbelieving = resolverAt({ urls: url, tls: { ...tls, ca: stranger.cert } });
      const why = await assertRejects(() => ask(unbelieving), InternodeError);
      assert(/certificate/i.test(why.message), why.message);
      const unproven = resolverAt({ urls: url, tls: { ca: tls.ca } });
      const refused = await assertRejects(() => ask(unproven), InternodeError);
      assertEquals([why.code, refused.code], ["Unreachable", "Unreachable"]);
    }),
);

etcdTest(
  "certificates in files are read again, when they have become invalid and were replaced",
  () =>
    withTls(async (etcd, tls, authority) => {
      const folder = await Deno.makeTempDir();
      try {
        const files = {
          caFile: `${folder}/ca`,
          certFile: `${folder}/cert`,
          keyFile: `${folder}/key`,
        };
        const write = async (cert: string, key: string): Promise<void> => {
          await Deno.writeTextFile(files.certFile, cert);
          await Deno.writeTextFile(files.keyFile, key);
        };
        await Deno.writeTextFile(files.caFile, tls.ca);
        const past = await authority.node("client", { fromDays: -2, toDays: -1 });
        await write(past.cert, past.key);
        const logger = new QuietLogger();
        const resolver = resolverAt({ urls: etcd.url, tls: files, logger });
        await assertRejects(() => ask(resolver), InternodeError);
        await write(tls.cert, tls.key);
        await using _ = await registerAt(A, { urls: etcd.url, tls: files });
        await untilAddresses(resolver, null, [A]);
        // The same within one watch: etcd restarts, and the certificate is out of date meanwhile.
        const next = ask(resolver, (await ask(resolver)).version, RESTART_LIMIT_MS);
        await write(past.cert, past.key);
        await etcd.kill();
        await etcd.start();
        await logger.heard("cannot be watched at the moment");
        await write(tls.cert, tls.key);
        await etcd.put("svc/x/2", B);
        assertEquals(addressesOf(await next), [B, A]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
);

etcdTest("a password that changes: no lease ends, and a new login finds the new one", async () => {
  await using etcd = await EtcdServer.start();
  await etcd.enableUsers("old");
  let password = "old";
  const logger = new QuietLogger();
  const login = { urls: etcd.url, user: "root", password: () => Promise.resolve(password) };
  await using _ = await registerAt(A, { ...login, ttlSeconds: 3, logger });
  const resolver = resolverAt({ ...login, refreshMs: 100, logger: new QuietLogger() });
  const first = await untilAddresses(resolver, null, [A]);
  let isNew = false;
  const next = ask(resolver, first.version, RESTART_LIMIT_MS).finally(() => isNew = true);

  await etcd.ask("auth/user/changepw", { name: "root", password: "new" }, await etcd.login("old"));
  await logger.heard("authentication failed");
  assertEquals(logger.lines.filter((line) => line.includes("Allow this user")), []);
  // For longer than the lease lasts without being kept alive.
  const { ID } = await etcd.ask("lease/grant", { TTL: "3" });
  while (JSON.stringify(await etcd.ask("lease/leases", {})).includes(String(ID))) {
    assertEquals(isNew, false);
  }
  assertEquals(isNew, false);
  password = "new";
  const token = await etcd.login("new");
  const { kvs } = await etcd.ask("kv/range", { key: btoa(`svc/x/${A}`) }, token);
  assert(kvs !== undefined, "the entry has stayed");
  await etcd.ask("kv/put", { key: btoa("svc/x/2"), value: btoa(B) }, token);
  assertEquals(addressesOf(await next), [B, A]);
});

etcdTest(
  "a user's password function that throws, rejects, hangs or says nothing is told",
  async () => {
    await using etcd = await EtcdServer.start();
    await etcd.enableUsers("pw");
    const told = async (password: () => unknown): Promise<InternodeError> => {
      const options = { urls: etcd.url, user: "root", password: password as () => string };
      const resolver = resolverAt({ ...options, requestTimeoutMs: 200 });
      return await assertRejects(() => ask(resolver), InternodeError);
    };
    const fail = (): never => {
      throw new Error("no vault");
    };
    for (const password of [fail, () => Promise.reject(new Error("no vault"))]) {
      const error = await told(password);
      assertEquals(
        error.message,
        `etcd at ${etcd.url} cannot be used: Option password of etcd threw an error: no vault.`,
      );
      assertEquals(error.code, "Unauthenticated");
    }
    assertEquals((await told(() => 7)).code, "Unauthenticated");
    assert(
      (await told(() => new Promise(() => {}))).message.includes(
        "Option password of etcd has not answered within 200 ms",
      ),
    );
  },
);

etcdTest("a registration outlives a restart of etcd that has forgotten its logins", async () => {
  await using etcd = await EtcdServer.start();
  await etcd.enableUsers("pw");
  const login = { urls: etcd.url, user: "root", password: "pw" };
  const logger = new QuietLogger();
  await using registration = await registerAt(A, { ...login, ttlSeconds: 3, logger });
  await etcd.kill();
  await etcd.start();
  await etcd.ask("kv/deleterange", { key: btoa(registration.key) }, await etcd.login("pw"));
  // It is seen missing, and put again, with a new login.
  await logger.heard("was deleted from etcd");
  await untilAddresses(resolverAt(login), null, [A]);
});

etcdTest(
  "of three members one and then another one is down: nothing is lost, and all are used again",
  async () => {
    const members = await EtcdServer.startCluster(3);
    try {
      const urls = members.map(({ url }) => url), logger = new QuietLogger();
      await using registration = await registerAt(A, { urls, ttlSeconds: 5, logger });
      const resolver = resolverAt({ urls, requestTimeoutMs: 1_000 });
      let { version } = await untilAddresses(resolver, null, [A]);
      for (let round = 0; round < 3; round++) {
        const next = ask(resolver, version);
        await members[round]!.kill();
        const address = `tcp://10.0.1.${round}:9000`;
        // Put by a member that is up, it is seen by whoever was watching at the one that is down.
        const other = members[(round + 1) % 3]!;
        for (let isPut = false; !isPut;) {
          isPut = await other.put(`svc/x/z${round}`, address).then(() => true, () => false);
        }
        const found = await next;
        assert(addressesOf(found).includes(A) && addressesOf(found).includes(address));
        version = found.version;
        await members[round]!.start();
      }
      assertEquals(await members[0]!.get(registration.key), A);
      assertEquals(logger.lines.filter((line) => line.includes("expired")), []);
    } finally {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    }
  },
);

etcdTest(
  "a member that is down, one that refuses and one that is no etcd are passed over",
  async () => {
    await using etcd = await EtcdServer.start();
    await using odd = new FakeEtcd(() => new Response("busy", { status: 503 }));
    const urls = ["http://127.0.0.1:1", odd.url, etcd.url];
    await using _ = await registerAt(A, { urls });
    await untilAddresses(resolverAt({ urls }), null, [A]);
    const none = resolverAt({ urls: urls.slice(0, 2) });
    const error = await assertRejects(() => ask(none), InternodeError);
    assert(error.message.startsWith("None of 2 etcd URLs works"), error.message);
  },
);

Deno.test("etcd: certificates and passwords that make no sense are refused", () => {
  const pem = "-----BEGIN CERTIFICATE-----";
  const wrong: [Partial<EtcdOptions> & Record<string, unknown>, string][] = [
    [{ tls: { ca: "/etc/ca.pem" } }, "needs PEM text as ca"],
    [{ tls: { ca: [pem, 7 as unknown as string] } }, "needs PEM text as ca"],
    [{ tls: { ca: pem, caFile: "ca" } }, "both ca and caFile"],
    [{ tls: { caFile: "" } }, "needs a path as caFile"],
    [{ tls: { cert: pem } }, "needs a key with a certificate"],
    [{ tls: { keyFile: "key" } }, "needs a key with a certificate"],
    [{ tls: {}, httpClient: {} }, "cannot be combined with option httpClient"],
    [
      { user: "u", password: 7 as unknown as string },
      "password of etcd must be a text or a function",
    ],
  ];
  for (const [options, text] of wrong) {
    const error = assertThrows(
      () => etcdResolver({ urls: "https://h:2379", prefix: "x", ...options }),
      InternodeError,
      text,
    );
    assertEquals(error.code, "InvalidArgument");
  }
});

/**
 * What a real API server of Kubernetes says.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import type { KubernetesResolverOptions } from "@internode/grid/kubernetes";
import { missing } from "../../../lib/discovery/resolver/resolver.ts";
import { addressesOf, ask, untilAddresses } from "../../support/asking.ts";
import { beside, type Case } from "../../support/beside.ts";
import { AccountFolder } from "../../support/kubernetes/account_folder.ts";
import { API_SERVER, ApiServer, START_LIMIT_MS } from "../../support/kubernetes/api_server.ts";
import { cacheResolver } from "../../support/kubernetes/cache_resolver.ts";
import { apply, manifestsIn } from "../../support/kubernetes/manifests.ts";
import { pod, podIn, slice } from "../../support/kubernetes/slices.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const A = "tcp://10.0.0.1:9000", B = "tcp://10.0.0.2:9000";
const ACCOUNT = "endpoint-reader";

/** A namespace with a service account that has the Role of the documentation. */
class Shop implements AsyncDisposable {
  readonly server: ApiServer;
  readonly namespace: string;
  readonly account: AccountFolder;
  readonly logger = new QuietLogger();

  private constructor(server: ApiServer, namespace: string, account: AccountFolder) {
    this.server = server;
    this.namespace = namespace;
    this.account = account;
  }

  static async open(server: ApiServer, namespace: string, hasRole = true): Promise<Shop> {
    await server.createNamespace(namespace);
    const token = await server.createAccount(namespace, ACCOUNT);
    const account = await AccountFolder.create(server.caCert, token);
    await account.write("namespace", namespace);
    const shop = new Shop(server, namespace, account);
    if (hasRole) await shop.grant();
    return shop;
  }

  /** Binds the service account to the Role of the documentation, and to no other. */
  async grant(): Promise<void> {
    const roles = await manifestsIn("docs/discovery.md");
    assertEquals(roles.map(({ kind }) => kind), ["ServiceAccount", "Role", "RoleBinding"]);
    for (const role of roles.slice(1)) await apply(this.server, this.namespace, role);
  }

  resolver(options: Partial<KubernetesResolverOptions> = {}) {
    return cacheResolver(this, options);
  }

  async add(object: Record<string, unknown>): Promise<void> {
    await this.server.create(this.#path, object);
  }

  async change(object: Record<string, unknown>): Promise<void> {
    const { name } = object["metadata"] as { name: string };
    await this.server.ask("PUT", `${this.#path}/${name}`, JSON.stringify(object));
  }

  async remove(name: string): Promise<void> {
    await this.server.ask("DELETE", `${this.#path}/${name}`);
  }

  get #path(): string {
    return `/apis/discovery.k8s.io/v1/namespaces/${this.namespace}/endpointslices`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.account[Symbol.asyncDispose]();
  }
}

/** Those that only ask, on one server. */
const SHARED:
  readonly (readonly [string, (server: ApiServer, namespace: string) => Promise<void>])[] = [
    [
      "without the Role the error says which is missing, and with just that it works",
      async (server, name) => {
        await using shop = await Shop.open(server, name, false);
        await shop.add(slice("cache-a", ["10.0.0.1"]));
        const resolver = shop.resolver();
        const error = await assertRejects(() => ask(resolver), InternodeError);
        assertEquals(error.code, "PermissionDenied");
        for (
          const text of [
            `User "system:serviceaccount:${name}:endpoint-reader" cannot list resource "endpointslices"`,
            `to a Role in namespace ${name} with the rule`,
            'verbs: ["list", "watch"]',
          ]
        ) assert(error.message.includes(text), error.message);
        await shop.grant();
        const another = shop.resolver();
        // The server needs a moment to learn of a Role.
        let first = await ask(another).catch(() => null);
        while (first === null) first = await ask(another).catch(() => null);
        assertEquals(addressesOf(first), [A]);
        const news = ask(another, first.version);
        await shop.add(slice("cache-b", ["10.0.0.2"]));
        assertEquals(addressesOf(await news), [A, B]);
        assertEquals(shop.logger.lines, []);
      },
    ],
    ["slices that come, change and go", async (server, name) => {
      await using shop = await Shop.open(server, name);
      const resolver = shop.resolver();
      let known = await untilGranted(resolver);
      assertEquals(known.version, missing);
      await shop.add(slice("cache-a", ["10.0.0.1"]));
      await shop.add(slice("other-a", ["10.0.0.9"], { service: "other" }));
      known = await untilAddresses(resolver, known.version, [A]);
      await shop.add(slice("cache-b", ["10.0.0.2", podIn("10.0.0.3", { ready: false })]));
      known = await untilAddresses(resolver, known.version, [A, B]);
      await shop.change(slice("cache-a", [
        podIn("10.0.0.1", { ready: false, serving: true, terminating: true }),
      ]));
      known = await untilAddresses(resolver, known.version, [B]);
      await shop.change(slice("cache-b", [
        podIn("10.0.0.2", { ready: false, serving: false, terminating: true }),
      ]));
      known = await untilAddresses(resolver, known.version, [A]);
      await shop.remove("cache-a");
      known = await untilAddresses(resolver, known.version, []);
      await shop.remove("cache-b");
      assertEquals((await ask(resolver, known.version)).version, missing);
    }],
    [
      "dual stack, ports, zones, hints and names, as the server writes them",
      async (server, name) => {
        await using shop = await Shop.open(server, name);
        const said = {
          hostname: "cache-0",
          nodeName: "n1",
          zone: "eu-1a",
          hints: { forZones: [{ name: "eu-1b" }] },
          targetRef: { kind: "Pod", name: "cache-0", namespace: name },
        };
        const ports = [{ name: "grid", port: 9000 }, {
          name: "grid-udp",
          port: 9000,
          protocol: "UDP",
        }];
        await shop.add(slice("cache-4", [pod("10.0.0.1", said)], { ports }));
        await shop.add(slice("cache-6", [pod("fd00::1", said)], { ports, addressType: "IPv6" }));
        const four = await untilGranted(shop.resolver({ port: undefined }));
        assertEquals(addressesOf(four), [A]);
        const [{ name: host, zone, metadata }] = four.endpoints as [typeof four.endpoints[0]];
        assertEquals([host, zone, metadata], [
          `tcp://cache-0.cache.${name}.svc:9000`,
          "eu-1b",
          { pod: "cache-0", node: "n1" },
        ]);
        const six = await ask(shop.resolver({ ipFamily: "IPv6", port: 9000 }));
        assertEquals(addressesOf(six), ["tcp://[fd00::1]:9000"]);
      },
    ],
    ["the manifests of the documentation", async (server, name) => {
      await server.createNamespace(name);
      const manifests = [
        ...await manifestsIn("docs/discovery.md"),
        ...await manifestsIn("docs/kubernetes.md"),
      ];
      assert(manifests.length >= 9, "they are found");
      for (const manifest of manifests) await apply(server, name, manifest);
      const wrong = manifests.find(({ kind }) => kind === "StatefulSet")!;
      await assertRejects(
        () => apply(server, name, { ...wrong, yaml: wrong.yaml.replace("replicas:", "replica:") }),
        Error,
        "unknown field",
      );
    }],
    ["hundreds of slices, in pages", async (server, name) => {
      await using shop = await Shop.open(server, name);
      await Promise.all(
        Array.from({ length: 250 }, (_, i) => shop.add(slice(`cache-${i}`, [`10.1.0.${i}`]))),
      );
      assertEquals((await untilGranted(shop.resolver())).endpoints.length, 250);
    }],
    ["a token that is not accepted any more, and a new one", async (server, name) => {
      await using shop = await Shop.open(server, name);
      await shop.add(slice("cache-a", ["10.0.0.1"]));
      const resolver = shop.resolver({ refreshMs: 100 });
      const { version } = await untilGranted(resolver);
      const news = ask(resolver, version);
      await shop.account.write("token", "not-a-token");
      await shop.logger.heard("does not accept the token in");
      assertEquals((await ask(resolver)).version, version);
      await shop.account.write("token", await server.token(name, ACCOUNT));
      await shop.add(slice("cache-b", ["10.0.0.2"]));
      assertEquals(addressesOf(await news), [A, B]);
    }],
  ];

/** Asks until the server has learnt of the Role. */
async function untilGranted(resolver: ReturnType<Shop["resolver"]>) {
  while (true) {
    try {
      return await ask(resolver);
    } catch (error) {
      if (!(error instanceof InternodeError) || error.code !== "PermissionDenied") throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

Deno.test(
  `kube-apiserver: who asks${API_SERVER.note}`,
  { ignore: API_SERVER.ignore },
  async (test) => {
    await using server = await ApiServer.start();
    const cases = SHARED.map(([name, body], i): Case => ({
      name,
      fn: () => body(server, `shop-${i}`),
    }));
    await beside(test, 3, cases);
  },
);

/** A resolver that knows one endpoint of a namespace on a server of its own. */
async function withShop(
  flags: readonly string[],
  body: (shop: Shop, resolver: ReturnType<Shop["resolver"]>, version: string) => Promise<void>,
): Promise<void> {
  await using server = await ApiServer.start(...flags);
  await using shop = await Shop.open(server, "shop");
  await shop.add(slice("cache-a", ["10.0.0.1"]));
  const resolver = shop.resolver({ refreshMs: 1_000, requestTimeoutMs: 1_000 });
  const { version } = await untilGranted(resolver);
  await body(shop, resolver, version!);
}

const KEPT = "cannot be had at the moment; the last";

Deno.test(
  `kube-apiserver: it is killed, frozen, and loses its etcd for a while${API_SERVER.note}`,
  { ignore: API_SERVER.ignore },
  () =>
    withShop([], async (shop, resolver, version) => {
      const { server, logger } = shop;
      let news = ask(resolver, version, START_LIMIT_MS);
      await server.kill();
      await logger.heard(KEPT, START_LIMIT_MS);
      assertEquals((await ask(resolver)).version, version);
      await server.start();
      await shop.add(slice("cache-b", ["10.0.0.2"]));
      assertEquals(addressesOf(await news), [A, B]);

      let known = await ask(resolver);
      news = ask(resolver, known.version, START_LIMIT_MS);
      server.freeze();
      await logger.heard("did not answer within 1000 ms", START_LIMIT_MS);
      assertEquals((await ask(resolver)).version, known.version);
      server.thaw();
      await shop.remove("cache-b");
      assertEquals(addressesOf(await news), [A]);

      known = await ask(resolver);
      news = ask(resolver, known.version, START_LIMIT_MS);
      await server.etcd.kill();
      const count = logger.lines.length;
      const another = shop.resolver({ requestTimeoutMs: 1_000 });
      await assertRejects(() => ask(another), InternodeError);
      assertEquals((await ask(resolver)).version, known.version);
      await server.etcd.start();
      await shop.add(slice("cache-b", ["10.0.0.2"]));
      assertEquals(addressesOf(await news), [A, B]);
      assert(logger.lines.length < count + 5, logger.lines.join("\n"));
    }),
);

Deno.test(
  `kube-apiserver: what has happened is compacted, and then all is lost${API_SERVER.note}`,
  { ignore: API_SERVER.ignore },
  () =>
    withShop(["--watch-cache=false"], async (shop, resolver, version) => {
      const { server, logger } = shop;
      await shop.add(slice("cache-b", ["10.0.0.2"]));
      await server.etcd.compact();
      let known = await ask(resolver, version, START_LIMIT_MS);
      assertEquals(addressesOf(known), [A, B]);
      await shop.remove("cache-b");
      for (let i = 0; i < 3; i++) await shop.change(slice("cache-a", ["10.0.0.1"]));
      await server.etcd.compact();
      known = await untilAddresses(resolver, known.version, [A]);
      assertEquals(logger.lines, [], "nobody is at fault");

      const news = ask(resolver, known.version, START_LIMIT_MS);
      await server.kill();
      await server.etcd.kill();
      await server.etcd.wipe();
      await server.etcd.start();
      await server.start();
      // The service account is lost, too.
      await logger.heard("does not accept the token in", START_LIMIT_MS);
      assertEquals((await ask(resolver)).version, known.version);
      await server.createNamespace("shop");
      await shop.account.write("token", await server.createAccount("shop", ACCOUNT));
      await shop.add(slice("cache-b", ["10.0.0.1", "10.0.0.2"]));
      await shop.grant();
      assertEquals(addressesOf(await news), [A, B]);
    }),
);

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { missing, type Resolver, type Version } from "../../../lib/discovery/resolver/resolver.ts";
import { dnsResolver, type DnsResolverOptions } from "../../../lib/discovery/dns/dns_resolver.ts";
import { addressesOf } from "../../support/endpoint_named.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { DNSMASQ, TestNameServer } from "./name_server.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const { signal } = new AbortController();

function test(
  name: string,
  records: readonly string[],
  body: (server: TestNameServer) => Promise<void>,
): void {
  Deno.test({ name: name + DNSMASQ.note, ignore: DNSMASQ.ignore }, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await using server = new TestNameServer(`${folder}/hosts`, records);
      await body(server);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function resolverAt(
  server: TestNameServer,
  name: string,
  options: DnsResolverOptions,
): Resolver {
  const nameServer = { ipAddr: "127.0.0.1", port: server.port };
  return dnsResolver(name, { nameServer, intervalMs: 20, timeoutMs: 1_000, ...options });
}

function following(resolver: Resolver): () => Promise<string[]> {
  let version: Version | null = null;
  return async () => {
    const resolution = await resolver.resolve(version, signal);
    version = resolution.version;
    return version === missing ? ["missing"] : addressesOf(resolution).sort();
  };
}

test("a real server's addresses are followed, and kept while it is down", [], async (server) => {
  await server.setHosts("10.0.0.1 cache.test", "10.0.0.2 cache.test", "fd00::1 cache.test");
  await server.start();
  const logger = new QuietLogger();
  const resolver = resolverAt(server, "cache.test.", { port: 9000, logger });
  const next = following(resolver);
  assertEquals(await next(), ["tcp://10.0.0.1:9000", "tcp://10.0.0.2:9000"]);
  await server.setHosts("10.0.0.2 cache.test");
  assertEquals(await next(), ["tcp://10.0.0.2:9000"]);

  const newer = next();
  await server.stop();
  assert((await logger.nth(1)).endsWith("The last endpoint stays in use."));
  await server.setHosts("10.0.0.3 cache.test");
  await server.start();
  assertEquals(await newer, ["tcp://10.0.0.3:9000"]);
});

test(
  "times to live are honoured where the runtime tells them",
  ["--local-ttl=1"],
  async (server) => {
    await server.setHosts("10.0.0.1 cache.test");
    await server.start();
    const resolver = resolverAt(server, "cache.test.", { port: 9000, intervalMs: 600_000 });
    const next = following(resolver);
    assertEquals(await next(), ["tcp://10.0.0.1:9000"]);
    await server.setHosts("10.0.0.2 cache.test");
    assertEquals(await next(), ["tcp://10.0.0.2:9000"]);
  },
);

test("both kinds of addresses", [], async (server) => {
  await server.setHosts("10.0.0.1 cache.test", "fd00::1 cache.test");
  await server.start();
  const resolver = resolverAt(server, "cache.test.", { port: 9000, type: "A+AAAA" });
  assertEquals(await following(resolver)(), ["tcp://10.0.0.1:9000", "tcp://[fd00::1]:9000"]);
});

test("a name comes to be, and goes", [], async (server) => {
  await server.setHosts();
  await server.start();
  const logger = new QuietLogger();
  const options = { port: 9000, shrinkHoldMs: 100, logger };
  const next = following(resolverAt(server, "cache.test.", options));
  assertEquals(await next(), ["missing"]);
  await server.setHosts("10.0.0.1 cache.test");
  assertEquals(await next(), ["tcp://10.0.0.1:9000"]);
  await server.setHosts();
  assertEquals(await next(), ["missing"]);
  assertEquals(logger.warnings.length, 4);
});

test(
  "a name that vanishes for a moment takes no address away",
  [],
  async (server) => {
    const three = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((address) => `${address} cache.test`);
    await server.setHosts(...three);
    await server.start();
    const logger = new QuietLogger();
    const next = following(resolverAt(server, "cache.test.", { port: 9000, logger }));
    assertEquals((await next()).length, 3);
    const newer = next();
    await server.setHosts();
    await logger.heard("3 endpoints of cache.test. in DNS are gone at once");
    await server.setHosts(...three, "10.0.0.4 cache.test");
    assertEquals((await newer).length, 4);
  },
);

test("service records: hosts, ports and ranks", [
  "--srv-host=_cache._tcp.test,r1.test,9001,1,5",
  "--srv-host=_cache._tcp.test,r2.test,9002,1,5",
  "--srv-host=_cache._tcp.test,spare.test,9003,2,5",
], async (server) => {
  await server.setHosts();
  await server.start();
  const resolver = resolverAt(server, "_cache._tcp.test.", { type: "SRV" });
  const { endpoints } = await resolver.resolve(null, signal);
  const found = endpoints.map(({ address, priority, weight }) => [address, priority, weight]);
  assertEquals(found.sort(), [
    ["tcp://r1.test:9001", 1, 5],
    ["tcp://r2.test:9002", 1, 5],
    ["tcp://spare.test:9003", 2, 5],
  ]);
});

const port = DNSMASQ.ignore ? 0 : freePorts(1)[0]!;

test("the hosts of service records are looked up at the same name server", [
  `--srv-host=_cache._tcp.test,r1.test,${port},1,5`,
], async (server) => {
  // The first address leads nowhere: the next one is tried.
  await server.setHosts("127.0.0.1 r1.test", "::1 r1.test");
  await server.start();
  const accepting = Deno.listen({ hostname: "127.0.0.1", port });
  const resolver = resolverAt(server, "_cache._tcp.test.", { type: "SRV" });
  const { endpoints } = await resolver.resolve(null, signal);
  assertEquals(endpoints.map(({ address }) => address), [`tcp://r1.test:${port}`]);
  const [channel, accepted] = await Promise.all([endpoints[0]!.dial(signal), accepting.accept()]);
  channel.close();
  accepted.close();
  accepting.close();
});

test("a server that is not there is told, and nothing is left behind", [], async (server) => {
  const resolver = resolverAt(server, "cache.test.", { port: 9000 });
  const error = await assertRejects(
    () => resolver.resolve(null, signal),
    InternodeError,
    "The A records of cache.test. could not be looked up in DNS",
  );
  assertEquals(error.code, "Unreachable");
  const leaving = new AbortController(), given = new Error("enough");
  const left = assertRejects(() =>
    resolverAt(server, "cache.test.", { port: 9000 }).resolve(null, leaving.signal)
  );
  leaving.abort(given);
  assert(await left === given);
});

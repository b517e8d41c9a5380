import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  constantResolver,
  type Endpoint,
  HandlerMap,
  listen,
  mtls,
  serve,
  tcp,
} from "../../../call.ts";
import { connect, makeMethodKey, parseNetEndpoint } from "../../../call.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import type { CertifiedName } from "../../../examples/certs/certified_name.ts";
import type { InternodeError } from "../../../lib/errors.ts";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { expectedHost, unbornePart } from "../../../lib/transport/certificates/host_binding.ts";
import type { MtlsRules } from "../../../lib/transport/certificates/mtls_config.ts";
import { mtlsTransports } from "../../../lib/transport/mtls/mtls_transport.ts";
import { testBeside } from "../../support/beside.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

Deno.test("what proves a host that is dialled: its name and URL, or another name, alone and in the URL", () => {
  const expected = (url: string, name?: string): unknown => {
    const { names, urls } = expectedHost(parseHostAddress(url), name);
    return [names, urls];
  };
  const address = "tls://10.0.0.1:1";
  assertEquals(expected(address), [["10.0.0.1", address], [address]]);
  assertEquals(expected("tcp://a:1"), [["a", "tls://a:1"], ["tls://a:1"]]);
  assertEquals(expected("unix:///a"), [["unix:///a"], ["unix:///a"]]);
  assertEquals(expected(address, "B.example"), [["B.example"], [address, "tls://b.example:1"]]);
  assertEquals(expected("wss://a:1", "::1"), [["::1"], ["wss://a:1", "wss://[::1]:1"]]);
  assertEquals(expected("unix:///a", "b.example"), [["b.example"], ["unix:///a"]]);
  assertEquals(expected(address, "spiffe://a/b"), [["spiffe://a/b"], [address]]);
});

Deno.test("a certificate that bears URLs of hosts is good for these alone, whatever other names it bears", () => {
  const address = parseHostAddress("tls://10.0.0.1:1"), other = "tls://10.0.0.1:2";
  const lacks = (uri: readonly string[], name?: string): boolean =>
    unbornePart({ dns: ["b.example"], ip: ["10.0.0.1"], uri }, expectedHost(address, name)) !==
      null;
  for (
    const [uri, name, isRefused] of [
      [[], undefined, false],
      [["spiffe://a/b"], undefined, false],
      [[address.href], undefined, false],
      [[other, address.href], undefined, false],
      [[other], undefined, true],
      [["unix:///a"], undefined, true],
      [[], "b.example", false],
      [[other], "b.example", true],
      [["tls://b.example:2"], "b.example", true],
      [["tls://b.example:1"], "b.example", false],
      [[address.href], "b.example", false],
      [[address.href], "c.example", true],
      // Who names a URI knows what to expect.
      [[other], other, false],
      [[other, "spiffe://a/b"], "spiffe://a/b", false],
      [[other], "spiffe://a/b", true],
    ] as const
  ) assertEquals(lacks(uri, name), isRefused, `${uri} for ${name}`);
});

const folder = moduleFolder();

const UNIX = `unix://${folder}/bound.sock`;

/** What a client of a server that bears these names hears; `null`: all is well. */
async function fateOf(
  url: string,
  names: (address: string) => readonly CertifiedName[],
  rules: MtlsRules,
  byEndpoint: boolean,
): Promise<string | null> {
  const logger = new QuietLogger(), authority = await TestAuthority.root("authority");
  // A server's certificate may bear the port that it listens at.
  const [port] = freePorts(1);
  const where = url.replace(":0", `:${port}`), host = where.replace(/(:\d+)\/internode$/, "$1");
  const node = await authority.node("server", { names: names(host) });
  const client = await authority.node("client");
  const handlers = new HandlerMap().set("a", "echo", (bytes) => bytes);
  const transports = mtlsTransports(configOf(node, authority));
  const listener = await listen(where, handlers, { transports, logger });
  const stop = new AbortController();
  const served = serve(listener, { signal: stop.signal, logger, graceMs: 0 }).finished;
  const config = configOf(client, authority, rules);
  const endpoint: Endpoint = byEndpoint
    ? mtls(config, tcp(host.slice("tls://".length)))
    : parseNetEndpoint(where, { transports: mtlsTransports(config) });
  let fate: string | null = null;
  {
    await using connection = await connect(constantResolver(endpoint), { logger, retry: false });
    const calling = connection.call(makeMethodKey("a", "echo"), new Uint8Array(1), {
      timeoutMs: 2_000,
    });
    await calling.catch((error: InternodeError) => fate = error.message);
  }
  stop.abort();
  await served;
  return fate;
}

const IP: CertifiedName = { type: "ip", value: "127.0.0.1" };
const DNS: CertifiedName = { type: "dns", value: "server.example" };
const uri = (value: string): CertifiedName => ({ type: "uri", value });

const SERVERS: readonly (readonly [what: string, url: string, byEndpoint: boolean])[] = [
  ["tls", "tls://127.0.0.1:0", false],
  ["wss", "wss://127.0.0.1:0/internode", false],
  ["unix", UNIX, false],
  ["mtls over tcp", "tls://127.0.0.1:0", true],
];

// Calls of a server that is not believed wait until their time is up.
testBeside(
  "a service's client does not believe the certificate of another host on the same machine",
  SERVERS.length,
  SERVERS.map(([what, url, byEndpoint]) => ({
    name: what,
    ignore: !NET || !FILES || (what === "unix" && Deno.build.os === "windows"),
    fn: async () => {
      const rules: MtlsRules = what === "unix" ? { serverName: "server.example" } : {};
      const other = what === "unix" ? "unix:///run/other.sock" : "tls://127.0.0.1:1";
      const plain = [IP, DNS];
      const good = [() => plain, (own: string) => [...plain, uri(other), uri(own)]];
      for (const names of good) assertEquals(await fateOf(url, names, rules, byEndpoint), null);
      const heard = await fateOf(url, () => [...plain, uri(other)], rules, byEndpoint);
      assertStringIncludes(String(heard), "as it has URLs of hosts, it must have this one");
      // Nor by a name that this side was told to expect.
      const named = { serverName: "server.example" };
      const renamed = await fateOf(url, () => [...plain, uri(other)], named, byEndpoint);
      assertStringIncludes(String(renamed), "as it has URLs of hosts, it must have this one");
    },
  })),
);

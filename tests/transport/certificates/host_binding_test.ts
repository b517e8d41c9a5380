import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { bindingRefusal, namesOfHost } from "../../../lib/transport/certificates/host_binding.ts";
import type { PeerIdentity, PeerNames } from "../../../lib/transport/channel/peer_identity.ts";

function identity(names: Partial<PeerNames>, subject = "CN=node"): PeerIdentity {
  return { subject, sans: { dns: [], ip: [], uri: [], ...names }, fingerprint: "00:01" };
}

function refusal(host: string, names: Partial<PeerNames>): string | null {
  return bindingRefusal(parseHostAddress(host), identity(names), true);
}

for (
  const [host, names] of [
    ["tls://a.example:9000", { dns: ["a.example"] }],
    ["tls://A.Example:9000", { dns: ["b.example", "A.EXAMPLE"] }],
    ["wss://a.example", { dns: ["a.example"] }],
    ["tls://a.example:9000", {
      dns: ["*.example.com", "*.example"],
      uri: ["tls://a.example:9000"],
    }],
    ["tls://a.nodes.example:9000", { dns: ["*.nodes.example"] }],
    ["tls://10.0.0.1:9000", { ip: ["10.0.0.1"] }],
    ["tls://[2001:DB8:0::1]:9000", { ip: ["2001:db8::1"] }],
    ["tls://[fe80::1%eth0]:9000", { ip: ["fe80::1"] }],
    ["tls://10.0.0.1:9000", { uri: ["tls://10.0.0.1:9000"] }],
    ["tls://10.0.0.1:9000", { uri: ["tls://10.0.0.1:9001", "tls://10.0.0.1:9000"] }],
    ["unix:///run/a.sock", { uri: ["unix:///run/a.sock"] }],
    ["tls://a.example:9000", { dns: ["a.example"], uri: ["spiffe://prod/lock/a"] }],
  ] as const
) {
  Deno.test(`${host} may be ${JSON.stringify(names)}`, () => {
    assertEquals(refusal(host, names), null);
  });
}

for (
  const [host, names] of [
    ["tls://a.example:9000", {}],
    ["tls://a.example:9000", { dns: ["b.example"] }],
    ["tls://a.example:9000", { dns: ["a.example.evil", "evil.a.example", "xa.example"] }],
    ["tls://a.b.nodes.example:9000", { dns: ["*.nodes.example"] }],
    ["tls://a.example:9000", { dns: ["*.example"] }],
    ["tls://a.example:9000", {
      uri: ["a.example", "spiffe://a.example", "https://a.example:9000"],
    }],
    ["tls://10.0.0.1:9000", { ip: ["10.0.0.2"] }],
    ["tls://10.0.0.1:9000", { dns: ["10.0.0.1"] }],
    ["tls://a.example:9000", { ip: ["a.example"] }],
    // Another port, kind or path is another host.
    ["tls://10.0.0.1:9000", { uri: ["tls://10.0.0.1:9001"] }],
    ["tls://10.0.0.1:9000", { uri: ["wss://10.0.0.1:9000"] }],
    ["unix:///run/a.sock", { uri: ["unix:///run/b.sock", "unix:///run/a.sock/"] }],
    ["unix:///run/a.sock", { dns: ["localhost"], ip: ["127.0.0.1"] }],
    // One that bears URLs speaks for these alone: a shared machine is no excuse.
    ["tls://10.0.0.1:9000", { ip: ["10.0.0.1"], uri: ["tls://10.0.0.1:9001"] }],
    ["tls://a.example:9000", { dns: ["a.example"], uri: ["unix:///run/a.sock"] }],
    ["tls://a.example:9000", { dns: ["a.example"], uri: ["wss://a.example:443"] }],
  ] as const
) {
  Deno.test(`${host} may not be ${JSON.stringify(names)}`, () => {
    const reason = refusal(host, names);
    assert(reason !== null);
    assertStringIncludes(reason, `not for "${parseHostAddress(host).href}"`);
    assertStringIncludes(reason, 'the certificate "CN=node" is for ');
  });
}

Deno.test("what must be borne is told", () => {
  assertEquals(
    refusal("tls://10.0.0.1:9000", { dns: ["b.example"] }),
    'the certificate "CN=node" is for b.example, not for "tls://10.0.0.1:9000": ' +
      "it must have the name 10.0.0.1 or tls://10.0.0.1:9000",
  );
  assertEquals(
    refusal("tls://10.0.0.1:9000", { uri: ["tls://10.0.0.1:9001"] }),
    'the certificate "CN=node" is for tls://10.0.0.1:9001, not for "tls://10.0.0.1:9000": ' +
      "as it has URLs of hosts, it must have this one",
  );
  assertEquals(
    refusal("unix:///a", {}),
    'the certificate "CN=node" is for no name at all, not for "unix:///a": ' +
      "it must have the name unix:///a",
  );
});

Deno.test("a reason is short, whatever a certificate bears", () => {
  const dns = Array.from({ length: 1_000 }, (_, i) => `${"x".repeat(1_000)}.${i}.example`);
  const reason = refusal("tls://a.example:1", { dns })!;
  assert(reason.length < 1_200, `${reason.length}`);
  assertStringIncludes(reason, "and more, not for");
});

Deno.test("without an identity nothing is judged, unless there had to be one", () => {
  const address = parseHostAddress("tls://a.example:9000");
  assertEquals(bindingRefusal(address, undefined, false), null);
  assertStringIncludes(bindingRefusal(address, undefined, true)!, "showed no certificate");
  assert(bindingRefusal(address, identity({}), false) !== null);
});

Deno.test("the names of a host: its own and its URL", () => {
  const names = (url: string) => namesOfHost(parseHostAddress(url));
  assertEquals(names("tls://A.example:1"), ["a.example", "tls://a.example:1"]);
  assertEquals(names("tls://[fe80::1%eth0]:1"), ["fe80::1", "tls://[fe80::1%eth0]:1"]);
  assertEquals(names("tls://:1"), ["localhost", "tls://:1"]);
  assertEquals(names("unix:///a"), ["unix:///a"]);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { judgePeer } from "../../../lib/transport/certificates/certificate_judge.ts";
import { checkMtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { MtlsCredentials } from "../../../lib/transport/certificates/mtls_credentials.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import { systemTransports } from "../../../lib/transport/transports.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import { Acceptor, dialOptions } from "../../support/channels/acceptor.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { FILES, NET, RUNTIME, SEES_CHAINS } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";

const authority = await TestAuthority.root("authority"),
  elsewhere = await TestAuthority.root("other");
const between = await authority.authority("between");
const node = await between.node("127.0.0.1", { names: [{ type: "ip", value: "127.0.0.1" }] });
const expired = (await elsewhere.authority("expired", { fromDays: -9, toDays: -1 })).cert;
const old = (await elsewhere.forgery("old", 1)).cert;

/** What is said while credentials are checked and watched. */
async function warningsOf(cert: string, ca: string | string[], key = node.key): Promise<string[]> {
  const said: string[] = [];
  const note = (text: string): void => void said.push(text);
  const logger = { debug: note, info: note, warn: note, error: note };
  await using _ = new MtlsCredentials({ cert, key, ca }, { logger });
  return said;
}

Deno.test("a certificate that has expired and leads nowhere is warned of, and refuses nothing", async () => {
  assertEquals(await warningsOf(node.cert, authority.cert), []);
  const [first, ...more] = await warningsOf(node.cert + expired, authority.cert);
  assertStringIncludes(first!, '"CN=expired" in cert expired on');
  assertEquals(more, []);
  const [inCa, ...others] = await warningsOf(node.cert, [authority.cert, expired]);
  assertStringIncludes(inCa!, '"CN=expired" in ca expired on');
  assertEquals(others, []);
});

Deno.test("only the certificates between a node and its authority say until when it is good", () => {
  const { expiresMs, extras } = checkMtlsConfig(configOf(node, authority));
  const more = { cert: node.cert + expired + elsewhere.cert };
  const besides = checkMtlsConfig(configOf(node, authority, more));
  assertEquals(besides.expiresMs, expiresMs);
  assertEquals([extras.length, besides.extras.length], [0, 2]);
});

Deno.test("a certificate on the way to the authority that has expired is an error", async () => {
  const stale = await authority.authority("stale", { fromDays: -9, toDays: -1 });
  const below = await stale.node("node");
  let said = "";
  await warningsOf(below.cert, authority.cert, below.key).catch((error) => said = error.message);
  assertStringIncludes(said, "has expired on");
});

// BoringSSL, which Bun has, reads none of version 1.
const ofVersion1 = RUNTIME === "bun";
Deno.test("the other end's extra certificates are not judged, however old they are", {
  ignore: ofVersion1,
}, () => {
  const chain = (node.cert + expired + old).match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)!
    .map((pem) => new X509Certificate(pem));
  const judgement = judgePeer({ chain, authorized: true, resumed: false }, {
    peer: "server",
    authorities: [new X509Certificate(authority.cert)],
    host: { names: ["127.0.0.1"], urls: [] },
    nowMs: Date.now(),
  });
  assert("identity" in judgement, JSON.stringify(judgement));
});

/** Everything a file may hold, in any order. */
const BUNDLES: [name: string, text: string][] = [
  ["certificates, then the key", node.cert + node.key],
  ["the key first", node.key + node.cert],
  ["the certificate not first", expired + node.cert + node.key],
  ["notes and an extra", `subject=node\n${node.cert}\n\n${node.key}\nissuer=x\n${expired}`],
];

for (const [name, text] of BUNDLES) {
  Deno.test(
    `one text is good as cert and as key: ${name}`,
    { ignore: !NET || !SEES_CHAINS },
    async () => {
      const transport = mtlsTransport(
        { cert: text, key: text, ca: authority.cert },
        tcpTransport(),
      );
      const acceptor = await Acceptor.on(transport, "tls://127.0.0.1:0");
      const near = await transport.dial(acceptor.address, dialOptions());
      const far = await acceptor.next();
      assertEquals(near.identity?.sans.ip, ["127.0.0.1"]);
      assertEquals(far.identity?.sans.ip, ["127.0.0.1"]);
      near.close();
      far.close();
      await acceptor.end();
    },
  );
}

Deno.test("one file is good as cert and as key", { ignore: !FILES }, async () => {
  const path = await Deno.makeTempFile(), ca = await Deno.makeTempFile();
  await Deno.writeTextFile(path, node.key + node.cert);
  await Deno.writeTextFile(ca, authority.cert + authority.key);
  await using credentials = new MtlsCredentials({ certFile: path, keyFile: path, caFile: ca });
  assertEquals(credentials.current.cert.includes("PRIVATE"), false);
  assertEquals(credentials.current.subject, "CN=127.0.0.1");
  await Deno.remove(path);
  await Deno.remove(ca);
});

Deno.test("one text is good as cert and as key of tls and wss", { ignore: !NET }, async () => {
  const { cert, key, caCerts } = certificates();
  const both = `${key}\n${cert}`;
  const transports = systemTransports({ cert: both, key: both, caCerts });
  for (const scheme of ["tls", "wss"] as const) {
    const acceptor = await Acceptor.on(transports[scheme]!, `${scheme}://127.0.0.1:0`);
    const near = await transports[scheme]!.dial(acceptor.address, dialOptions());
    (await acceptor.next()).close();
    near.close();
    await acceptor.end();
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import {
  checkMtlsConfig,
  type MtlsConfig,
} from "../../../lib/transport/certificates/mtls_config.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { crlOf, crlPem } from "../../support/certificates/test_crl.ts";

const authority = await TestAuthority.root("authority");
const node = await authority.node("node"), other = await authority.node("other");
const good = configOf(node, authority);

Deno.test("lists of revoked certificates are given as texts or bytes, one or several", async () => {
  const text = await crlPem(authority, [other]),
    bytes = await crlOf(authority, [], { nextDays: null });
  const ways: readonly [crl: MtlsConfig["crl"], lists: number][] = [
    [text, 1],
    [bytes, 1],
    [[text, bytes], 2],
    [`${text}${text}`, 2],
  ];
  for (const [crl, lists] of ways) {
    const { revocation } = checkMtlsConfig({ ...good, crl });
    assertEquals([revocation.lists.length, revocation.expired], [lists, "warn"]);
  }
  assertEquals(checkMtlsConfig({ ...good, crl: bytes }).crlExpiresMs, Infinity);
  // One that a newer one has replaced may have expired.
  const old = await crlOf(authority, [], { thisDays: -9, nextDays: -2 });
  assert(checkMtlsConfig({ ...good, crl: [old, text] }).crlExpiresMs > Date.now());
  assertEquals(checkMtlsConfig(good).revocation.lists, []);
});

Deno.test("a good configuration has the defaults that are documented", () => {
  const credentials = checkMtlsConfig(good);
  assertEquals(credentials.minVersion, "TLSv1.3");
  assertEquals(credentials.handshakeTimeoutMs, 10_000);
  assertEquals(credentials.maxHandshakes, 1024);
  assertEquals(credentials.subject, "CN=node");
  assertEquals(checkMtlsConfig({ ...good, minVersion: "1.2" }).minVersion, "TLSv1.2");
  const several = [authority.cert + node.cert, other.cert];
  assertEquals(checkMtlsConfig({ ...good, ca: several }).authorities.length, 3);
});

const stranger = await TestAuthority.root("stranger");

Deno.test("a mistake is named", async () => {
  const list = await crlPem(authority, [other]);
  const broken = node.cert.replace(/\n[^-\n]{10}/, "\nAAAAAAAAAA");
  const mistakes: [change: Partial<MtlsConfig>, message: string][] = [
    [{ key: other.key }, "key is not the key of cert"],
    [{ key: "secret" }, "key cannot be read"],
    [{ cert: "/etc/node.pem" }, "cert contains no certificate"],
    [{ cert: broken }, "cert cannot be read"],
    [{ ca: "" }, "ca contains no certificate"],
    [{ ca: [] }, "ca contains no authority"],
    [{ ca: [authority.cert, "nothing"] }, "ca contains no certificate"],
    [{ minVersion: "1.1" as "1.2" }, "minVersion"],
    [{ crl: "" }, "crl contains no list"],
    [{ crl: [list, node.cert] }, "crl contains no list"],
    [{ crl: new Uint8Array([0x30, 5, 1]) }, "crl cannot be read"],
    [{ crl: list.replace(/\n[^-\n]{9}/, "\n!!!!!!!!!") }, "crl cannot be read"],
    [{ crl: await crlOf(stranger, []) }, "that was not signed by an authority in ca or cert"],
    [
      { crl: [list, await crlOf(authority, [], { signer: stranger })] },
      "that was not signed by an authority in ca or cert",
    ],
    [{ crl: 5 as unknown as string }, "crl contains no list"],
    [{ expiredCrl: "ignore" as "warn" }, "expiredCrl"],
    [{ handshakeTimeoutMs: 0 }, "handshakeTimeoutMs"],
    [{ handshakeTimeoutMs: NaN }, "handshakeTimeoutMs"],
    [{ maxHandshakes: 0.5 }, "maxHandshakes"],
  ];
  for (const [change, message] of mistakes) {
    const error = assertThrows(
      () => checkMtlsConfig({ ...good, ...change }),
      InternodeError,
      message,
    );
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
    assertEquals(error.message.includes(node.key.slice(40, 80)), false);
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../../lib/transport/certificates/certificate_facts.ts";
import { crlsIn, crlText } from "../../../lib/transport/certificates/pem.ts";
import {
  RevocationList,
  revocationProblem,
} from "../../../lib/transport/certificates/revocation_list.ts";
import { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { FILES } from "../../support/permitted.ts";
import { der, TestAuthority } from "../../support/certificates/test_authority.ts";
import { crlOf, crlPem, extension, wholeSecondMs } from "../../support/certificates/test_crl.ts";

const authority = await TestAuthority.root("authority");
const namesake = await TestAuthority.root("authority");
const between = await authority.authority("between");
const [good, bad] = [await authority.node("good"), await authority.node("bad")];

function x509(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

function serialOf(pem: string): string {
  return readCertificate(x509(pem).raw).serial;
}

for (const name of ["rsa", "pss", "p384", "ed25519", "p256"]) {
  Deno.test({
    name: `a list that OpenSSL has signed by ${name} is read and verified`,
    ignore: !FILES,
    fn: async () => {
      const url = new URL(`../../support/certificates/crl/${name}.pem`, import.meta.url);
      const text = await Deno.readTextFile(url), own = x509(text);
      const [der] = crlsIn(text), list = new RevocationList(der!);
      assert(list.isSignedBy(own));
      assert(!list.isSignedBy(x509(authority.cert)));
      assertEquals(list.size, 2);
      assertEquals(list.revokedMs("BADC0FFEE0"), Date.UTC(2026, 0, 1));
      assertEquals(list.revokedMs("7F"), Date.UTC(2026, 0, 2));
      assertEquals(list.revokedMs("80"), undefined);
      const changed = der!.slice();
      // A number that is on it.
      changed[changed.findIndex((byte, at) => byte === 0xba && changed[at + 1] === 0xdc)] = 0xbb;
      assert(!new RevocationList(changed).isSignedBy(own));
    },
  });
}

Deno.test({
  name: "a list that is signed with SHA-1 is not taken",
  ignore: !FILES,
  fn: async () => {
    const url = new URL("../../support/certificates/crl/sha1.pem", import.meta.url);
    const [der] = crlsIn(await Deno.readTextFile(url));
    assertThrows(
      () => new RevocationList(der!),
      RangeError,
      "signature algorithm is not supported",
    );
  },
});

Deno.test("a list tells its times and numbers, in version 1 and 2, empty or not", async () => {
  for (const version of [1, 2]) {
    const list = new RevocationList(await crlOf(authority, [bad], { version }));
    assertEquals([list.thisUpdateMs, list.nextUpdateMs], [-1, 7].map(wholeSecondMs));
    assertEquals(list.revokedMs(serialOf(bad.cert)), wholeSecondMs(-2));
    assertEquals(list.revokedMs(serialOf(good.cert)), undefined);
    const empty = new RevocationList(await crlOf(authority, [], { version, nextDays: null }));
    assertEquals([empty.size, empty.nextUpdateMs], [0, Infinity]);
  }
  const padded = new RevocationList(await crlOf(authority, [bad], { padding: [0, 0] }));
  assertEquals(padded.revokedMs(serialOf(bad.cert)), wholeSecondMs(-2));
});

Deno.test("only the authority itself signs its list, and only if it may", async () => {
  const list = new RevocationList(await crlOf(authority, [bad]));
  assert(list.isSignedBy(x509(authority.cert)));
  assert(!list.isSignedBy(x509(namesake.cert)), "one of the same name has another key");
  assert(!list.isSignedBy(x509(between.cert)));
  const forged = new RevocationList(await crlOf(authority, [bad], { signer: namesake }));
  assert(!forged.isSignedBy(x509(authority.cert)));
  const node = await authority.node("signs-lists");
  assert(!new RevocationList(await crlOf(node, [bad])).isSignedBy(x509(node.cert)));
});

Deno.test("a list about a part, and one that says what is not understood, is refused", async () => {
  const nothing = der(0x30);
  for (
    const [what, id, critical, isEntrys] of [
      ["a delta list", "551d1b", true, false],
      ["a part of the certificates", "551d1c", true, false],
      ["a part of the certificates", "551d1c", false, false],
      ["other issuers", "551d1d", true, true],
      ["critical extension", "2a0304", true, false],
      ["critical extension", "2a0304", true, true],
    ] as const
  ) {
    const extensions = [extension(id, critical, nothing)];
    const options = isEntrys ? { entryExtensions: extensions } : { extensions };
    const bytes = await crlOf(authority, [bad], options);
    assertThrows(() => new RevocationList(bytes), RangeError, what);
  }
  const harmless = [extension("551d14", true, nothing), extension("2a0304", false, nothing)];
  const options = { extensions: harmless, entryExtensions: harmless };
  assertEquals(new RevocationList(await crlOf(authority, [bad], options)).size, 1);
});

Deno.test("a list that is cut, longer or changed anywhere throws a RangeError or is not signed", async () => {
  const whole = await crlOf(authority, [bad, good], {
    extensions: [extension("551d14", false, der(0x02, Uint8Array.of(1)))],
  });
  const own = x509(authority.cert);
  const read = (bytes: Uint8Array): boolean => {
    try {
      return new RevocationList(bytes).isSignedBy(own);
    } catch (error) {
      assert(error instanceof RangeError, String(error));
      return false;
    }
  };
  assert(read(whole));
  for (let length = 0; length < whole.length; length++) assert(!read(whole.subarray(0, length)));
  assert(!read(Uint8Array.of(...whole, 0)));
  const random = new SeededRandom(7);
  for (let i = 0; i < 3_000; i++) {
    const changed = whole.slice(), at = Math.floor(random.next() * changed.length);
    changed[at]! ^= 1 + Math.floor(random.next() * 255);
    assert(!read(changed), `byte ${at}`);
  }
});

Deno.test("of several lists the newest counts, and of those of others none", async () => {
  const older = new RevocationList(await crlOf(authority, [bad], { thisDays: -3 }));
  const newer = new RevocationList(await crlOf(authority, [good], { thisDays: -1 }));
  const foreign = new RevocationList(await crlOf(namesake, [bad, good]));
  const issuer = x509(authority.cert), nowMs = Date.now();
  const problem = (pem: string, ...lists: RevocationList[]): string | null =>
    revocationProblem(x509(pem), issuer, { lists, expired: "warn" }, nowMs);
  assertEquals(problem(bad.cert), null);
  assertEquals(problem(bad.cert, older)?.startsWith("was revoked by its authority on"), true);
  assertEquals(problem(bad.cert, older, newer), null);
  assertEquals(problem(good.cert, newer, older)?.includes(serialOf(good.cert)), true);
  assertEquals(problem(bad.cert, foreign), null);
});

Deno.test("an expired list still counts, or no certificate of its authority is trusted", async () => {
  const lists = [new RevocationList(await crlOf(authority, [bad], { nextDays: 3 }))];
  const issuer = x509(authority.cert);
  const problem = (pem: string, expired: "warn" | "refuse", days: number): string | null =>
    revocationProblem(x509(pem), issuer, { lists, expired }, wholeSecondMs(days));
  for (const expired of ["warn", "refuse"] as const) {
    assertEquals(problem(good.cert, expired, 2), null);
    for (const days of [2, 4]) assert(problem(bad.cert, expired, days)?.includes("was revoked"));
  }
  assertEquals(problem(good.cert, "warn", 4), null);
  assert(problem(good.cert, "refuse", 4)?.includes("has expired on"));
});

Deno.test("a list is the same as PEM and as DER, and several stand in one text", async () => {
  const args = [authority, [bad]] as const;
  const text = await crlPem(...args), [bytes] = crlsIn(text);
  assertEquals(crlsIn(crlText(bytes!)), [bytes!]);
  assertEquals(crlText(new TextEncoder().encode(text)), text);
  assertEquals(crlsIn(`${text}\nand\n${text}`).length, 2);
  assertEquals(crlsIn("nothing"), []);
});

import { assertEquals, assertThrows } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../../lib/transport/certificates/certificate_facts.ts";
import { OLD_X509 } from "../../support/permitted.ts";
import {
  der,
  TestAuthority,
  type TestCertificateOptions,
} from "../../support/certificates/test_authority.ts";

const authority = await TestAuthority.root("authority");

async function bytesOf(options: TestCertificateOptions): Promise<Uint8Array> {
  return new X509Certificate((await authority.node("node", options)).cert).raw;
}

Deno.test("names are read as they stand in the certificate", async () => {
  const facts = readCertificate(
    await bytesOf({
      names: [
        { type: "dns", value: "*.Example.org" },
        { type: "uri", value: "spiffe://example/a,b" },
        { type: "ip", value: "10.1.2.3" },
        { type: "ip", value: "2001:db8:0:0:0:0:0:1" },
      ],
    }),
  );
  assertEquals(facts.version, 3);
  assertEquals(facts.names, {
    dns: ["*.Example.org"],
    ip: ["10.1.2.3", "2001:db8::1"],
    uri: ["spiffe://example/a,b"],
  });
});

Deno.test("a name that would read as two is refused", async () => {
  const bytes = await bytesOf({ names: [{ type: "dns", value: "a.example, DNS:b.example" }] });
  // The runtime's own text cannot be told from that of a certificate with both.
  assertThrows(() => readCertificate(bytes), RangeError, "no name may hold");
});

Deno.test("purposes are read, and none given means any", async () => {
  const purposes = async (given?: ("server" | "client")[]) => {
    const { forServers, forClients } = readCertificate(
      await bytesOf(given === undefined ? {} : { purposes: given }),
    );
    return [forServers, forClients];
  };
  assertEquals(await purposes(), [true, true]);
  assertEquals(await purposes(["server"]), [true, false]);
  assertEquals(await purposes(["client"]), [false, true]);
  assertEquals(await purposes(["client", "server"]), [true, true]);
});

Deno.test("the version is read", async () => {
  for (const version of OLD_X509) {
    const { cert } = await authority.forgery("old", version);
    assertEquals(readCertificate(new X509Certificate(cert).raw).version, version);
  }
});

Deno.test("whatever is cut off or spoiled throws or says something, and ends", async () => {
  const bytes = await bytesOf({ purposes: ["server"] });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => readCertificate(bytes.subarray(0, length)), RangeError);
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
      const spoiled = bytes.slice();
      spoiled[at] = value;
      try {
        readCertificate(spoiled);
      } catch (error) {
        assertEquals(error instanceof RangeError, true, String(error));
      }
    }
  }
  const huge = der(0x30, new Uint8Array([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]));
  assertThrows(() => readCertificate(huge), RangeError);
});

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { checkMtlsConfig, type MtlsConfig } from "../../lib/net/mtls_config.ts";
import { configOf, TestAuthority } from "./test_authority.ts";

const authority = await TestAuthority.root("authority");
const node = await authority.node("node"), other = await authority.node("other");
const good = configOf(node, authority);

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

Deno.test("a mistake is named", () => {
  const broken = node.cert.replace(/\n[^-\n]{10}/, "\nAAAAAAAAAA");
  const mistakes: [change: Partial<MtlsConfig>, message: string][] = [
    [{ key: other.key }, "key is not the key of cert"],
    [{ key: "secret" }, "key cannot be read"],
    [{ cert: "/etc/node.pem" }, "cert holds no certificate"],
    [{ cert: broken }, "cert cannot be read"],
    [{ ca: "" }, "ca holds no certificate"],
    [{ ca: [] }, "ca names no authority"],
    [{ ca: [authority.cert, "nothing"] }, "ca holds no certificate"],
    [{ minVersion: "1.1" as "1.2" }, "minVersion"],
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

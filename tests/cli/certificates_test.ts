/** Which certificates `internode certs` lists. */

import { assertEquals } from "@std/assert";
import { withSharedOnce } from "../../lib/cli/asking/seen_certificates.ts";

Deno.test("what hosts share of authorities is one line with their number; all else is listed for each", () => {
  const of = (where: string, whose: string, subject: string, expiresMs = 1) => ({
    where,
    whose,
    subject,
    names: [],
    expiresMs,
  });
  const seen = [
    of("tls://a:1", "own", "CN=node"),
    of("tls://a:1", "authorities", "CN=ca"),
    of("tls://b:1", "own", "CN=node"),
    of("tls://b:1", "authorities", "CN=ca"),
    of("tls://b:1", "authorities", "CN=ca", 2),
    of("tls://c:1", "authorities", "CN=ca"),
  ];
  assertEquals(withSharedOnce(seen), [
    of("tls://a:1", "own", "CN=node"),
    of("3 hosts", "authorities", "CN=ca"),
    of("tls://b:1", "own", "CN=node"),
    of("tls://b:1", "authorities", "CN=ca", 2),
  ]);
});

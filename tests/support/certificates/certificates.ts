/**
 * A host's certificate for `localhost` and 127.0.0.1 from an authority of these
 * tests alone. The key is public, so nobody else may believe it.
 *
 * @module
 */

import type { TlsOptions } from "../../../lib/transport/tls/tls.ts";

/** Everything that both ends of a test need; reads files. */
export function certificates(): TlsOptions {
  const read = (name: string): string => Deno.readTextFileSync(new URL(`${name}`, import.meta.url));
  return { cert: read("host.pem"), key: read("host.key"), caCerts: [read("authority.pem")] };
}

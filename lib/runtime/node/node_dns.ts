/**
 * DNS by `node:dns`.
 *
 * @module
 */

import { dns } from "./node_modules.ts";
import type { DnsLookUp } from "../platform/dns.ts";

/** See {@linkcode DnsLookUp}. */
export const lookUp: DnsLookUp = async (name, type, { nameServer, signal }) => {
  signal?.throwIfAborted();
  const resolver = new (dns().promises.Resolver)();
  if (nameServer !== undefined) {
    const { ipAddr, port = 53 } = nameServer;
    resolver.setServers([ipAddr.includes(":") ? `[${ipAddr}]:${port}` : `${ipAddr}:${port}`]);
  }
  const onAbort = (): void => resolver.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (type === "A") return await resolver.resolve4(name, { ttl: true });
    if (type === "AAAA") return await resolver.resolve6(name, { ttl: true });
    const records = await resolver.resolveSrv(name);
    return records.map(({ name: target, ...rest }) => ({ target, ...rest }));
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
};

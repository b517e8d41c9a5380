/**
 * Which listeners other machines can reach.
 *
 * @module
 */

import { type HostAddress, parseHostAddress } from "./host_address.ts";
import { withoutZone } from "./socket_host.ts";

/**
 * Whether other machines may reach whoever listens at a host. Not at
 * `127.0.0.0/8`, `::1` and `localhost`, nor on Unix sockets and in memory. All
 * interfaces (`tcp://:9000`), `0.0.0.0`, `::`, and every other name count as
 * reached, whatever the name stands for.
 *
 * @param host Where somebody listens; a text may have a request path.
 * @returns Whether that is so; `false` for a text that is no host URL of this library, whose maker knows better.
 */
export function isExposed(host: HostAddress | string): boolean {
  const address = typeof host === "string" ? addressIn(host) : host;
  if (address === null || address.scheme === "unix" || address.scheme === "memory") return false;
  const hostname = withoutZone(address.hostname);
  return hostname !== "localhost" && hostname !== "::1" &&
    !/^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function addressIn(url: string): HostAddress | null {
  const [host] = /^wss?:\/\/[^/?#]*/.exec(url) ?? [url];
  try {
    return parseHostAddress(host);
  } catch {
    return null;
  }
}

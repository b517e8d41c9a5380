/**
 * What the runtime is told of a host.
 *
 * @module
 */

import { errorKind } from "./platform/error_kind.ts";
import { IS_WINDOWS } from "./platform/operating_system.ts";
import type { NetAddress } from "./platform/socket.ts";
import { authority, type HostAddress, networkAddress } from "./host_address.ts";

/** Where a dialler finds this machine. A listener on all interfaces is reached there, too. */
const THIS_MACHINE = "127.0.0.1";
const THIS_MACHINE_NAME = "localhost";
const MAPPED_IPV4 = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Whether an IPv6 address holds on one network only (`fe80::/10`, RFC 4291
 * §2.5.6), so that a zone must say on which.
 *
 * @param hostname Without brackets, with or without a zone.
 */
export function isLinkLocal(hostname: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(hostname);
}

/**
 * A host name without its zone.
 *
 * @param hostname `fe80::1%eth0`.
 * @returns `fe80::1`.
 */
export function withoutZone(hostname: string): string {
  const at = hostname.indexOf("%");
  return at < 0 ? hostname : hostname.slice(0, at);
}

/**
 * What to dial for a host. A zone is kept for the addresses that need it; with
 * any other the system would look it up as a name, and not find it.
 *
 * @param hostname As {@linkcode HostAddress} has it; empty for this machine.
 * @returns What is told the runtime.
 */
export function dialledHost(hostname: string): string {
  if (hostname === "") return THIS_MACHINE;
  return isLinkLocal(hostname) ? hostname : withoutZone(hostname);
}

/**
 * The name that a certificate or a `host` header has for a host: zones are
 * nobody else's concern.
 *
 * @param hostname As {@linkcode HostAddress} has it; empty for this machine.
 * @returns The name.
 */
export function namedHost(hostname: string): string {
  return hostname === "" ? THIS_MACHINE_NAME : withoutZone(hostname);
}

/**
 * Listens on a host. All interfaces are those of IPv6 and IPv4, or of IPv4
 * alone on a machine that has no IPv6 or keeps the two apart (Windows).
 *
 * @param hostname As {@linkcode HostAddress} has it; empty for all interfaces.
 * @param listen Listens on what the runtime takes.
 * @param isWindows Whether the system is Windows. Default: whether this is.
 * @returns What `listen` gave. Rejects with what it threw.
 */
export async function listenOnHost<L>(
  hostname: string,
  listen: (hostname: string) => L | Promise<L>,
  isWindows: boolean = IS_WINDOWS,
): Promise<L> {
  if (hostname !== "") return await listen(dialledHost(hostname));
  if (isWindows) return await listen("0.0.0.0");
  try {
    return await listen("::");
  } catch (error) {
    if (isFinal(error)) throw error;
    return await listen("0.0.0.0");
  }
}

/**
 * The other end of an accepted connection. An IPv4 client of a listener on
 * all interfaces shows as itself, not as `::ffff:10.0.0.1`.
 *
 * @param scheme The listener's.
 * @param addr What the runtime says.
 * @returns Its address, for messages.
 */
export function remoteHost(scheme: string, { hostname, port }: NetAddress): HostAddress {
  return networkAddress(scheme, hostname.replace(MAPPED_IPV4, ""), port);
}

/**
 * The `host` header of a request (RFC 9110, 7.2).
 *
 * @param address Where to.
 * @returns `host:port` or `[ipv6]:port`, without the port if it is the scheme's own.
 */
export function hostHeader({ scheme, hostname, port }: HostAddress): string {
  const named = authority(namedHost(hostname), port);
  const isUsual = port === (scheme === "wss" ? 443 : 80);
  return isUsual ? named.slice(0, named.lastIndexOf(":")) : named;
}

/** Whether IPv4 alone would fail in the same way. */
function isFinal(error: unknown): boolean {
  const kind = errorKind(error);
  return kind === "addressInUse" || kind === "notPermitted" || kind === "denied";
}

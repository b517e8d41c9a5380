/**
 * Which certificates prove a host.
 *
 * A certificate proves the hosts whose URLs it has as URIs, exactly as nodes
 * give them, and no others. Without a host's URL, it proves every host at one
 * of its DNS names and IP addresses, whatever the port.
 *
 * | host | DNS or IP name | or URI |
 * |---|---|---|
 * | `tls://node-1.example:9000` | `node-1.example` | `tls://node-1.example:9000` |
 * | `wss://[2001:db8::1]:443` | `2001:db8::1` | `wss://[2001:db8::1]:443` |
 * | `unix:///run/a.sock` | none | `unix:///run/a.sock` |
 *
 * So only URLs distinguish several hosts on one machine.
 *
 * @module
 */

import { authority, type HostAddress } from "../../runtime/host_address.ts";
import type { PeerIdentity, PeerNames } from "../channel/peer_identity.ts";
import { bearsName, kindOfName, namesText } from "../channel/peer_name.ts";

/** URIs of these schemes in a certificate name hosts. */
const HOST_URL = /^(?:tls|wss|unix):\/\//;

/** What the certificate of a host must have. */
export interface ExpectedHost {
  /** Names of which the certificate must have one; the first is the one to ask for. */
  readonly names: readonly string[];
  /** If it has URLs of hosts: those of which one must be among them, unless it has a name that is a URI itself. */
  readonly urls: readonly string[];
}

/**
 * The names of which a host's certificate must have at least one.
 *
 * @param address The host.
 * @returns Its name without a zone, if it has one, and its canonical URL.
 */
export function namesOfHost(address: HostAddress): readonly string[] {
  const { hostname, port, href } = address;
  const name = hostname === "" && port !== 0 ? "localhost" : hostname.replace(/%.*$/, "");
  return name === "" ? [href] : [name, href];
}

/**
 * What proves a host that is dialled.
 *
 * @param address The host; `tcp` counts as `tls`, which it is with mutual TLS within.
 * @param serverName The name that its user expects in place of the one in the address. Default: none.
 * @returns Its names and URL; with another name, the URL with that name as well.
 */
export function expectedHost(address: HostAddress, serverName?: string): ExpectedHost {
  const { scheme, port, href } = address;
  const secure = scheme === "tcp" ? `tls${href.slice(scheme.length)}` : href;
  if (serverName === undefined) {
    const names = namesOfHost(address).map((name) => name === href ? secure : name);
    return { names, urls: [secure] };
  }
  const isHostName = port !== 0 && kindOfName(serverName) !== "uri";
  const renamed = `${secure.slice(0, 3)}://${authority(serverName.toLowerCase(), port)}`;
  return { names: [serverName], urls: isHostName ? [secure, renamed] : [secure] };
}

/**
 * Checks whether the other end may be a host.
 *
 * @param address The host that it claims to be, or that was dialled.
 * @param identity The identity that it has proven; `undefined` if it was not asked.
 * @param needsIdentity Whether it had to be asked.
 * @returns `null` if it may; otherwise the reason, naming the host and the certificate.
 */
export function bindingRefusal(
  address: HostAddress,
  identity: PeerIdentity | undefined,
  needsIdentity: boolean,
): string | null {
  const { href } = address;
  if (identity === undefined) {
    return needsIdentity
      ? `"${href}" showed no certificate, and only mutual TLS is accepted here`
      : null;
  }
  const { subject, sans } = identity;
  if (unbornePart(sans, { names: namesOfHost(address), urls: [href] }) === null) return null;
  return `the certificate "${subject}" is for ${namesText(sans)}, not for "${href}": ` +
    (bearsUrls(sans)
      ? `as it has URLs of hosts, it must have this one`
      : `it must have the name ${namesOfHost(address).join(" or ")}`);
}

/**
 * What a certificate lacks to prove a host.
 *
 * @param names Those of the certificate.
 * @param expected What it must bear.
 * @returns The end of a sentence after "is for …, not for"; `null` if nothing is missing.
 */
export function unbornePart(names: PeerNames, expected: ExpectedHost): string | null {
  const borne = expected.names.filter((name) => bearsName(names, name));
  if (borne.length === 0) return expected.names.join(" or ");
  const { urls } = expected;
  if (!bearsUrls(names) || names.uri.some((uri) => urls.includes(uri))) return null;
  if (borne.some((name) => kindOfName(name) === "uri")) return null;
  return `${urls.join(" or ")}: as it has URLs of hosts, it must have this one`;
}

function bearsUrls(names: PeerNames): boolean {
  return names.uri.some((uri) => HOST_URL.test(uri));
}

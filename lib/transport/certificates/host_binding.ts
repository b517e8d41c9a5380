/**
 * Which certificates may speak for a host.
 *
 * A certificate speaks for the hosts whose URLs it bears as URIs, exactly as
 * nodes give them, and for no others. Where it bears no host's URL, it speaks
 * for every host at one of its DNS names and IP addresses, whatever the port.
 *
 * | host | DNS or IP name | or URI |
 * |---|---|---|
 * | `tls://node-1.example:9000` | `node-1.example` | `tls://node-1.example:9000` |
 * | `wss://[2001:db8::1]:443` | `2001:db8::1` | `wss://[2001:db8::1]:443` |
 * | `unix:///run/a.sock` | none | `unix:///run/a.sock` |
 *
 * So only URLs tell several hosts on one machine apart.
 *
 * @module
 */

import { authority, type HostAddress } from "../../runtime/host_address.ts";
import type { PeerIdentity, PeerNames } from "../channel/peer_identity.ts";
import { bearsName, kindOfName, namesText } from "../channel/peer_name.ts";

/** URIs of these schemes in a certificate name hosts. */
const HOST_URL = /^(?:tls|wss|unix):\/\//;

/** What the certificate of a host must bear. */
export interface ExpectedHost {
  /** Names of which one must stand in it, the one to ask for first. */
  readonly names: readonly string[];
  /** If it bears URLs of hosts: those of which one must be among them, unless it bears a name that is a URI itself. */
  readonly urls: readonly string[];
}

/**
 * The names of which a host's certificate must bear at least one.
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
 * Judges whether the other end may be a host.
 *
 * @param address The host that it says to be, or is taken for.
 * @param identity Who it has proven to be; `undefined`: it was not asked.
 * @param needsIdentity Whether it had to be asked.
 * @returns `null`: it may; else why not, naming the host and the certificate.
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
 * What a certificate lacks to speak for a host.
 *
 * @param names Those of the certificate.
 * @param expected What it must bear.
 * @returns The end of a sentence that tells it, after "is for …, not for"; `null`: nothing.
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

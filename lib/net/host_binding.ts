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

import type { HostAddress } from "./host_address.ts";
import type { PeerIdentity, PeerNames } from "./peer_identity.ts";
import { bearsName, namesText } from "./peer_name.ts";

/** URIs of these schemes in a certificate name hosts. */
const HOST_URL = /^(?:tls|wss|unix):\/\//;

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
      ? `"${href}" has shown no certificate, and only mutual TLS is believed here`
      : null;
  }
  const { subject, sans } = identity;
  if (speaksFor(sans, address)) return null;
  return `the certificate "${subject}" is for ${namesText(sans)}, not for "${href}": ` +
    (bearsUrls(sans)
      ? `as it bears the URLs of hosts, it must bear this one`
      : `it must bear the name ${namesOfHost(address).join(" or ")}`);
}

function speaksFor(names: PeerNames, address: HostAddress): boolean {
  if (bearsUrls(names)) return names.uri.includes(address.href);
  return namesOfHost(address).some((name) => bearsName(names, name));
}

function bearsUrls(names: PeerNames): boolean {
  return names.uri.some((uri) => HOST_URL.test(uri));
}

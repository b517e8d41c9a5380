/**
 * Whether a certificate has the name that a dialler looks for.
 *
 * @module
 */

import type { PeerNames } from "./peer_identity.ts";

/** How many names of a certificate, and how many characters of each, a message shows. */
const SHOWN_NAMES = 8, SHOWN_CHARACTERS = 100;

/** What kind of name a text is, by its form. */
export type PeerNameKind = "dns" | "ip" | "uri";

/**
 * Determines the kind of name of a text.
 *
 * @param name A host name, an IP address without brackets, or a URI.
 * @returns Its kind.
 */
export function kindOfName(name: string): PeerNameKind {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(name)) return "uri";
  return /^(?:\d+\.){3}\d+$/.test(name) || name.includes(":") ? "ip" : "dns";
}

/**
 * Looks for a name among those of a certificate. Only its subject alternative
 * names count, never the subject (RFC 9525, 6.4): DNS names match in any case,
 * and `*` matches exactly the first label if at least two more follow; IP
 * addresses and URIs must be equal.
 *
 * @param names Those of the certificate.
 * @param wanted The name to look for.
 * @returns Whether it is there.
 */
export function bearsName(names: PeerNames, wanted: string): boolean {
  switch (kindOfName(wanted)) {
    case "uri":
      return names.uri.includes(wanted);
    case "ip":
      return names.ip.includes(canonicalIp(wanted));
    case "dns": {
      const name = plain(wanted);
      return names.dns.some((pattern) => matches(plain(pattern), name));
    }
  }
}

/**
 * The names of a certificate for messages.
 *
 * @param names Those of the certificate.
 * @returns At most 8 of them, each cut to 100 characters.
 */
export function namesText({ dns, ip, uri }: PeerNames): string {
  const names = [...dns, ...ip, ...uri];
  if (names.length === 0) return "no name at all";
  const shown = names.slice(0, SHOWN_NAMES).map((name) =>
    name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}…` : name
  );
  return `${shown.join(", ")}${names.length > SHOWN_NAMES ? " and more" : ""}`;
}

/**
 * An IP address in the form that `PeerNames` has.
 *
 * @param ip An IP address without brackets.
 * @returns The same, canonical.
 */
export function canonicalIp(ip: string): string {
  if (!ip.includes(":")) return ip;
  return URL.parse(`http://[${ip}]`)?.hostname.slice(1, -1) ?? ip;
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name && !pattern.includes("*");
  const domain = pattern.slice(1), dot = name.indexOf(".");
  return dot > 0 && domain.lastIndexOf(".") > 0 && !domain.includes("*") &&
    name.slice(dot) === domain;
}

/** In lower case, without the dot of a name that is written out in full. */
function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

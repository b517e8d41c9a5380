/**
 * The names that a certificate gives its owner.
 *
 * @module
 */

import { parseNamedHost } from "../../lib/runtime/host_address.ts";
import { UsageError } from "../../tools/command_line/command_line.ts";

/** A subject alternative name. */
export interface CertifiedName {
  readonly type: "dns" | "ip" | "uri";
  readonly value: string;
}

/** Who gets a certificate. */
export interface Subject {
  /** The host's canonical URL, or the name: the last one of `names`. */
  readonly title: string;
  readonly names: readonly CertifiedName[];
}

const LABEL = /^(?!-)[a-z\d_-]{1,63}(?<!-)$/;

/**
 * A host of the grid. Its names are the host's name or address, by which all
 * TLS clients look for it, and its whole URL, which tells it from others at the
 * same address and is all that a Unix socket has.
 *
 * @param url The host, as the nodes are given it.
 * @throws {UsageError} If it is malformed or has no TLS.
 */
export function hostSubject(url: string): Subject {
  const { scheme, hostname, href } = addressOf(url);
  if (!["tls", "wss", "unix"].includes(scheme)) {
    throw new UsageError(
      `--hosts ${url}: ${scheme} hosts have no certificates. ` +
        "Give hosts that begin with tls://, wss:// or unix://.",
    );
  }
  const whole = uri(href, "--hosts");
  if (hostname === "") return { title: href, names: [whole] };
  // A zone means something on one machine alone.
  return { title: href, names: [plainName(hostname.replace(/%.*$/, ""), "--hosts"), whole] };
}

/**
 * Someone who is known by a name alone, such as a client that only dials.
 *
 * @param name A DNS name, an IP address, or a URI such as a SPIFFE id.
 * @throws {UsageError} If it is none of them.
 */
export function namedSubject(name: string): Subject {
  const certified = name.includes("://") ? uri(name, "--name") : plainName(name, "--name");
  return { title: certified.value, names: [certified] };
}

function addressOf(url: string) {
  try {
    return parseNamedHost(url);
  } catch (error) {
    throw new UsageError(`--hosts: ${error instanceof Error ? error.message : error}`);
  }
}

function uri(text: string, option: string): CertifiedName {
  // Certificates have ASCII alone, and who reads them refuses anything that cannot be seen.
  if (/^[a-z][a-z\d+.-]*:\/\/[!-~]+$/i.test(text)) return { type: "uri", value: text };
  throw new UsageError(
    `${option} ${JSON.stringify(text)} cannot stand in a certificate: ` +
      "it must be a URI without spaces and with ASCII characters alone.",
  );
}

function plainName(text: string, option: string): CertifiedName {
  if (text.includes(":")) {
    const ip = URL.parse(`http://[${text}]`)?.hostname.slice(1, -1);
    if (ip !== undefined) return { type: "ip", value: ip };
  } else if (/^\d+(?:\.\d+){3}$/.test(text)) {
    if (URL.parse(`http://${text}`)?.hostname === text) return { type: "ip", value: text };
  } else {
    const dns = text.toLowerCase().replace(/\.$/, "");
    const labels = dns.replace(/^\*\.(?=.*\.)/, "").split(".");
    if (dns.length <= 253 && labels.every((label) => LABEL.test(label))) {
      return { type: "dns", value: dns };
    }
  }
  throw new UsageError(
    `${option} ${JSON.stringify(text)} is no DNS name, no IP address and no URI with "://".`,
  );
}

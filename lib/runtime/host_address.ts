/**
 * Hosts, as URLs.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { isPlain, quoted } from "../foreign/plain_text.ts";
import { servicePort } from "./service_names.ts";
import { shown } from "../foreign/text_of.ts";

/** A host URL taken apart. */
export interface HostAddress {
  /** `tcp`, `tls`, `ws`, `wss`, `unix` or `memory`. */
  readonly scheme: string;
  /** The name or IP address, without brackets, with the zone if it has one; empty for `unix` and `memory`, and for `tcp://:80`. */
  readonly hostname: string;
  /** The port; 0 for `unix` and `memory`. */
  readonly port: number;
  /** The socket's path for `unix`, the name for `memory`, else empty. */
  readonly path: string;
  /** The canonical URL: equal hosts have equal texts. */
  readonly href: string;
}

/** The schemes whose rest is `host:port`, and the port that each has unless told: 0 for none. */
const NETWORK_SCHEMES: ReadonlyMap<string, number> = new Map([
  ["tcp", 0],
  ["tls", 0],
  ["ws", 80],
  ["wss", 443],
]);
/** What no URL of a host may hold. */
export const UNSEEN = "a control character or an invisible one, such as a byte order mark (U+FEFF)";
const NAME_SCHEMES = new Set(["unix", "memory"]);

/**
 * Reads a host URL: `tcp://10.0.0.1:9000`, `ws://node-3.example:80`,
 * `tcp://[2001:db8::1]:9000`, `tcp://[fe80::1%eth0]:9000` (an address of the
 * network that `eth0` is on), `tcp://db.example:https` (a well-known service's
 * port), `tcp://:9000` (this machine when dialling, all its interfaces when
 * listening), `unix:///run/grid.sock`, `memory://a`. Without a port, `ws` has
 * 80 and `wss` 443; the others need one.
 *
 * Names and IP addresses are brought to the one form that the URL standard
 * gives them, so that `tcp://[0:0::1]:9000` and `tcp://[::1]:9000` are one host.
 *
 * @param url The text.
 * @returns Its parts and canonical form (lower-case host name, port always present and a number).
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with it.
 */
export function parseHostAddress(url: string): HostAddress {
  if (typeof url !== "string") throw invalid(shown(url), "it must be a text");
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^]*)$/.exec(url);
  if (match === null) {
    if (!isPlain(url)) throw invalid(url, `it contains ${UNSEEN}`);
    throw invalid(url, 'it must look like "tcp://10.0.0.1:9000" or "unix:///run/grid.sock"');
  }
  const scheme = match[1]!, rest = match[2]!;
  const defaultPort = NETWORK_SCHEMES.get(scheme);
  if (defaultPort === undefined && !NAME_SCHEMES.has(scheme)) {
    throw invalid(url, `"${scheme}" is not one of tcp, tls, ws, wss, unix, memory`);
  }
  if (!url.isWellFormed()) throw invalid(url, "it has half a character (a lone surrogate)");
  // Names that look the same must be the same; of some of these the URL parser would take no notice.
  if (!isPlain(rest)) throw invalid(url, `it contains ${UNSEEN}`);
  if (defaultPort === undefined) {
    if (rest === "") throw invalid(url, `nothing follows "${scheme}://"`);
    return { scheme, hostname: "", port: 0, path: rest, href: `${scheme}://${rest}` };
  }
  const hostAndPort = rest.endsWith("/") ? rest.slice(0, -1) : rest;
  checkCharacters(url, hostAndPort);
  const [hostname, port] = hostAndPort.startsWith("[")
    ? splitBracketed(url, hostAndPort)
    : splitPlain(url, hostAndPort);
  return networkAddress(scheme, hostname, portOf(url, port, defaultPort, hostAndPort));
}

/**
 * Reads the URL of a host that others must be able to find by it, as
 * {@linkcode parseHostAddress} does.
 *
 * @param url The text.
 * @returns Its parts and canonical form.
 * @throws {InternodeError} `InvalidArgument` if it is malformed, or names no host as `tcp://:9000` does.
 */
export function parseNamedHost(url: string): HostAddress {
  const address = parseHostAddress(url);
  if (address.hostname === "" && NETWORK_SCHEMES.has(address.scheme)) {
    throw invalid(
      url,
      "it names no host, and its peers know each host by its name: write the name or IP address " +
        'before the ":"',
    );
  }
  return address;
}

/** These stand for all interfaces of a machine. */
const WILDCARDS: ReadonlySet<string> = new Set(["", "0.0.0.0", "::", "::ffff:0:0"]);

/**
 * Checks that others can dial a host by its address.
 *
 * @param address The host.
 * @throws {InternodeError} `InvalidArgument` if it stands for all interfaces of a machine, or has port 0.
 */
export function checkDiallable(address: HostAddress): void {
  const { scheme, hostname, port, href } = address;
  if (!NETWORK_SCHEMES.has(scheme)) return;
  if (WILDCARDS.has(hostname.replace(/%.*$/, ""))) {
    throw invalid(
      href,
      "it stands for all interfaces of a machine, and others cannot dial that: write the name or " +
        "IP address by which they reach this one",
    );
  }
  if (port === 0) {
    throw invalid(href, "others cannot dial port 0: write the port that the server listens at");
  }
}

/**
 * Puts an address together from what the runtime says of a socket.
 *
 * @param scheme `tcp`, `tls`, `ws` or `wss`.
 * @param hostname A name or IP address in canonical form, without brackets; may be empty.
 * @param port The port.
 * @returns The address.
 */
export function networkAddress(scheme: string, hostname: string, port: number): HostAddress {
  const href = `${scheme}://${authority(hostname, port)}`;
  return { scheme, hostname, port, path: "", href };
}

/**
 * A host and port as URLs and headers have them.
 *
 * @param hostname A name or IP address, without brackets.
 * @param port The port.
 * @returns `host:port` or `[ipv6]:port`.
 */
export function authority(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function checkCharacters(url: string, rest: string): void {
  if (/[/?#]/.test(rest)) {
    const hint = url.startsWith("ws") ? " (the request path is an option)" : "";
    throw invalid(url, `a host has no path, query or fragment${hint}`);
  }
  if (rest.includes("@")) throw invalid(url, 'a host has no user before "@"');
  if (/\s/.test(rest)) throw invalid(url, "it contains a space");
}

/** `[ipv6]:port` or `[ipv6%zone]:port`. */
function splitBracketed(url: string, rest: string): [hostname: string, port: string | undefined] {
  const end = rest.indexOf("]");
  if (end < 0) throw invalid(url, 'the "[" is never closed by "]"');
  const [ip, zone] = splitOnce(rest.slice(1, end), "%");
  const hostname = canonicalIpv6(ip);
  if (hostname === undefined) throw invalid(url, `${quoted(ip)} is not an IPv6 address`);
  if (zone !== undefined && !/^[\w.-]+$/.test(zone)) {
    throw invalid(url, `${quoted(zone)} is not a zone: a network interface must follow "%"`);
  }
  const after = rest.slice(end + 1);
  if (after !== "" && !after.startsWith(":")) {
    throw invalid(url, `":" and the port must follow "]", not ${quoted(after)}`);
  }
  return [zone === undefined ? hostname : `${hostname}%${zone}`, splitOnce(after, ":")[1]];
}

/** `name:port`, `ipv4:port` or `:port`. */
function splitPlain(url: string, rest: string): [hostname: string, port: string | undefined] {
  const [name, port] = splitOnce(rest, ":");
  if (port?.includes(":") === true) {
    throw invalid(url, 'it has several ":"; an IPv6 address must be in brackets: "[::1]:9000"');
  }
  const hostname = name === "" ? "" : canonicalName(name);
  if (hostname === undefined) {
    throw invalid(url, `${quoted(name)} is neither a host name nor an IP address`);
  }
  return [hostname, port];
}

function portOf(
  url: string,
  text: string | undefined,
  defaultPort: number,
  hostAndPort: string,
): number {
  // "ws://" with nothing behind it is a slip of the pen rather than port 80 of this machine.
  if (text === undefined && defaultPort > 0 && hostAndPort !== "") return defaultPort;
  if (text === undefined || text === "") {
    throw invalid(url, 'the port is missing: it must end in "host:port" or "[ipv6]:port"');
  }
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    if (port > 65_535) throw invalid(url, `port ${text} is over 65535`);
    return port;
  }
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(text)) {
    throw invalid(url, `${quoted(text)} is not a port: write a number from 0 to 65535`);
  }
  const port = servicePort(text);
  if (port !== undefined) return port;
  throw invalid(url, `${quoted(text)} is not a well-known service: write the port number`);
}

function splitOnce(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function canonicalName(name: string): string | undefined {
  // The URL parser would decode a "%41", and end the name at a "\".
  if (/[%\\[\]]/.test(name)) return undefined;
  return URL.parse(`http://${name}`)?.hostname;
}

function canonicalIpv6(ip: string): string | undefined {
  if (!/^[0-9a-fA-F:.]+$/.test(ip)) return undefined;
  return URL.parse(`http://[${ip}]`)?.hostname.slice(1, -1);
}

function invalid(url: string, why: string): InternodeError {
  return invalidArgument(`Host ${quoted(url)} is not valid: ${why}.`);
}

/**
 * Hosts, as URLs.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";

/** A host URL taken apart. */
export interface HostAddress {
  /** `tcp`, `tls`, `ws`, `wss`, `unix` or `memory`. */
  readonly scheme: string;
  /** The name or IP address, without brackets; empty for `unix` and `memory`. */
  readonly hostname: string;
  /** The port; 0 for `unix` and `memory`. */
  readonly port: number;
  /** The socket's path for `unix`, the name for `memory`, else empty. */
  readonly path: string;
  /** The canonical URL: equal hosts have equal texts. */
  readonly href: string;
}

const NETWORK_SCHEMES = new Set(["tcp", "tls", "ws", "wss"]);
const NAME_SCHEMES = new Set(["unix", "memory"]);

/**
 * Reads a host URL: `tcp://10.0.0.1:9000`, `ws://node-3.example:80`,
 * `tcp://[2001:db8::1]:9000`, `unix:///run/grid.sock`, `memory://a`.
 *
 * Names and IP addresses are brought to the one form that the URL standard
 * gives them, so that `tcp://[0:0::1]:9000` and `tcp://[::1]:9000` are one host.
 *
 * @param url The text.
 * @returns Its parts and canonical form (lower-case host name, port always present).
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with it.
 */
export function parseHostAddress(url: string): HostAddress {
  const match = /^([a-z]+):\/\/(.+)$/su.exec(url);
  if (match === null) {
    throw invalid(url, 'it must look like "tcp://10.0.0.1:9000" or "unix:///run/grid.sock"');
  }
  const scheme = match[1]!, rest = match[2]!;
  if (NAME_SCHEMES.has(scheme)) {
    // deno-lint-ignore no-control-regex -- these are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(rest)) throw invalid(url, "it holds a control character");
    return { scheme, hostname: "", port: 0, path: rest, href: `${scheme}://${rest}` };
  }
  if (!NETWORK_SCHEMES.has(scheme)) {
    throw invalid(url, `"${scheme}" is none of tcp, tls, ws, wss, unix, memory`);
  }
  const parts = /^(?:\[([0-9a-fA-F:.]+)(%[\w.-]+)?\]|([^:/?#@[\]\s]+)):(\d{1,5})\/?$/.exec(rest);
  if (parts === null) {
    throw invalid(
      url,
      'after the scheme it must read "host:port" or "[ipv6]:port" (a request path is an option of its own)',
    );
  }
  const port = Number(parts[4]);
  if (port > 65_535) throw invalid(url, `port ${port} is over 65535`);
  const hostname = parts[1] === undefined ? canonicalName(parts[3]!) : canonicalIpv6(parts[1]);
  if (hostname === undefined) {
    throw invalid(url, `"${parts[1] ?? parts[3]}" is no host name and no IP address`);
  }
  return networkAddress(scheme, hostname + (parts[2] ?? ""), port);
}

/**
 * Puts an address together from what the runtime says of a socket.
 *
 * @param scheme `tcp`, `tls`, `ws` or `wss`.
 * @param hostname A name or IP address in canonical form, without brackets.
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

function canonicalName(name: string): string | undefined {
  return URL.parse(`http://${name}`)?.hostname;
}

function canonicalIpv6(ip: string): string | undefined {
  return URL.parse(`http://[${ip}]`)?.hostname.slice(1, -1);
}

function invalid(url: string, why: string): InternodeError {
  return new InternodeError(
    "InvalidArgument",
    `Host ${JSON.stringify(url)} is not valid: ${why}.`,
    {
      origin: "caller",
    },
  );
}

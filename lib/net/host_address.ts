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
  /** The name or IP address, without brackets; empty for `unix`. */
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
 * @param url The text.
 * @returns Its parts and canonical form (lower-case host name, port always present).
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with it.
 */
export function parseHostAddress(url: string): HostAddress {
  const match = /^([a-z]+):\/\/(.+)$/.exec(url);
  if (match === null) {
    throw invalid(url, 'it must look like "tcp://10.0.0.1:9000" or "unix:///run/grid.sock"');
  }
  const scheme = match[1]!, rest = match[2]!;
  if (NAME_SCHEMES.has(scheme)) {
    return { scheme, hostname: "", port: 0, path: rest, href: `${scheme}://${rest}` };
  }
  if (!NETWORK_SCHEMES.has(scheme)) {
    throw invalid(url, `"${scheme}" is none of tcp, tls, ws, wss, unix, memory`);
  }
  const parts = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:/?#@[\]\s]+)):(\d{1,5})\/?$/.exec(rest);
  if (parts === null) throw invalid(url, 'after the scheme it must read "host:port" or "[ipv6]:port"');
  const port = Number(parts[3]);
  if (port > 65_535) throw invalid(url, `port ${port} is over 65535`);
  const hostname = (parts[1] ?? parts[2]!).toLowerCase();
  const shown = parts[1] === undefined ? hostname : `[${hostname}]`;
  return { scheme, hostname, port, path: "", href: `${scheme}://${shown}:${port}` };
}

function invalid(url: string, why: string): InternodeError {
  return new InternodeError("InvalidArgument", `Host ${JSON.stringify(url)} is not valid: ${why}.`, {
    origin: "caller",
  });
}

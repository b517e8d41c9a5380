/**
 * The attributes of spans, by OpenTelemetry's conventions for remote procedure
 * calls (https://opentelemetry.io/docs/specs/semconv/rpc/).
 *
 * @module
 */

import type { SpanOptions } from "../contract/tracer.ts";

/**
 * The attributes of a call's span.
 *
 * @param side The side whose address `host` is.
 * @param host The other side's URL or address; `null` when it is not known yet.
 */
export function spanAttributes(
  handler: string,
  subroute: string,
  side: "client" | "server",
  host: string | null,
): SpanOptions["attributes"] {
  const attributes: Record<string, string | number> = {
    "rpc.system.name": "internode",
    "rpc.method": handler,
  };
  if (subroute !== "") attributes["internode.subroute"] = subroute;
  if (host === null) return attributes;
  const { address, port } = splitAddress(host);
  attributes[`${side}.address`] = address;
  if (port !== undefined) attributes[`${side}.port`] = port;
  return attributes;
}

const WITH_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)(.*)$/;
const WITH_PORT = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/;

/** Splits a URL such as `"tcp://[::1]:9000"`, or an address alone, into host and port. */
function splitAddress(host: string): { readonly address: string; readonly port?: number } {
  const [, authority = host, path = ""] = WITH_AUTHORITY.exec(host) ?? [];
  // A URL without a host has a path, such as a Unix socket.
  if (authority === "") return { address: path === "" ? host : path };
  const [, bracketed, plain, port] = WITH_PORT.exec(authority) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined || address === "") return { address: authority };
  return { address, port: Number(port) };
}

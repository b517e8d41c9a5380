/**
 * The attributes of spans, by OpenTelemetry's conventions for remote procedure
 * calls (https://opentelemetry.io/docs/specs/semconv/rpc/), as they are stable
 * since version 1.45.0.
 *
 * @module
 */

import type { SpanOptions } from "../contract/tracer.ts";

/** How the conventions name this library's calls. */
export const SYSTEM_NAME = "internode";
/** How they name methods that nobody has. */
export const OTHER_METHOD = "_OTHER";

/** The attributes of the span of a call for which there is no handler: its name may be anything. */
export function unknownAttributes(
  name: string,
  subroute: string,
  host: string,
): SpanOptions["attributes"] {
  const attributes = spanAttributes(OTHER_METHOD, subroute, "client", host);
  return { ...attributes, "rpc.method_original": name };
}

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
    "rpc.system.name": SYSTEM_NAME,
    "rpc.method": handler,
  };
  if (subroute !== "") attributes["internode.subroute"] = subroute;
  if (host === null) return attributes;
  const { address, port } = splitAddress(host);
  attributes[`${side}.address`] = address;
  if (port !== undefined) attributes[`${side}.port`] = port;
  return attributes;
}

/**
 * The attributes of a span whose call goes to a replica now.
 *
 * @param host The replica's address; `#2` and so on behind it is a connection of several.
 * @param attempt Which attempt of the call it is, from 1.
 */
export function attemptAttributes(host: string, attempt: number): SpanOptions["attributes"] {
  const { address, port } = splitAddress(host.replace(/#\d+$/, ""));
  return {
    "network.peer.address": address,
    ...port !== undefined && { "network.peer.port": port },
    "internode.replica": host,
    "internode.attempt": attempt,
  };
}

/**
 * The attribute of a span whose call has ended.
 *
 * @param code `null`: it went well.
 */
export function statusAttributes(code: string | null): SpanOptions["attributes"] {
  return { "rpc.status_code": code ?? "OK" };
}

const WITH_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)(.*)$/;
const WITH_PORT = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/;

/** Splits a URL such as `"tcp://[::1]:9000"`, or an address alone, into host and port. */
export function splitAddress(host: string): { readonly address: string; readonly port?: number } {
  const [, authority = host, path = ""] = WITH_AUTHORITY.exec(host) ?? [];
  // A URL without a host has a path, such as a Unix socket.
  if (authority === "") return { address: path === "" ? host : path };
  const [, bracketed, plain, port] = WITH_PORT.exec(authority) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined || address === "") return { address: authority };
  return { address, port: Number(port) };
}

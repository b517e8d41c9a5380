/**
 * Endpoints that have a URL.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../errors.ts";
import { isPlain, quoted } from "../foreign/plain_text.ts";
import type { Endpoint } from "./channel/endpoint.ts";
import {
  type HostAddress,
  networkAddress,
  parseHostAddress,
  UNSEEN,
} from "../runtime/host_address.ts";
import type { Channel, Transport, Transports } from "./channel/transport.ts";
import { systemTransports, transportsOf } from "./transports.ts";
import { func, optionsOf } from "../foreign/option_checks.ts";
import { shown } from "../foreign/text_of.ts";

/** The default request path of WebSocket endpoints. */
const DEFAULT_PATH = "/internode";

const shared = systemTransports();

/** How a {@linkcode NetEndpoint} is reached. */
export interface NetEndpointOptions {
  /** How hosts are reached: pass `systemTransports({ caCerts })` for your own authorities. Default: `systemTransports()`. */
  readonly transports?: Transports | undefined;
}

/** How a TCP endpoint is reached. */
export interface TcpEndpointOptions extends NetEndpointOptions {
  /** Returns the IP addresses of the host's name for each dial; they are tried in turn. Default: the system's resolver. */
  readonly lookUp?:
    | ((hostname: string, signal: AbortSignal) => Promise<readonly string[]>)
    | undefined;
}

/** How a WebSocket endpoint is reached. */
export interface WebSocketEndpointOptions extends NetEndpointOptions {
  /** The token in the upgrade request (`authorization: Bearer …`), or a function that makes it for each attempt: for a server whose `listen` has option `authorize`. Default: the proof that a client with option `auth` makes of its secret, for all other servers. */
  readonly token?: string | (() => string | undefined) | undefined;
}

/**
 * An endpoint that prints as `net://address`, in the grammar of a `Manager`'s
 * hosts: `tcp://10.0.0.1:9000`, `tls://…`, `unix:///run/cache.sock`,
 * `memory://a`, and with a request path `ws://10.0.0.1:80/internode`, `wss://…`.
 * {@linkcode parseNetEndpoint} reads that back.
 *
 * @example
 * ```ts
 * import { parseNetEndpoint, tcp, ws } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const endpoint = tcp("[2001:DB8::1]:https");
 * assertEquals(`${endpoint}`, "tcp://[2001:db8::1]:443");
 * assertEquals(parseNetEndpoint(`${endpoint}`).address, endpoint.address);
 * assertEquals(`${ws("ws://node-3.example")}`, "ws://node-3.example:80/internode");
 * ```
 */
export class NetEndpoint implements Endpoint {
  /** Its kind of network: `tcp`, `tls`, `ws`, `wss`, `unix` or `memory`. */
  readonly net: string;
  /** Its canonical URL: endpoints with equal addresses are one. */
  readonly address: string;
  /** The host, taken apart; without the request path. */
  readonly host: HostAddress;
  /** The request path of a WebSocket endpoint, encoded, with the query if there is one; empty for all others. */
  readonly path: string;

  readonly #transports: Transports;
  readonly #token: WebSocketEndpointOptions["token"];
  readonly #lookUp: TcpEndpointOptions["lookUp"];

  /**
   * Makes an endpoint of a host; {@linkcode tcp}, {@linkcode unix}, {@linkcode
   * ws} and {@linkcode parseNetEndpoint} make one of a text.
   *
   * @param host The host.
   * @param path The request path of a WebSocket endpoint, beginning with `/`. Default: `"/internode"`.
   * @param options How it is reached.
   */
  constructor(
    host: HostAddress,
    path: string = DEFAULT_PATH,
    options: WebSocketEndpointOptions & TcpEndpointOptions = {},
  ) {
    this.net = host.scheme;
    this.host = host;
    this.path = isWebSocket(host) ? canonicalPath(path) : "";
    this.address = host.href + this.path;
    this.#transports = transportsOf(optionsOf("an endpoint", options).transports) ?? shared;
    const { token, lookUp } = options;
    if (token !== undefined && typeof token !== "string") func("token", token);
    if (lookUp !== undefined) func("lookUp", lookUp);
    this.#token = token;
    this.#lookUp = this.net === "tcp" && isName(host.hostname) ? lookUp : undefined;
  }

  /**
   * The transport for dialling it, and for listening there.
   *
   * @throws {InternodeError} `InvalidArgument` if there is none for its kind of network.
   */
  get transport(): Transport {
    const transport = this.#transports[this.net];
    if (transport !== undefined) return transport;
    const known = Object.keys(this.#transports).join(", ");
    throw invalidArgument(`There is no transport for ${this.address}; there are: ${known}.`, {
      host: this.address,
    });
  }

  /**
   * Connects.
   *
   * @param signal Aborts.
   * @param makeToken See {@linkcode Endpoint.dial}; not called where the endpoint has a token of its own.
   * @param early See {@linkcode Endpoint.dial}.
   * @returns The channel. Rejects with the signal's reason, or with an
   * `InternodeError` that names the host: `Unauthenticated` or
   * `PermissionDenied` if the other end refuses this side, `InvalidArgument` if
   * it can never succeed, otherwise `Unreachable`.
   */
  async dial(signal: AbortSignal, makeToken?: () => string, early = false): Promise<Channel> {
    if (this.#lookUp !== undefined) return await this.#dialEach(this.#lookUp, signal, early);
    const own = typeof this.#token === "function" ? this.#token() : this.#token;
    const token = own ?? (isWebSocket(this.host) ? makeToken?.() : undefined);
    return await this.transport.dial(this.host, { signal, path: this.path, token, early });
  }

  /** Dials one of its addresses after the other. */
  async #dialEach(
    lookUp: NonNullable<TcpEndpointOptions["lookUp"]>,
    signal: AbortSignal,
    early: boolean,
  ): Promise<Channel> {
    const { scheme, hostname, port } = this.host;
    let failure: unknown = undefined;
    for (const address of await lookUp(hostname, signal)) {
      signal.throwIfAborted();
      try {
        return await this.transport.dial(networkAddress(scheme, address, port), {
          signal,
          path: "",
          early,
        });
      } catch (error) {
        failure = error;
      }
    }
    throw failure ?? new InternodeError("Unreachable", `${this.address} has no address.`, {
      origin: "network",
      host: this.address,
    });
  }

  /** See {@linkcode Endpoint.onChange}: its transport's. */
  onChange(listener: () => void): () => void {
    return this.#transports[this.net]?.onChange?.(listener) ?? (() => {});
  }

  /** Returns `address`. */
  toString(): string {
    return this.address;
  }
}

/**
 * A TCP endpoint.
 *
 * @param address `"host:port"`, `"10.0.0.1:9000"`, `"[2001:db8::1]:9000"`, with a zone
 * `"[fe80::1%eth0]:9000"`, with a well-known service's name `"db.example:https"`; `":80"` is this machine.
 * @param options How it is reached.
 * @returns The endpoint; it does not dial yet.
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with the address.
 *
 * @example
 * ```ts
 * import { tcp } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tcp("10.0.0.1:9000").address, "tcp://10.0.0.1:9000");
 * assertEquals(tcp(":80").net, "tcp");
 * ```
 */
export function tcp(address: string, options: TcpEndpointOptions = {}): NetEndpoint {
  return new NetEndpoint(hostOf("tcp", "an address", address), undefined, options);
}

/**
 * An endpoint at a Unix socket.
 *
 * @param path The socket's path; one that is not absolute counts from the working directory.
 * @param options How it is reached.
 * @returns The endpoint; it does not dial yet.
 * @throws {InternodeError} `InvalidArgument` if the path is empty or contains a control character.
 *
 * @example
 * ```ts
 * import { unix } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unix("/run/cache.sock").address, "unix:///run/cache.sock");
 * ```
 */
export function unix(path: string, options: NetEndpointOptions = {}): NetEndpoint {
  return new NetEndpoint(hostOf("unix", "a path", path), undefined, options);
}

/**
 * A WebSocket endpoint.
 *
 * @param url `"ws://host:port/path"` or `"wss://host:port/path"`. Without a port: 80 or 443; without a path: `"/internode"`, while `"/"` is a path.
 * @param options How it is reached.
 * @returns The endpoint; it does not dial yet.
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with the URL.
 *
 * @example
 * ```ts
 * import { ws } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ws("wss://node-3.example/cache").address, "wss://node-3.example:443/cache");
 * ```
 */
export function ws(url: string, options: WebSocketEndpointOptions = {}): NetEndpoint {
  if (typeof url !== "string" || !/^wss?:\/\//.test(url)) {
    throw invalidArgument(`ws takes a URL that begins with ws:// or wss://, not ${shown(url)}.`);
  }
  return parseNetEndpoint(url, options);
}

/**
 * An endpoint within this process, for tests and tools.
 *
 * @param name Any name.
 * @param options How it is reached: your own `memoryTransport` keeps its names separate from others.
 * @returns The endpoint; it does not dial yet.
 * @throws {InternodeError} `InvalidArgument` if the name is empty or contains a control character.
 */
export function memory(name: string, options: NetEndpointOptions = {}): NetEndpoint {
  return new NetEndpoint(hostOf("memory", "a name", name), undefined, options);
}

/**
 * Parses what a {@linkcode NetEndpoint} prints, and everything else that its
 * grammar allows: `"tcp://:https"`, `"unix:///run/cache.sock"`,
 * `"ws://host/path"`.
 *
 * @param text The text.
 * @param options How the endpoint is reached.
 * @returns The endpoint; it does not dial yet.
 * @throws {InternodeError} `InvalidArgument`, naming what is wrong with the text.
 *
 * @example
 * ```ts
 * import { parseNetEndpoint } from "@internode/grid/call";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseNetEndpoint("tcp://Node-1.Example:http").address, "tcp://node-1.example:80");
 * assertThrows(() => parseNetEndpoint("tcp://node-1.example"), Error, "the port is missing");
 * ```
 */
export function parseNetEndpoint(
  text: string,
  options: WebSocketEndpointOptions = {},
): NetEndpoint {
  if (typeof text !== "string") return new NetEndpoint(parseHostAddress(text));
  const parts = /^(wss?:\/\/[^/?#]*)([/?#][^]*)$/.exec(text);
  if (parts === null) return new NetEndpoint(parseHostAddress(text), undefined, options);
  const host = parseHostAddress(parts[1]!), path = parts[2]!;
  if (path.includes("#")) {
    throw invalidArgument(`Endpoint ${quoted(text)} is not valid: a request path has no "#".`);
  }
  if (path.includes(" ") || !isPlain(path)) {
    throw invalidArgument(
      `Endpoint ${quoted(text)} is not valid: its path contains a space or ${UNSEEN}.`,
    );
  }
  return new NetEndpoint(host, path.startsWith("?") ? `/${path}` : path, options);
}

function hostOf(scheme: string, what: string, text: string): HostAddress {
  if (typeof text !== "string") {
    throw invalidArgument(`${scheme} takes ${what}, not ${shown(text)}.`);
  }
  if (/^[a-z]+:\/\//i.test(text)) {
    throw invalidArgument(
      `${scheme} takes ${what} without "${scheme}://", not ${quoted(text)}; ` +
        "parseNetEndpoint reads whole URLs.",
    );
  }
  return parseHostAddress(`${scheme}://${text}`);
}

/** Whether a host is a name and not an IP address. */
function isName(hostname: string): boolean {
  return hostname !== "" && !hostname.includes(":") && !/^[\d.]+$/.test(hostname);
}

function isWebSocket({ scheme }: HostAddress): boolean {
  return scheme === "ws" || scheme === "wss";
}

function canonicalPath(path: string): string {
  const { pathname, search } = new URL(`http://host${path}`);
  return pathname + search;
}

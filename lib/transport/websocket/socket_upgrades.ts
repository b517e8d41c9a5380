/**
 * WebSocket requests that a server of the user has read, with their
 * connections: the `upgrade` event of `node:http` and `node:https`.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { NodeSocket } from "../../runtime/node/node_socket.ts";
import type { ByteStream } from "../../runtime/platform/byte_stream.ts";
import { remoteHost } from "../../runtime/socket_host.ts";
import { joined } from "../../wire/part_of.ts";
import { refusedConnection } from "../channel/hand_over.ts";
import type { HandshakeLimiter } from "../channel/handshake_limiter.ts";
import type { ListenOptions } from "../channel/transport.ts";
import { TransportHandshakes } from "../channel/transport_handshakes.ts";
import { ConnChannel } from "../tcp/conn_channel.ts";
import { RefusedRequest } from "./refused_request.ts";
import { refuseRequest, webSocketHandshake } from "./web_socket_acceptor.ts";
import { TOO_MANY } from "./web_socket_upgrade.ts";

/** A request as `node:http` has it (`IncomingMessage`). */
export interface UpgradeRequest {
  /** `GET`. */
  readonly method?: string | undefined;
  /** The target: path and query. */
  readonly url?: string | undefined;
  /** `1.1`. */
  readonly httpVersion: string;
  /** The names and values of its header fields, in turns, as they came. */
  readonly rawHeaders: readonly string[];
}

/** What {@linkcode SocketUpgrades} has to know. */
export interface SocketUpgradeOptions
  extends Pick<ListenOptions, "accept" | "authorize" | "allowOrigins" | "allowHosts" | "onError"> {
  /** Limits connections whose handshake is not done. */
  readonly limiter: HandshakeLimiter;
}

/**
 * Answers such requests as a listener of `ws` does: the head is put together
 * again and read by the same code, and the frames are this library's own.
 */
export class SocketUpgrades {
  readonly #local: HostAddress;
  readonly #options: SocketUpgradeOptions;
  readonly #handshakes: TransportHandshakes;

  /**
   * @param local The node.
   * @param options Who takes the channels, and what a request must show.
   */
  constructor(local: HostAddress, options: SocketUpgradeOptions) {
    this.#local = local;
    this.#options = options;
    const { accept, onError, limiter } = options;
    this.#handshakes = new TransportHandshakes(
      { accept, onError, limiter },
      webSocketHandshake({ ...options, hostname: local.hostname }),
      limiter,
    );
    this.#handshakes.address = local.href;
  }

  /**
   * Upgrades a request to WebSocket, or refuses it.
   *
   * @param request The request.
   * @param stream Its connection, owned from now on.
   * @param head What has come behind the request.
   * @param ip The IP address that counts for the limits; `null` if there is none.
   * @throws {InternodeError} `InvalidArgument` for anything else.
   */
  take(request: UpgradeRequest, stream: ByteStream, head: Uint8Array, ip: string | null): void {
    const channel = this.#channel(request, stream, head, ip);
    const slot = this.#options.limiter.acquire(ip, nothing);
    if (typeof slot !== "string") return this.#handshakes.enter(channel, undefined, slot);
    const { href } = this.#local;
    this.#options.onError?.(refusedConnection("Overloaded", channel.remote, href, slot, null));
    void answer(channel, 503, TOO_MANY);
  }

  /** Refuses a request without checking it. */
  refuse(
    request: UpgradeRequest,
    stream: ByteStream,
    head: Uint8Array,
    status: number,
    why: string,
  ): void {
    void answer(this.#channel(request, stream, head, null), status, why);
  }

  /** Ends connections that are not accepted yet. */
  close(): void {
    this.#handshakes.close();
  }

  #channel(
    request: UpgradeRequest,
    stream: ByteStream,
    head: Uint8Array,
    ip: string | null,
  ): ConnChannel {
    check(request, stream, head);
    stream.setTimeout?.(0);
    stream.setNoDelay?.(true);
    const first = joined([headBytes(request), head]);
    const conn = new NodeSocket().take(stream, false, () => null, first);
    return new ConnChannel(conn, ip ?? this.#remoteOf(stream) ?? "a WebSocket client", false);
  }

  #remoteOf({ remoteAddress: hostname, remotePort: port }: ByteStream): string | null {
    if (hostname === undefined || port === undefined) return null;
    return remoteHost(this.#local.scheme, { transport: "tcp", hostname, port }).href;
  }
}

async function answer(channel: ConnChannel, status: number, why: string): Promise<void> {
  await refuseRequest(channel, new RefusedRequest(status, why));
  channel.close();
}

/** `node:http` gives each byte of a field as one character. */
function headBytes({ method, url, httpVersion, rawHeaders }: UpgradeRequest): Uint8Array {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  }
  text += "\r\n";
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function check(request: UpgradeRequest, stream: ByteStream, head: Uint8Array): void {
  const isRequest = typeof request?.httpVersion === "string" && Array.isArray(request.rawHeaders);
  const isStream = typeof stream?.on === "function" && typeof stream.write === "function" &&
    typeof stream.destroy === "function";
  if (isRequest && isStream && ArrayBuffer.isView(head)) return;
  throw invalidArgument(
    "upgradeSocket takes what the upgrade event of node:http gives: a request, its socket, and " +
      "the bytes behind its head. For a Request of the Fetch API call upgrade.",
  );
}

function nothing(): void {}

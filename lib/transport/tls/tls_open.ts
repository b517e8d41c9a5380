/**
 * TLS on a channel.
 *
 * @module
 */

import {
  connect,
  type ConnectionOptions,
  createServer,
  type TlsOptions,
  type TLSSocket,
} from "node:tls";
import type { ChannelDuplex } from "./channel_duplex.ts";
import { PeerLeft } from "../channel/peer_left.ts";
import { TlsChannel, type TlsInbox } from "./tls_channel.ts";

/**
 * No time limit of the runtime's for a handshake: its timer would keep a failed
 * handshake, 25 KiB, for two minutes. The callers have their own limits.
 */
const NEVER = -1;

/** A connection whose TLS handshake is done. */
export interface OpenTls {
  /** The socket, which knows the results of the handshake. */
  readonly socket: TLSSocket;
  /** The decrypted bytes. */
  readonly channel: TlsChannel;
}

/** What TLS runs on. */
export interface TlsGround {
  /** The channel underneath. */
  readonly duplex: ChannelDuplex;
  /** Decides whether the channel may be read. */
  readonly inbox: TlsInbox;
  /** The other end, for messages. */
  readonly remote: string;
}

/**
 * Runs the handshake as the accepting side.
 *
 * @param ground What TLS works on, owned from now on.
 * @param options As `node:tls` takes them.
 * @returns The connection. Rejects with the failure; the caller must then destroy the ground.
 */
export function acceptTls(
  { duplex, inbox, remote }: TlsGround,
  options: TlsOptions,
): Promise<OpenTls> {
  return new Promise((resolve, reject) => {
    onFailure(duplex, reject);
    // A server that does not listen: the runtime verifies clients only through a server.
    const server = createServer({ ...options, handshakeTimeout: NEVER });
    server.on("tlsClientError", (error, socket) => {
      socket.destroy();
      reject(error);
    });
    server.on("secureConnection", (socket) => {
      resolve({ socket, channel: new TlsChannel(socket, duplex, inbox, remote) });
    });
    server.emit("connection", duplex);
  });
}

/**
 * Shakes hands as the side that has dialled.
 *
 * @param ground What TLS works on, owned from now on.
 * @param options As `node:tls` takes them, without the socket.
 * @returns As {@linkcode acceptTls} does.
 */
export function dialTls(
  { duplex, inbox, remote }: TlsGround,
  options: ConnectionOptions,
): Promise<OpenTls> {
  return new Promise((resolve, reject) => {
    onFailure(duplex, reject);
    const socket = connect({ ...options, socket: duplex });
    const channel = new TlsChannel(socket, duplex, inbox, remote);
    socket.on("error", reject);
    socket.on("secureConnect", () => resolve({ socket, channel }));
  });
}

function onFailure(duplex: ChannelDuplex, reject: (error: Error) => void): void {
  duplex.on("error", reject);
  const onEnd = (): void => reject(new PeerLeft("the connection ended within the TLS handshake"));
  // The runtime would wait on after the other side has ended its half.
  duplex.on("end", onEnd);
  duplex.on("close", onEnd);
}

/**
 * WebSocket, with and without TLS.
 *
 * @module
 */

import { closeConn } from "./conn_channel.ts";
import { connectTcp, dialChannel } from "./dial_conn.ts";
import type { HostAddress } from "./host_address.ts";
import { connectTls, requireIdentity, type TlsOptions } from "./tls.ts";
import type { Channel, DialOptions, Transport } from "./transport.ts";
import { DialledWebSocket } from "./web_socket_dialled.ts";
import { upgradeConn, type UpgradeRequest, upgradeRequest } from "./web_socket_dialler.ts";
import { WebSocketListener } from "./web_socket_listener.ts";

/**
 * Connections over WebSocket. Needs `--allow-net`.
 *
 * @param options Certificates, for `wss`.
 * @returns The transport for `ws://host:port` and `wss://host:port`.
 */
export function webSocketTransport(options: TlsOptions = {}): Transport {
  const caCerts = [...(options.caCerts ?? [])];
  return {
    dial: (address, dialOptions) => dial(address, dialOptions, caCerts),

    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listen(address, listenOptions) {
      const identity = address.scheme === "wss" ? requireIdentity(address, options) : undefined;
      return new WebSocketListener(address, identity, listenOptions);
    },
  };
}

function dial(
  address: HostAddress,
  { signal, path, token }: DialOptions,
  caCerts: string[],
): Promise<Channel> {
  return dialChannel(address, signal, async () => {
    const request = upgradeRequest(address, path, token);
    const conn = address.scheme === "wss"
      ? await connectTls(address, signal, { caCerts, alpnProtocols: ["http/1.1"] })
      : await connectTcp(address, signal);
    return await upgrade(conn, address, request, signal);
  });
}

async function upgrade(
  conn: Deno.Conn,
  address: HostAddress,
  request: UpgradeRequest,
  signal: AbortSignal,
): Promise<DialledWebSocket> {
  const onAbort = (): void => closeConn(conn);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const first = await upgradeConn(conn, address, request);
    signal.throwIfAborted();
    return new DialledWebSocket(conn, address.href, first);
  } catch (error) {
    closeConn(conn);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The transports of real nodes.
 *
 * @module
 */

import { sharedMemoryTransport } from "./memory.ts";
import { tcpTransport } from "./tcp.ts";
import { type TlsOptions, tlsTransport } from "./tls.ts";
import type { Transports } from "./transport.ts";
import { unixTransport } from "./unix.ts";
import { webSocketTransport } from "./web_socket.ts";

/**
 * All transports that this library has, by URL scheme. Making them needs no
 * permission; using them does, except `memory`.
 *
 * @param options Certificates, for `tls` and `wss`.
 * @returns `tcp`, `tls`, `ws`, `wss`, `unix` and `memory`.
 */
export function systemTransports(options: TlsOptions = {}): Transports {
  const webSocket = webSocketTransport(options);
  return {
    tcp: tcpTransport(),
    tls: tlsTransport(options),
    ws: webSocket,
    wss: webSocket,
    unix: unixTransport(),
    memory: sharedMemoryTransport,
  };
}

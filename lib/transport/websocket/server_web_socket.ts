/**
 * The WebSocket of a server whose handlers are given in advance, such as
 * `Bun.serve`.
 *
 * @module
 */

import { MAX_BATCH_BYTES } from "../../wire/limits.ts";
import { ServedSocket, type ServerWebSocket } from "./server_web_socket_channel.ts";

/** A server that can upgrade a request to WebSocket. */
export interface UpgradeServer {
  /** Upgrades a request; `false` if it is not one for WebSocket. */
  upgrade(request: Request, options?: { data?: unknown }): boolean;
}

/** The WebSocket handlers of a server: its option `websocket`. */
export interface WebSocketHandlers {
  /** The largest message that is accepted, in bytes. */
  readonly maxPayloadLength: number;
  /** After how many idle seconds the server ends a connection; 0 for never. */
  readonly idleTimeout: number;
  /** A connection is open. */
  open(socket: ServerWebSocket): void;
  /** A message has arrived. */
  message(socket: ServerWebSocket, message: string | Uint8Array): void;
  /** Some waiting bytes have left. */
  drain(socket: ServerWebSocket): void;
  /** A connection has ended. */
  close(socket: ServerWebSocket, code: number, reason: string): void;
}

/** The handlers of a program's own connections: {@linkcode WebSocketHandlers} and other options, all optional. */
export type OtherWebSocketHandlers = { readonly [Name in keyof WebSocketHandlers]?: unknown };

/**
 * Makes what `Bun.serve` takes as `websocket`, so that `Manager.upgrade` can
 * be used there. The server takes no message above 2 MiB; connections have no
 * idle time-out, as this library has pings of its own.
 *
 * @param others Handlers and options for the program's other WebSocket connections. Its `maxPayloadLength` counts if it is larger, its `idleTimeout` if it is given; both hold for all connections of the server. Default: there are none.
 * @returns The handlers: those of {@linkcode Manager} for its own connections, else `others`.
 *
 * @example On Bun
 * ```ts ignore
 * const server = Bun.serve({
 *   port: 8000,
 *   fetch(request, server) {
 *     const { pathname } = new URL(request.url);
 *     if (pathname === "/internode") return grid.upgrade(request, { server });
 *     return new Response("a page");
 *   },
 *   websocket: webSocketHandlers(),
 * });
 * ```
 */
export function webSocketHandlers<Others extends OtherWebSocketHandlers>(
  others?: Others,
): Omit<Others, keyof WebSocketHandlers> & WebSocketHandlers {
  const { open, message, drain, close, maxPayloadLength = 0, idleTimeout = 0, ...options } =
    (others ?? {}) as Partial<WebSocketHandlers>;
  return {
    ...options as Omit<Others, keyof WebSocketHandlers>,
    maxPayloadLength: Math.max(maxPayloadLength, MAX_BATCH_BYTES),
    idleTimeout,
    open(socket) {
      const { data } = socket;
      if (data instanceof ServedSocket) data.onOpen(socket);
      else return open?.(socket);
    },
    message(socket, bytes) {
      const { data } = socket;
      if (data instanceof ServedSocket) data.channel?.onMessage(bytes);
      else return message?.(socket, bytes);
    },
    drain(socket) {
      const { data } = socket;
      if (data instanceof ServedSocket) data.channel?.onDrain();
      else return drain?.(socket);
    },
    close(socket, code, reason) {
      const { data } = socket;
      if (data instanceof ServedSocket) data.channel?.onClose(code, reason);
      else return close?.(socket, code, reason);
    },
  };
}

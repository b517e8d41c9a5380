/**
 * The runtime's own WebSocket, on both sides.
 *
 * @module
 */

import { loadOnce, transportOnDemand } from "../channel/transport_on_demand.ts";
import type { Transport } from "../channel/transport.ts";
import type { TlsOptions } from "../tls/tls.ts";

const native = loadOnce(() => import("./native_web_socket_transport.ts"));

/**
 * Connections over the WebSocket of the runtime: its client dials, its HTTP
 * server accepts. Both are compatible with `ws` and `wss` of
 * `systemTransports`, so each side may choose for itself. Those limit memory
 * better, and are the default; docs/transports.md compares the two:
 *
 * - the runtime assembles a message of any size before this library sees it;
 *   who may connect is judged before the upgrade all the same
 * - a refusal has a status, no text
 * - a listener that is closed answers with status 503 until the connections
 *   that it made have ended, as the runtime would close them with it
 *
 * On Deno only; elsewhere dialling and listening fail with `InvalidArgument`.
 * Needs `--allow-net`.
 *
 * @param options Certificates, for `wss`.
 * @returns The transport for `ws://host:port` and `wss://host:port`.
 *
 * @example
 * ```ts
 * import { Manager, nativeWebSocketTransport, sharedSecret, systemTransports } from "@internode/grid";
 *
 * const local = "ws://127.0.0.1:9000";
 * await using manager = new Manager({
 *   local,
 *   hosts: [local, "ws://127.0.0.1:9001"],
 *   transports: { ...systemTransports(), ws: nativeWebSocketTransport() },
 *   auth: sharedSecret("32 random bytes stand here, or so"),
 * });
 * ```
 */
export function nativeWebSocketTransport(options: TlsOptions = {}): Transport {
  return transportOnDemand(async () => (await native()).overNativeWebSocket(options));
}

/**
 * Mutual TLS over any transport, dialling and listening.
 *
 * @module
 */

import { loadOnce, transportOnDemand } from "../channel/transport_on_demand.ts";
import { certificateToExpect, diallingSide } from "./mtls.ts";
import { credentialsOf, withCredentials } from "../certificates/known_credentials.ts";
import type { MtlsConfig } from "../certificates/mtls_config.ts";
import { credentialSource, type MtlsCredentials } from "../certificates/mtls_credentials.ts";
import type { Transport, Transports } from "../channel/transport.ts";
import { systemTransports, webSocketModule } from "../transports.ts";

const listeningSide = loadOnce(() => import("./mtls_listen.ts"));

/**
 * Makes a transport whose channels carry bytes one of mutual TLS, such as
 * `mtlsTransport(config, tcpTransport())` for `tls://host:port`, or over
 * `unixTransport()` for `unix:///path`. Its channels have an `identity`.
 *
 * The listener asks for the dialler's certificate. Connections that are
 * refused, or whose handshake fails or takes too long, are closed and reported
 * to `onError`, and never reach `accept`.
 *
 * @param config This side's certificate and key, and the trusted authorities; `MtlsCredentials` for certificates that change.
 * @param inner The transport within.
 * @returns The transport.
 * @throws {InternodeError} `InvalidArgument` if the configuration is wrong.
 */
export function mtlsTransport(config: MtlsConfig | MtlsCredentials, inner: Transport): Transport {
  const source = credentialSource(config);
  return withCredentials<Transport>({
    guarded: true,

    async dial(address, options) {
      const host = certificateToExpect(source.current, options.host ?? address);
      const { secureDialled } = await diallingSide();
      const channel = await inner.dial(address, options);
      const { signal, early } = options;
      return await secureDialled(channel, address.href, source, host, signal, early);
    },

    listen: async (address, options) => {
      const { listenSecured } = await listeningSide();
      return await listenSecured(inner, address, options, source);
    },

    onChange: (listener) => source.onChange(listener),
  }, source);
}

/**
 * Transports with mutual TLS only, so that nothing is sent without it: `tls`
 * over TCP, `unix` over Unix sockets, and `wss`: WebSocket over TLS over TCP,
 * whose upgrade request is read once both sides trust each other. Dialling and
 * listening need `--allow-net`, and Unix sockets `--allow-read` and
 * `--allow-write` for the path.
 *
 * @param config This side's certificate and key, and the trusted authorities; `MtlsCredentials` for certificates that change.
 * @returns `tls`, `unix` and `wss`.
 * @throws {InternodeError} `InvalidArgument` if the configuration is wrong.
 *
 * @example A listener that serves each client by the names in its certificate
 * ```ts
 * import { HandlerMap, listen, type MtlsConfig, mtlsTransports } from "@internode/grid/call";
 *
 * async function serveReaders(config: MtlsConfig) {
 *   const all = new HandlerMap(), none = new HandlerMap();
 *   return await listen(
 *     "tls://:9000",
 *     ({ identity }) => identity?.sans.dns.includes("reader.example") ? all : none,
 *     { transports: mtlsTransports(config) },
 *   );
 * }
 * console.log(serveReaders.name);
 * ```
 */
export function mtlsTransports(config: MtlsConfig | MtlsCredentials): Transports {
  const { tcp, unix } = systemTransports();
  const over = mtlsTransport(config, tcp!);
  const wss = transportOnDemand(
    async () => (await webSocketModule()).webSocketOver(over),
    over,
  );
  return {
    tls: mtlsTransport(config, tcp!),
    unix: mtlsTransport(config, unix!),
    wss: withCredentials(wss, credentialsOf(over)),
  };
}

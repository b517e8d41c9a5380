/**
 * Mutual TLS over any transport, dialling and listening.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { listenThrough } from "../channel/transport_handshakes.ts";
import { certificateToExpect, secureDialled } from "./mtls.ts";
import { credentialsOf, withCredentials } from "../certificates/known_credentials.ts";
import type { MtlsConfig } from "../certificates/mtls_config.ts";
import { credentialSource, type MtlsCredentials } from "../certificates/mtls_credentials.ts";
import { HandshakeFailure, shakeHands } from "./mtls_handshake.ts";
import { endWhenRevoked } from "../certificates/revocation_watch.ts";
import { tcpTransport } from "../tcp/tcp.ts";
import type { Transport, Transports } from "../channel/transport.ts";
import { unixTransport } from "../unix/unix.ts";
import { webSocketOver } from "../websocket/web_socket.ts";

/** An aborted handshake closes its channel. */
const NEVER = new AbortController().signal;

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
      const channel = await inner.dial(address, options);
      const { signal } = options;
      const secured = await secureDialled(channel, address.href, source.current, host, signal);
      return endWhenRevoked(source, secured);
    },

    listen: (address, options) =>
      listenThrough(inner, address, options, {
        prepare: async (channel, slot) => {
          const credentials = source.current;
          const side = { role: "listener", credentials, host: null, signal: NEVER, slot } as const;
          return { channel: endWhenRevoked(source, await shakeHands(channel, side)) };
        },
        refuses: (present) =>
          present >= source.current.maxHandshakes
            ? `${present} handshakes are under way already. Raise maxHandshakes if they are not hostile`
            : null,
        refusal: "Unauthenticated",
        describe: textOfFailure,
      }),

    onChange: (listener) => source.onChange(listener),
  }, source);
}

/**
 * Transports with mutual TLS only, so that nothing is sent without it: `tls`
 * over TCP, `unix` over Unix sockets, and `wss`: WebSocket over TLS over TCP,
 * whose upgrade request comes after both sides trust each other. Dialling and
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
  const tls = mtlsTransport(config, tcpTransport()), over = mtlsTransport(config, tcpTransport());
  return {
    tls,
    unix: mtlsTransport(config, unixTransport()),
    wss: withCredentials(webSocketOver(over), credentialsOf(over)),
  };
}

/** The message of a listener about a failed handshake. */
function textOfFailure(failure: unknown): string {
  const text = messageOf(failure);
  return failure instanceof HandshakeFailure && failure.kind === "refusedThere"
    ? `it does not trust this side: ${text}`
    : text;
}

/**
 * Mutual TLS over any transport, dialling and listening.
 *
 * @module
 */

import { handOver, turnedAway, type TurnedAwayCode } from "./hand_over.ts";
import { type HostAddress, networkAddress } from "./host_address.ts";
import { certificateToExpect, secureDialled } from "./mtls.ts";
import type { MtlsConfig } from "./mtls_config.ts";
import {
  type CredentialSource,
  credentialSource,
  type MtlsCredentials,
} from "./mtls_credentials.ts";
import { HandshakeFailure, shakeHands } from "./mtls_handshake.ts";
import { hasLeft, TooLate } from "./peer_left.ts";
import { tcpTransport } from "./tcp.ts";
import type { Channel, Listener, ListenOptions, Transport, Transports } from "./transport.ts";
import { unixTransport } from "./unix.ts";
import { webSocketOver } from "./web_socket.ts";

/**
 * Makes a transport whose channels carry bytes one of mutual TLS, such as
 * `mtlsTransport(config, tcpTransport())` for `tls://host:port`, or over
 * `unixTransport()` for `unix:///path`. Its channels have an `identity`.
 *
 * The listener asks for the dialler's certificate. Connections that are
 * refused, or whose handshake fails or takes too long, are closed and told to
 * `onError`, and never reach `accept`.
 *
 * @param config How this side proves itself, and whom it believes; `MtlsCredentials` for certificates that change.
 * @param inner The transport within.
 * @returns The transport.
 * @throws {InternodeError} `InvalidArgument` if the configuration is wrong.
 */
export function mtlsTransport(config: MtlsConfig | MtlsCredentials, inner: Transport): Transport {
  const source = credentialSource(config);
  return {
    guarded: true,

    async dial(address, options) {
      const host = certificateToExpect(source.current, address);
      const channel = await inner.dial(address, options);
      return await secureDialled(channel, address.href, source.current, host, options.signal);
    },

    async listen(address, options) {
      const doorway = new Doorway(source, options);
      const listener = await inner.listen(address, { ...options, accept: doorway.enter });
      return doorway.open(listener, address);
    },

    onChange: (listener) => source.onChange(listener),
  };
}

/**
 * Transports of mutual TLS and no others, so that nothing can go without:
 * `tls` over TCP, `unix` over Unix sockets, and `wss`: WebSocket over TLS over
 * TCP, whose request for the upgrade comes after both sides have told each other
 * that they believe each other. Dialling and listening need `--allow-net`, and
 * Unix sockets `--allow-read` and `--allow-write` for the path.
 *
 * @param config How this side proves itself, and whom it believes; `MtlsCredentials` for certificates that change.
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
  return {
    tls: mtlsTransport(config, tcpTransport()),
    unix: mtlsTransport(config, unixTransport()),
    wss: webSocketOver(mtlsTransport(config, tcpTransport())),
  };
}

/** Where connections wait until both sides believe each other. */
class Doorway {
  readonly #source: CredentialSource;
  readonly #options: ListenOptions;
  readonly #closing = new AbortController();
  #address = "";
  #handshakes = 0;

  constructor(source: CredentialSource, options: ListenOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The listener as the owner sees it: with the scheme that it asked for. */
  open(inner: Listener, asked: HostAddress): Listener {
    const { scheme } = asked, { hostname, port } = inner.address;
    const address = port === 0 || inner.address.scheme === scheme
      ? inner.address
      : networkAddress(scheme, hostname, port);
    this.#address = address.href;
    return {
      address,
      finished: inner.finished,
      close: () => {
        this.#closing.abort();
        return inner.close();
      },
    };
  }

  /** Takes each new channel. */
  readonly enter = (channel: Channel): void => {
    const credentials = this.#source.current;
    if (channel.kind !== "bytes" || this.#handshakes >= credentials.maxHandshakes) {
      channel.close();
      this.#tell(
        "Overloaded",
        channel.kind === "bytes"
          ? `${this.#handshakes} handshakes are under way already. Raise maxHandshakes if they are not hostile`
          : "mutual TLS goes over channels of bytes, and this one carries messages",
        channel,
      );
      return;
    }
    this.#handshakes++;
    shakeHands(channel, {
      role: "listener",
      credentials,
      host: null,
      signal: this.#closing.signal,
    }).then((secured) => {
      this.#handshakes--;
      if (this.#closing.signal.aborted) secured.close();
      else handOver(this.#options, { channel: secured });
    }, (error) => {
      this.#handshakes--;
      if (!this.#closing.signal.aborted) this.#fail(error, channel);
    });
  };

  #fail(error: unknown, channel: Channel): void {
    if (!(error instanceof HandshakeFailure)) return this.#options.onError?.(error);
    const { kind, message } = error;
    this.#tell(
      kind === "failed" && hasLeft(error) ? "Disconnected" : "Refused",
      kind === "refusedThere" ? `it does not believe this side: ${message}` : message,
      channel,
      error.cause instanceof TooLate ? error.cause : error,
    );
  }

  #tell(code: TurnedAwayCode, why: string, channel: Channel, cause?: unknown): void {
    this.#options.onError?.(turnedAway(code, channel.remote, this.#address, why, cause));
  }
}

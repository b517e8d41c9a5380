/**
 * WebSocket, with and without TLS.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { dialChannel } from "../tcp/dial_conn.ts";
import { FramedChannel } from "./framed_channel.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { listenThrough } from "../channel/transport_handshakes.ts";
import { tcpTransport } from "../tcp/tcp.ts";
import { type TlsOptions, tlsTransport } from "../tls/tls.ts";
import type { Channel, Transport } from "../channel/transport.ts";
import { webSocketHandshake } from "./web_socket_acceptor.ts";
import { requestUpgrade, type UpgradeRequest, upgradeRequest } from "./web_socket_dialler.ts";

/** The protocol inside TLS until the upgrade (ALPN), so that no client uses HTTP/2. */
const PROTOCOLS = ["http/1.1"];

/**
 * Connections over WebSocket. Needs `--allow-net`.
 *
 * @param options Certificates, for `wss`.
 * @returns The transport for `ws://host:port` and `wss://host:port`.
 */
export function webSocketTransport(options: TlsOptions = {}): Transport {
  const plain = webSocketOver(tcpTransport());
  const secure = webSocketOver(tlsTransport({ ...options, protocols: PROTOCOLS }));
  const of = ({ scheme }: HostAddress): Transport => scheme === "wss" ? secure : plain;
  return {
    dial: (address, dialOptions) => of(address).dial(address, dialOptions),
    listen: (address, listenOptions) => of(address).listen(address, listenOptions),
  };
}

/**
 * Makes a transport whose channels carry bytes one of WebSocket: they carry the
 * upgrade request, its answer and the frames. If its channels have an
 * `identity`, those of WebSocket have it too.
 *
 * A listener's `authorize` checks the token of each request. A client that it
 * refuses gets status 401 and the text; other refusals, and connections that
 * take longer than the limiter's time, are reported to `onError` too.
 *
 * @param inner The transport within.
 * @returns The transport.
 */
export function webSocketOver(inner: Transport): Transport {
  return {
    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async dial(address, options) {
      const request = upgradeRequest(address, options.path, options.token, options.host);
      return dialChannel(address, options.signal, async () => {
        // What is heard of a refusal is heard in place of the answer.
        const channel = await inner.dial(address, { ...options, early: true });
        return await upgrade(channel, address, request, options.signal);
      });
    },

    listen: (address, options) =>
      listenThrough(
        inner,
        address,
        options,
        webSocketHandshake({ ...options, hostname: address.hostname }),
      ),

    guarded: inner.guarded,
    ...(inner.onChange && { onChange: (listener) => inner.onChange!(listener) }),
  };
}

async function upgrade(
  channel: Channel,
  address: HostAddress,
  request: UpgradeRequest,
  signal: AbortSignal,
): Promise<FramedChannel> {
  const onAbort = (): void => channel.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    if (channel.kind !== "bytes") throw notBytes(address);
    const first = await requestUpgrade(channel, address, request);
    signal.throwIfAborted();
    return new FramedChannel(channel, address.href, { role: "client", first });
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function notBytes({ href }: HostAddress): InternodeError {
  return invalidArgument(
    `Could not connect to ${href}: WebSocket needs a channel of bytes, and this one carries ` +
      "messages. Use it with TCP, TLS or Unix sockets.",
    { host: href },
  );
}

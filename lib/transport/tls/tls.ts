/**
 * TCP with TLS.
 *
 * @module
 */

import { rootCertificates, type TlsOptions as TlsServerOptions } from "node:tls";
import { invalidArgument } from "../../errors.ts";
import { textOf } from "../../foreign/text_of.ts";
import { ChannelDuplex } from "./channel_duplex.ts";
import type { Platform } from "../../runtime/platform/platform.ts";
import type { Socket } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { ConnChannel } from "../tcp/conn_channel.ts";
import type { HandshakeSlot } from "../channel/handshake_limiter.ts";
import { connectTcp, dialChannel, dialConn } from "../tcp/dial_conn.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { listenThrough } from "../channel/transport_handshakes.ts";
import { namedHost } from "../../runtime/socket_host.ts";
import { certificatesOf, privateKeyOf } from "../certificates/pem.ts";
import { tcpTransport } from "../tcp/tcp.ts";
import { TlsInbox } from "./tls_channel.ts";
import { readTlsHello } from "./tls_hello.ts";
import { acceptTls, dialTls } from "./tls_open.ts";
import type { ByteChannel, Transport } from "../channel/transport.ts";

/** How many bytes a client may send before the handshake is done: few, without a certificate of its own. */
const MAX_HANDSHAKE_BYTES = 16 * 1024;

/** Certificates, in PEM format. */
export interface TlsOptions {
  /** The certificate that a listener shows, and the chain to its authority. Needed for listening. A text that also contains the key can be given for both. */
  cert?: string | undefined;
  /** The private key of `cert`. Needed for listening. */
  key?: string | undefined;
  /** Authorities that a dialler trusts besides those of the runtime. Default: none. */
  caCerts?: readonly string[] | undefined;
}

/** Certificates, and the protocol inside TLS. */
export interface TlsTransportOptions extends TlsOptions {
  /** The protocols inside TLS (ALPN), the preferred one first. Default: none. */
  protocols?: readonly string[] | undefined;
}

/**
 * Connections over TLS. The listener shows its certificate and the dialler
 * checks it against the host's name; the other way round, the shared secret
 * proves the dialler. Needs `--allow-net`.
 *
 * The runtime's own TLS listener leaves Nagle's delay on, and it cannot be
 * turned off: anything longer than one TLS record (16 KiB) would wait 40 ms for
 * an acknowledgement. So connections are accepted by TCP, and TLS runs on top.
 *
 * @param options Certificates, and the protocol inside TLS.
 * @returns The transport for `tls://host:port`.
 */
export function tlsTransport(options: TlsTransportOptions = {}): Transport {
  const alpn = options.protocols && [...options.protocols];
  const inner = tcpTransport();
  return {
    dial(address, { signal, host }) {
      const { startTls } = thisPlatform(), name = namedHost((host ?? address).hostname);
      return startTls === null
        ? dialChannel(address, signal, () => secureDialled(address, name, signal, options))
        : dialConn(
          address,
          signal,
          true,
          () => connectTls(startTls, address, name, signal, options),
        );
    },

    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listen(address, listenOptions) {
      const identity = requireIdentity(address, options);
      const tls = { ...identity, ...(alpn && { ALPNProtocols: alpn }) };
      return listenThrough(inner, address, listenOptions, {
        prepare: async (channel, slot) => ({
          channel: await secureAccepted(channel, slot, tls),
        }),
      });
    },
  };
}

/**
 * Makes a channel that has just been accepted one of TLS.
 *
 * @param channel The channel; closing it gives up.
 * @param slot Its slot, which gives its turn for TLS.
 * @param options As `node:tls` takes them.
 * @returns The channel within. Rejects if it does not come about; the channel is closed then.
 */
async function secureAccepted(
  channel: ByteChannel,
  slot: HandshakeSlot,
  options: TlsServerOptions,
): Promise<ByteChannel> {
  const inbox = new TlsInbox();
  const duplex = new ChannelDuplex(channel, MAX_HANDSHAKE_BYTES, inbox.hasRoom);
  try {
    duplex.first = await readTlsHello(channel);
    await slot.tlsTurn();
    const { channel: within } = await acceptTls(
      { duplex, inbox, remote: channel.remote },
      options,
    );
    duplex.allowAll();
    return within;
  } catch (error) {
    duplex.destroy();
    throw error;
  }
}

/** The certificate of the host is not trusted. */
class UnbelievedCertificate extends Error {
  /** What `errorKind` knows it by. */
  override readonly name = "BadCertificate";

  /** @param reason What the runtime says of it: a code, or an error. */
  constructor(reason: unknown) {
    super(`its certificate is not trusted (${textOf(reason)})`);
  }
}

/** Connects by TLS over TCP by `node:tls`, as {@linkcode connectTls} does. */
async function secureDialled(
  address: HostAddress,
  host: string,
  signal: AbortSignal,
  { caCerts, protocols }: TlsTransportOptions,
): Promise<ByteChannel> {
  const isIp = host.includes(":") || /^[\d.]+$/.test(host);
  const channel = new ConnChannel(await connectTcp(address, signal), address.href, false);
  const inbox = new TlsInbox();
  const duplex = new ChannelDuplex(channel, Infinity, inbox.hasRoom);
  const onAbort = (): void => void duplex.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const { channel: within, socket } = await dialTls({ duplex, inbox, remote: address.href }, {
      // Looked at below: not every runtime tells why it has ended a connection.
      rejectUnauthorized: false,
      // A certificate is for the IP address, or for the name, which the listener is told as well.
      ...(isIp ? { host } : { servername: host }),
      ...(caCerts && { ca: [...rootCertificates, ...caCerts] }),
      ...(protocols && { ALPNProtocols: [...protocols] }),
    });
    signal.throwIfAborted();
    if (socket.authorized !== true) throw new UnbelievedCertificate(socket.authorizationError);
    return within;
  } catch (error) {
    duplex.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * The certificate and key that a listener cannot do without.
 *
 * @param address Where it wants to listen.
 * @param options What was given.
 * @returns Both.
 * @throws {InternodeError} `InvalidArgument` if one is missing.
 */
export function requireIdentity(
  address: HostAddress,
  options: TlsOptions,
): { cert: string; key: string } {
  const { cert, key } = options;
  if (cert === undefined || key === undefined) {
    throw invalidArgument(
      `Could not listen on ${address.href}: ${address.scheme} needs a certificate. ` +
        "Give cert and key, both as PEM text, to systemTransports.",
      { host: address.href },
    );
  }
  return { cert: certificatesOf(cert), key: privateKeyOf(key) };
}

/**
 * Connects by TLS over TCP without Nagle's delay, and shakes hands.
 *
 * @param startTls What the runtime does it by.
 * @param address The address.
 * @param hostname The name or IP address that the certificate must be for.
 * @param signal Aborts.
 * @param options Authorities believed beside the runtime's own, and the protocols to be spoken.
 * @returns The connection.
 */
async function connectTls(
  startTls: NonNullable<Platform["startTls"]>,
  address: HostAddress,
  hostname: string,
  signal: AbortSignal,
  options: TlsTransportOptions,
): Promise<Socket> {
  const { caCerts = [], protocols } = options;
  const conn = await connectTcp(address, signal);
  return await startTls(conn, { hostname, caCerts, protocols, signal });
}

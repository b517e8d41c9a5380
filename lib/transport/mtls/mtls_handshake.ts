/**
 * The handshake of mutual TLS on a channel.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import type { X509Certificate } from "node:crypto";
import { joined } from "../../wire/part_of.ts";
import type { TLSSocket } from "node:tls";
import { type Evidence, judgePeer } from "../certificates/certificate_judge.ts";
import { ChannelDuplex } from "../tls/channel_duplex.ts";
import type { ExpectedHost } from "../certificates/host_binding.ts";
import type { HandshakeSlot } from "../channel/handshake_limiter.ts";
import type { Credentials } from "../certificates/mtls_config.ts";
import { readStatus, sendStatus } from "./mtls_status.ts";
import { HandshakeTimeout } from "../channel/peer_left.ts";
import { kindOfName } from "../channel/peer_name.ts";
import { shownOf } from "../certificates/revocation_watch.ts";
import { nodeCrypto } from "../../runtime/node/node_modules.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { type TlsChannel, TlsInbox } from "../tls/tls_channel.ts";
import { readTlsHello } from "../tls/tls_hello.ts";
import { acceptTls, dialTls, type OpenTls, type TlsGround } from "../tls/tls_open.ts";
import type { ByteChannel } from "../channel/transport.ts";

/** The protocol inside TLS (ALPN), so that it is not confused with another one. */
const PROTOCOL = "internode/1";
/** How many bytes a peer may send before it is trusted: enough for a long chain of certificates. */
const MAX_HANDSHAKE_BYTES = 64 * 1024;
/** More certificates than this are refused without a check. */
const MAX_CERTIFICATES = 16;
/** How long a side that was refused may take to leave: a connection that is closed with unread bytes is reset, and the reason could be lost with it. */
const LEAVING_MS = 1000;
/** How much is read of it at a time. */
const MAX_LATE_BYTES = 1024;

/** Why a handshake failed. */
export class HandshakeFailure extends Error {
  /**
   * - `refusedHere`: this side does not trust the other
   * - `refusedThere`: the other side does not trust this one
   * - `failed`: the handshake failed before that
   */
  readonly kind: "refusedHere" | "refusedThere" | "failed";

  /**
   * @param kind Which side refused.
   * @param reason Which check failed on which certificate, or what went wrong.
   * @param cause The error underneath.
   */
  constructor(kind: "refusedHere" | "refusedThere" | "failed", reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = "HandshakeFailure";
    this.kind = kind;
  }
}

/** One side of a handshake. */
export interface HandshakeSide {
  /** Whether this side has dialled or was dialled. */
  readonly role: "dialler" | "listener";
  /** This side's certificate and key, and the trusted authorities. */
  readonly credentials: Credentials;
  /** The host that the other side's certificate must prove; `null` for any. */
  readonly host: ExpectedHost | null;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** The slot of an accepted connection, which limits TLS handshakes. */
  readonly slot?: HandshakeSlot | undefined;
  /** Whether the signal is of no account any more once this side trusts the other. Default: `false`. */
  readonly early?: boolean | undefined;
  /** What a failure is for the user of the channel. Default: the failure itself. */
  readonly errorOf?: ((failure: HandshakeFailure) => Error) | undefined;
}

/** A connection whose other end this side trusts. */
export interface TrustedPeer {
  /** The channel, with an identity. It may be written to. */
  readonly channel: TlsChannel;
  /** Resolves when the other end trusts this side, too, and the channel may be read. Rejects as {@linkcode shakeHands} does; the channel has ended with the same error then. */
  readonly trusted: Promise<void>;
}

/**
 * Runs the handshake. No byte of the application is sent before this side
 * trusts the other, and none is read before each trusts the other. If the
 * handshake fails, the channel is closed.
 *
 * @param channel The channel, owned from now on.
 * @param side This side.
 * @returns The connection as soon as this side trusts the other. Rejects with what `errorOf` makes of a {@linkcode HandshakeFailure}, or with the signal's reason.
 */
export async function shakeHands(channel: ByteChannel, side: HandshakeSide): Promise<TrustedPeer> {
  const inbox = new TlsInbox();
  const duplex = new ChannelDuplex(channel, MAX_HANDSHAKE_BYTES, inbox.hasRoom);
  const { signal, credentials: { handshakeTimeoutMs } } = side;
  let ended: { readonly reason: unknown } | undefined, open: TlsChannel | undefined;
  const end = (reason: unknown): void => {
    ended ??= { reason };
    // First, so that its user hears the reason.
    open?.fail(failure(reason));
    duplex.destroy();
  };
  const onAbort = (): void => end(signal.reason);
  const timer = setTimeout(() => {
    const late = new HandshakeTimeout(handshakeTimeoutMs);
    end(new HandshakeFailure("failed", late.message, late));
  }, handshakeTimeoutMs);
  const ignoreSignal = (): void => signal.removeEventListener("abort", onAbort);
  signal.addEventListener("abort", onAbort, { once: true });
  /** What is told of a failure; nothing of the handshake is under way any more. */
  const failure = (thrown: unknown): Error => {
    clearTimeout(timer);
    ignoreSignal();
    const error = ended === undefined ? thrown : ended.reason;
    if (error instanceof HandshakeFailure) return side.errorOf?.(error) ?? error;
    if (ended !== undefined || signal.aborted) return error as Error;
    const failed = new HandshakeFailure("failed", messageOf(error), error);
    return side.errorOf?.(failed) ?? failed;
  };
  try {
    signal.throwIfAborted();
    if (side.role === "listener") duplex.first = await readTlsHello(channel);
    await side.slot?.tlsTurn();
    const tls = await openTls({ duplex, inbox, remote: channel.remote }, side);
    await judge(tls.channel, tls.socket, side);
    if (ended !== undefined) throw ended.reason;
    const secured = open = tls.channel;
    if (side.early === true) ignoreSignal();
    const trusted = hearVerdict(secured).then(() => {
      if (ended !== undefined) throw ended.reason;
      clearTimeout(timer);
      ignoreSignal();
      duplex.allowAll();
    }).catch((thrown) => {
      const error = failure(thrown);
      secured.fail(error);
      throw error;
    });
    return { channel: secured, trusted };
  } catch (error) {
    duplex.destroy();
    throw failure(error);
  }
}

/** TLS itself. It completes whoever the other side is, so that reasons can be sent. */
function openTls(ground: TlsGround, { role, credentials, host }: HandshakeSide): Promise<OpenTls> {
  const { cert, key, minVersion, authorities } = credentials;
  const options = {
    cert,
    key,
    minVersion,
    ca: authorities.map((authority) => authority.toString()),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: [PROTOCOL],
  };
  if (role === "listener") return acceptTls(ground, options);
  const asked = host?.names[0];
  return dialTls(ground, {
    ...options,
    // Names are checked later, in the certificate's own bytes.
    checkServerIdentity: () => undefined,
    ...(asked !== undefined && kindOfName(asked) === "dns" ? { servername: asked } : {}),
  });
}

/** Judges the other side, and sends it the verdict. */
async function judge(
  channel: TlsChannel,
  socket: TLSSocket,
  { role, credentials, host }: HandshakeSide,
): Promise<void> {
  if (socket.alpnProtocol !== PROTOCOL) {
    throw new Error("the other side does not speak the Internode protocol inside TLS");
  }
  const evidence = evidenceOf(socket);
  const judgement = judgePeer(evidence, {
    peer: role === "dialler" ? "server" : "client",
    authorities: credentials.authorities,
    revocation: credentials.revocation,
    host,
    nowMs: systemClock.wallNow(),
  });
  if ("refusal" in judgement) {
    await refuse(channel, judgement.refusal, role);
    throw new HandshakeFailure("refusedHere", judgement.refusal);
  }
  await sendStatus(channel, null);
  channel.identity = judgement.identity;
  channel.shown = shownOf(evidence.chain);
  const own = fingerprintOf(new (nodeCrypto().X509Certificate)(credentials.cert));
  const other = fingerprintOf(evidence.chain[0]!);
  channel.binding = role === "dialler" ? joined([own, other]) : joined([other, own]);
}

/** Tells the other side why it is refused, and lets it leave first if it may have written more than its verdict. */
async function refuse(
  channel: TlsChannel,
  refusal: string,
  role: HandshakeSide["role"],
): Promise<void> {
  const timer = setTimeout(() => channel.close(), LEAVING_MS);
  const bytes = new Uint8Array(MAX_LATE_BYTES);
  try {
    await Promise.all([sendStatus(channel, refusal), readStatus((into) => channel.read(into))]);
    while (role === "listener" && await channel.read(bytes) !== null);
  } catch {
    // It may have left as soon as it knew.
  } finally {
    clearTimeout(timer);
    channel.close();
  }
}

/** Reads the other side's verdict on this one. */
async function hearVerdict(channel: TlsChannel): Promise<void> {
  const answer = await readStatus((into) => channel.readNow(into));
  if (answer !== null) throw new HandshakeFailure("refusedThere", answer);
}

/** The SHA-256 of a certificate. */
function fingerprintOf(certificate: X509Certificate): Uint8Array {
  return Uint8Array.from(
    certificate.fingerprint256.split(":"),
    (pair) => Number.parseInt(pair, 16),
  );
}

function evidenceOf(socket: TLSSocket): Evidence {
  const chain: X509Certificate[] = [];
  let shown = socket.getPeerCertificate(true);
  for (let i = 0; i < MAX_CERTIFICATES && shown?.raw !== undefined; i++) {
    chain.push(new (nodeCrypto().X509Certificate)(shown.raw));
    if (shown.issuerCertificate === shown) break;
    shown = shown.issuerCertificate;
  }
  return { chain, authorized: socket.authorized, resumed: socket.isSessionReused() };
}

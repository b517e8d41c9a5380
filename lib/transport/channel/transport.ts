/**
 * Transports and their channels.
 *
 * @module
 */

import type { Authorize } from "./authorization.ts";
import type { HandshakeLimiter, HandshakeSlot } from "./handshake_limiter.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import type { PeerIdentity } from "./peer_identity.ts";

/** The direction in which bytes have moved. */
export type Progress = "received" | "taken";

/**
 * A connection that carries a stream of bytes, in order and reliably: TCP,
 * Unix sockets, TLS.
 */
export interface ByteChannel {
  /** The kind of {@linkcode Channel}. */
  readonly kind: "bytes";
  /** The other end, for messages and logs. */
  readonly remote: string;
  /** Whether checksums are not needed, as the transport itself detects changed bytes (TLS) or they never leave the memory of one machine (Unix sockets). */
  readonly integrity: boolean;
  /** The identity that the other end has proven; absent if the transport asks for no proof. */
  readonly identity?: PeerIdentity | undefined;
  /** What the proofs of a shared secret are bound to: the SHA-256 of the dialler's certificate, then of the acceptor, 64 bytes. Absent if not both have shown one. */
  readonly binding?: Uint8Array | undefined;
  /** Reads what is there, at most `into.length` bytes; `null` at the end. Rejects when the connection is lost or closed. At most one read at a time. What `into` holds before is undefined. Do not use it after the read has ended: its memory may serve another connection by then. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some of the bytes and returns how many; pending while the other end does not keep up. At most one write at a time; the bytes must not change until it settles. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Announces, between two reads, that more bytes are likely to come at once; the last read has brought so many. The channel may keep the event loop awake for a moment, so that the other end need not wake it. Absent if that is never worth it. */
  expectMore?(receivedBytes: number): void;
  /** Closes both directions; pending reads and writes end. Further calls do nothing. */
  close(): void;
  /** Set by the channel's user. A channel over another one calls it when bytes have moved underneath while a read or a write is still pending, so that a slow connection is not taken for a dead one. */
  onProgress?: ((direction: Progress) => void) | undefined;
  /** Settles when the channel is closed completely, soon after `close`. Absent if that is so as soon as `close` returns. */
  readonly ended?: Promise<void> | undefined;
}

/** A channel whose socket can be polled. */
export interface PollableChannel extends ByteChannel {
  /**
   * The socket underneath, for polling: the same one each time, valid until
   * `close`. Bytes that it reads come before those of a read that has not
   * completed by then; use it to write only while no write is pending. `null`
   * if polling is impossible; absent if it always is.
   */
  socket?(): SocketPoll | null;
  /** Announces, before the first read, that `socket` will be used: the first bytes may be needed to find it. */
  prepareSocket?(): void;
}

/** A socket that is polled without waiting; failures are reported by the channel's next read or write. */
export interface SocketPoll {
  /** Whether it may be polled; check this first in each turn. */
  readonly isReady: boolean;
  /** Reads what is there and returns the number of bytes; 0 at the end, -1 if there is nothing now. */
  receive(into: Uint8Array<ArrayBuffer>): number;
  /** Whether there is something to read, the end included; it is not consumed. */
  hasBytes(): boolean;
  /** Writes what there is room for and returns the number of bytes; 0 if there is none. */
  send(bytes: Uint8Array<ArrayBuffer>): number;
}

/** The callbacks of a {@linkcode MessageChannel}, which never calls them from within a call to it. */
export interface MessageReceiver {
  /** One message has arrived. The bytes belong to the receiver. */
  onMessage(bytes: Uint8Array<ArrayBuffer>): void;
  /** Sent messages have left: `congested` is `false` again. */
  onDrain(): void;
  /** Some bytes have moved, though too few for a message or for everything that was sent. Channels that do not know need not call it. */
  onProgress?(direction: Progress): void;
  /** The channel has ended; called once, last. */
  onClose(reason: string): void;
}

/**
 * A connection that carries whole binary messages, in order and reliably:
 * WebSocket, memory.
 */
export interface MessageChannel {
  /** The kind of {@linkcode Channel}. */
  readonly kind: "messages";
  /** The other end, for messages and logs. */
  readonly remote: string;
  /** The identity that the other end has proven; absent if the transport asks for no proof. */
  readonly identity?: PeerIdentity | undefined;
  /** See {@linkcode ByteChannel}. */
  readonly binding?: Uint8Array | undefined;
  /** Sets the receiver; messages that arrived before are kept until then. Called once. */
  start(receiver: MessageReceiver): void;
  /** Sends one message. The bytes are copied before it returns. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Sends waiting messages now, not only after the pending microtasks. Absent if nothing waits for those. */
  flush?(): void;
  /** Whether the sender should wait until `onDrain`, because much waits to leave. */
  readonly congested: boolean;
  /** Sets the largest message that is accepted; a larger one ends the channel as soon as its header arrives. Default: 2 MiB. Absent if a message is complete before its size is known; the receiver then checks it. */
  limitMessages?(maxMessageBytes: number): void;
  /** Stops receiving until `resume`. Absent if only the protocol's credit can slow the other end. */
  pause?(): void;
  /** Undoes `pause`; held-back messages follow in a later turn. */
  resume?(): void;
  /** Takes the memory of a received message, of which nobody needs any part any more. A channel that has this gives the buffers of its messages away: each message has one of its own, which may be detached, and which comes back this way or never, as parts of messages are lent on. Absent: parts are copied. */
  takeBack?(message: Uint8Array<ArrayBuffer>): void;
  /** Closes the channel after sent messages; `onClose` follows. Further calls do nothing. */
  close(): void;
}

/** A connection of either kind. */
export type Channel = ByteChannel | MessageChannel;

/** How to dial. */
export interface DialOptions {
  /** Aborts the dial, with its reason. */
  signal: AbortSignal;
  /** The request path of WebSocket endpoints, such as `/internode`. */
  path: string;
  /** The expected host: what a certificate must prove and a WebSocket request names. Default: the address itself. */
  host?: HostAddress | undefined;
  /** The proof in a WebSocket upgrade request (the `authorization` header's text after `Bearer `). */
  token?: string | undefined;
  /** Whether the channel may be given out as soon as this side trusts the other end, so that it can be written to while the other end still judges this side. If that one refuses, reads and writes of the channel reject with the `InternodeError` that the dial would have rejected with. Transports need not look at it. Default: `false`. */
  early?: boolean | undefined;
}

/** How to listen. */
export interface ListenOptions {
  /** Takes each new channel, with the name that `authorize` gave for its request, if it gave one, and its slot of the `limiter`. Must not throw. */
  accept: (channel: Channel, name?: string, slot?: HandshakeSlot) => void;
  /** Limits connections whose handshake is not done. Default: one of the transport itself, whose slots are released when connections are handed over. */
  limiter?: HandshakeLimiter | undefined;
  /** The request path of WebSocket endpoints; any other path gets status 404. */
  path: string;
  /** Checks the token of a WebSocket upgrade request: `null` accepts it, a name accepts it for the peer of that name only, a text refuses it with status 401 and that text. It may return a promise, within the time of the handshake. Anything else, an error or a rejection refuses it with status 503 and is reported to `onError`. Called once for each request, because a token may be valid only once; a refusal by a text is not reported to `onError`. The identity is that of the channel underneath, if it has one. */
  authorize?: Authorize | undefined;
  /** The origins of web pages that may connect by WebSocket, as `readOrigins` gives them; others get status 403. Default: none. */
  allowOrigins?: readonly string[] | undefined;
  /** The host names that WebSocket clients may use for the listener besides its own, `localhost` and IP addresses, as `readHosts` gives them; others get status 421. Default: none. */
  allowHosts?: readonly string[] | undefined;
  /** Whether other listeners with this option may have the same port, in this process or others of the same user; the system then spreads new connections over them. `tcp`, `tls`, `ws` and `wss` support it, if the runtime does. Default: `false`. */
  sharePort?: boolean | undefined;
  /** Receives failures that do not end the listener, such as a failed TLS handshake. */
  onError?: ((error: unknown) => void) | undefined;
}

/** Something that accepts connections. */
export interface Listener {
  /** The address at which it listens, with the port that the system chose for port 0. */
  readonly address: HostAddress;
  /** Resolves when the listener has ended and its address is free again, rejects when it failed by itself. */
  readonly finished: Promise<void>;
  /** Stops accepting; existing connections stay. Further calls do nothing. */
  close(): Promise<void>;
}

/** A way to reach hosts: one for each URL scheme. */
export interface Transport {
  /** Whether all its channels are authenticated: each peer proves itself before its channel is handed over, as with mutual TLS, or the transport does not leave this process. Otherwise a listener that other machines can reach must ask for proof. Default: `false`. */
  readonly guarded?: boolean | undefined;
  /** Connects. Rejects with the signal's reason, or with an `InternodeError` that names the address and the reason: `Unauthenticated` or `PermissionDenied` if the other end refuses this side, `InvalidArgument` if it can never succeed, otherwise `Unreachable`. */
  dial(address: HostAddress, options: DialOptions): Promise<Channel>;
  /** Starts to accept. Rejects with an `InternodeError` of code `InvalidArgument` or `Unreachable` that names the address and the reason. */
  listen(address: HostAddress, options: ListenOptions): Promise<Listener>;
  /**
   * Calls back whenever new connections will differ from older ones, such as
   * with new certificates; the older ones are then renewed soon. Absent if
   * never.
   *
   * @returns A function that stops the callbacks.
   */
  onChange?(listener: () => void): () => void;
}

/** The transports a node can use, by URL scheme: `ws`, `wss`, `tcp`, `tls`, `unix`, `memory`. */
export type Transports = { readonly [scheme: string]: Transport };

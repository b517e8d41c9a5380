/**
 * What carries a connection's bytes.
 *
 * @module
 */

import type { Authorize } from "./authorization.ts";
import type { HandshakeLimiter, HandshakeSlot } from "./handshake_limiter.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import type { PeerIdentity } from "./peer_identity.ts";

/** Which way some bytes have moved. */
export type Progress = "received" | "taken";

/**
 * A connection that carries a stream of bytes, in order and reliably: TCP,
 * Unix sockets, TLS.
 */
export interface ByteChannel {
  /** Tells the two kinds of {@linkcode Channel} apart. */
  readonly kind: "bytes";
  /** The other end, for messages and logs. */
  readonly remote: string;
  /** Whether the transport itself detects changed bytes (TLS), so that checksums would be waste. */
  readonly integrity: boolean;
  /** Who the other end has proven to be; absent where the transport asks for no proof. */
  readonly identity?: PeerIdentity | undefined;
  /** What both ends have shown each other, to which the proofs of a shared secret are bound: the SHA-256 of the dialler's certificate, then of the acceptor's, 64 bytes. Absent where not both have shown one. */
  readonly binding?: Uint8Array | undefined;
  /** Reads what is there, at most `into.length` bytes; `null` at the end. Rejects when the connection is lost or closed. At most one read at a time. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some of the bytes and says how many; pends while the other end does not keep up. At most one write at a time; the bytes must stay untouched until it settles. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Closes both directions; pending reads and writes end. Any number of calls. */
  close(): void;
  /** Set by whoever reads and writes: to be called when bytes have moved underneath while a read or a write goes on pending, so that a slow connection is not taken for a dead one. Channels that are what moves bytes need not. */
  onProgress?: ((direction: Progress) => void) | undefined;
  /** Settles when nothing of it is open any more, soon after `close`. Absent where that is so as soon as `close` returns. */
  readonly ended?: Promise<void> | undefined;
}

/** A channel whose socket can be polled. */
export interface PollableChannel extends ByteChannel {
  /**
   * The socket underneath, for who would rather poll it than wait: the same one
   * each time, good until `close`. What it reads comes before what a read gets
   * that has not completed by then, and it writes only while no write is under
   * way. `null` where that cannot be; absent: never.
   */
  socket?(): SocketPoll | null;
  /** Says that `socket` will be asked for, before the first read: what comes first may be needed to find it. */
  prepareSocket?(): void;
}

/** A socket that is asked without waiting; what goes wrong, the channel's next read or write tells. */
export interface SocketPoll {
  /** Whether it may be asked; to be looked at before anything else in each turn. */
  readonly isReady: boolean;
  /** Reads what is there and says how many bytes; 0 at the end, -1: nothing now. */
  receive(into: Uint8Array<ArrayBuffer>): number;
  /** Whether there is something to read, the end included; it stays there. */
  hasBytes(): boolean;
  /** Writes what there is room for and says how many bytes, 0 if there is none. */
  send(bytes: Uint8Array<ArrayBuffer>): number;
}

/** What a {@linkcode MessageChannel} calls as things happen, never from within a call to it. */
export interface MessageReceiver {
  /** One message has arrived. The bytes belong to the receiver. */
  onMessage(bytes: Uint8Array<ArrayBuffer>): void;
  /** What was sent has left: `congested` is `false` again. */
  onDrain(): void;
  /** Some bytes have moved, though too few for a message or for all that was sent: a sign of life. Channels that cannot tell need not call it. */
  onProgress?(direction: Progress): void;
  /** The channel has ended; called once, last. */
  onClose(reason: string): void;
}

/**
 * A connection that carries whole binary messages, in order and reliably:
 * WebSocket, memory.
 */
export interface MessageChannel {
  /** Tells the two kinds of {@linkcode Channel} apart. */
  readonly kind: "messages";
  /** The other end, for messages and logs. */
  readonly remote: string;
  /** Who the other end has proven to be; absent where the transport asks for no proof. */
  readonly identity?: PeerIdentity | undefined;
  /** See {@linkcode ByteChannel}. */
  readonly binding?: Uint8Array | undefined;
  /** Names the receiver; messages that came before are kept until then. Called once. */
  start(receiver: MessageReceiver): void;
  /** Sends one message. The bytes are copied before it returns. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Lets what was sent leave now, not only when the microtasks before have run. Absent where nothing waits for those. */
  flush?(): void;
  /** Whether so much waits to leave that the sender should hold back until `onDrain`. */
  readonly congested: boolean;
  /** Sets the largest message that may come; a larger one ends the channel, by its header alone. Default: 2 MiB. Absent where a message is whole before anything is known of it; the receiver looks at its size then. */
  limitMessages?(maxMessageBytes: number): void;
  /** Asks for no further message until `resume`. Absent where nothing can hold the other end back but the protocol's credits. */
  pause?(): void;
  /** Undoes `pause`; the messages that were held back follow in a later turn. */
  resume?(): void;
  /** Closes the channel after what was sent; `onClose` follows. Any number of calls. */
  close(): void;
}

/** A connection of either kind. */
export type Channel = ByteChannel | MessageChannel;

/** How to dial. */
export interface DialOptions {
  /** Gives up when it aborts, with its reason. */
  signal: AbortSignal;
  /** The request path of WebSocket endpoints, such as `/internode`. */
  path: string;
  /** Who is to be found there: what a certificate must prove and a WebSocket request asks for. Default: the address itself. */
  host?: HostAddress | undefined;
  /** Proof that stands in a WebSocket upgrade request (the `authorization` header's text after `Bearer `). */
  token?: string | undefined;
}

/** How to listen. */
export interface ListenOptions {
  /** Takes each new channel, with the name that `authorize` gave for its request, if it gave one, and its slot of the `limiter`. Must not throw. */
  accept: (channel: Channel, name?: string, slot?: HandshakeSlot) => void;
  /** Limits connections whose handshake is not done. Default: one of the transport itself, whose slots are released when connections are handed over. */
  limiter?: HandshakeLimiter | undefined;
  /** The request path of WebSocket endpoints; any other path gets status 404. */
  path: string;
  /** Judges the token of a WebSocket upgrade request: `null` lets it in, a name lets it in for the peer of that name alone, a text refuses it with status 401 and that text. It may take its time, within that of the handshake: await it. Anything else, what is thrown and a rejection refuse it with status 503, and are told to `onError`. Called once for each request, as a token may be good only once; who is refused by a text is not told to `onError`. The identity is that of the channel underneath, if it has one. */
  authorize?: Authorize | undefined;
  /** The origins of web pages that may connect by WebSocket, as `readOrigins` gives them; others get status 403. Default: none. */
  allowOrigins?: readonly string[] | undefined;
  /** The host names by which WebSocket clients may ask for the listener beside its own, `localhost` and IP addresses, as `readHosts` gives them; others get status 421. Default: none. */
  allowHosts?: readonly string[] | undefined;
  /** Whether other listeners that say so too may have the same port, in this process or others of the same user; the system then spreads new connections over them. `tcp`, `tls`, `ws` and `wss` can, where the runtime does. Default: `false`. */
  sharePort?: boolean | undefined;
  /** Hears of failures that do not end the listener, such as a bad TLS handshake. */
  onError?: ((error: unknown) => void) | undefined;
}

/** Something that accepts connections. */
export interface Listener {
  /** Where it listens, with the port that the system chose if port 0 was asked for. */
  readonly address: HostAddress;
  /** Resolves when the listener has ended and its address is free again, rejects when it failed by itself. */
  readonly finished: Promise<void>;
  /** Stops accepting; connections made stay. Any number of calls. */
  close(): Promise<void>;
}

/** A way to reach hosts: one for each URL scheme. */
export interface Transport {
  /** Whether all its channels are authenticated: each peer proves itself before its channel is handed over, as with mutual TLS, or the transport does not leave this process. Otherwise who listens where other machines may come from has to ask for proof. Default: `false`. */
  readonly guarded?: boolean | undefined;
  /** Connects. Rejects with the signal's reason, or with an `InternodeError` that names the address and the reason: `Unauthenticated` or `PermissionDenied` if the other end would not have this side, `InvalidArgument` if it can never succeed, else `Unreachable`. */
  dial(address: HostAddress, options: DialOptions): Promise<Channel>;
  /** Starts to accept. Rejects with an `InternodeError` of code `InvalidArgument` or `Unreachable` that names the address and the reason. */
  listen(address: HostAddress, options: ListenOptions): Promise<Listener>;
  /**
   * Calls back whenever connections made from then on differ from those made
   * before, as with new certificates; those are renewed soon. Absent: never.
   *
   * @returns A function that ends that.
   */
  onChange?(listener: () => void): () => void;
}

/** The transports a node can use, by URL scheme: `ws`, `wss`, `tcp`, `tls`, `unix`, `memory`. */
export type Transports = { readonly [scheme: string]: Transport };

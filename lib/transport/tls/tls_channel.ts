/**
 * A TLS connection as a channel.
 *
 * @module
 */

import type { TLSSocket } from "node:tls";
import type { ChannelDuplex } from "./channel_duplex.ts";
import type { PeerIdentity } from "../channel/peer_identity.ts";
import { PeerLeft } from "../channel/peer_left.ts";
import { giveBack } from "../../wire/memory_return.ts";
import type { ShownCertificate } from "../certificates/revocation_watch.ts";
import type { ByteChannel, Progress } from "../channel/transport.ts";

/** While this many bytes wait to be read, nothing more is read from the channel underneath. */
const MAX_WAITING_BYTES = 64 * 1024;
/** Encrypting more at once would only hold more of it in memory. */
const MAX_WRITE_BYTES = 128 * 1024;
/** While this many encrypted bytes wait to leave, writes wait too: enough to encrypt some while the kernel sends the rest. */
const MAX_LEAVING_BYTES = 128 * 1024;
/** How long the last bytes may take to leave after this side has closed. */
const CLOSING_MS = 800;

interface PendingRead {
  into: Uint8Array<ArrayBuffer>;
  resolve(count: number | null): void;
  reject(error: Error): void;
}

interface PendingWrite {
  count: number;
  /** How much has left when all of it has, or almost all: what encrypting adds is not counted. */
  untilBytes: number;
  /** Whether the bytes are no longer needed. */
  encrypted: boolean;
  resolve(count: number): void;
  reject(error: Error): void;
}

/** The decrypted bytes that wait to be read. */
export class TlsInbox {
  readonly #chunks: Uint8Array[] = [];
  /** How much of the first piece was read. */
  #taken = 0;
  #bytes = 0;

  /** Whether more may be added. */
  readonly hasRoom = (): boolean => this.#bytes < MAX_WAITING_BYTES;

  /** How many bytes wait. */
  get length(): number {
    return this.#bytes;
  }

  /** Adds a piece, which belongs to the inbox from then on. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Takes what fits. */
  take(into: Uint8Array): number {
    let at = 0;
    while (at < into.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!, from = this.#taken;
      const count = Math.min(chunk.length - from, into.length - at);
      into.set(count < chunk.length ? chunk.subarray(from, from + count) : chunk, at);
      at += count;
      this.#taken = from + count;
      if (this.#taken < chunk.length) break;
      this.#taken = 0;
      this.#chunks.shift();
      giveBack(chunk);
    }
    this.#bytes -= at;
    return at;
  }

  /** Drops everything. */
  clear(): void {
    this.#chunks.length = 0;
    this.#bytes = this.#taken = 0;
  }
}

/**
 * Bytes over a TLS socket on a {@linkcode ChannelDuplex}, with the backpressure
 * that the channel underneath gives: the duplex is read from only while the
 * inbox has room, and a write settles once little of what was written waits to leave.
 */
export class TlsChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly integrity = true;
  readonly remote: string;
  /** Set once the other end was judged. */
  identity: PeerIdentity | undefined;
  /** See {@linkcode ByteChannel}. */
  binding: Uint8Array | undefined;
  /** The certificates by which it was judged. */
  shown: readonly ShownCertificate[] = [];
  /** See {@linkcode ByteChannel}. */
  onProgress: ((direction: Progress) => void) | undefined = undefined;

  readonly #socket: TLSSocket;
  readonly #duplex: ChannelDuplex;
  readonly #inbox: TlsInbox;
  /** What reads wait for. */
  #ready: Promise<void> | null = null;
  #read: PendingRead | null = null;
  #write: PendingWrite | null = null;
  #ended = false;
  #failure: Error | null = null;
  #closed = false;
  /** How many bytes must have left before the TLS close message; `Infinity` while open. */
  #dataBytes = Infinity;
  #closing: ReturnType<typeof setTimeout> | undefined;
  readonly #over = Promise.withResolvers<void>();

  /**
   * @param socket The socket, owned from now on.
   * @param duplex What it works on.
   * @param inbox Decides whether the duplex may read.
   * @param remote The other end, for messages.
   */
  constructor(socket: TLSSocket, duplex: ChannelDuplex, inbox: TlsInbox, remote: string) {
    this.#socket = socket;
    this.#duplex = duplex;
    this.#inbox = inbox;
    this.remote = remote;
    duplex.onTaken = () => this.#onTaken();
    duplex.onReceived = () => {
      // Bytes of an incomplete record: decrypted ones would have been read.
      if (this.#read !== null && !this.#closed) this.onProgress?.("received");
    };
    duplex.on("error", (error) => this.#fail(error));
    // At once: node:tls takes writes for a destroyed duplex as if they left, without a turn of the loop.
    duplex.onDestroyed = (error) => this.#fail(error ?? new PeerLeft("the connection was closed"));
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#fail(new PeerLeft("the connection was closed")));
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
  }

  get ended(): Promise<void> {
    return this.#over.promise;
  }

  /** Lets reads wait, as what comes first is not meant for the channel's user. If the promise rejects, they reject. */
  readWhen(ready: Promise<void>): void {
    this.#ready = ready;
    ready.then(() => this.#ready = null, () => {});
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#ready === null ? this.readNow(into) : this.#ready.then(() => this.readNow(into));
  }

  /** Reads without waiting for what `readWhen` was given. */
  readNow(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#inbox.length > 0) {
      const count = this.#inbox.take(into);
      this.#duplex.goOn();
      return Promise.resolve(count);
    }
    if (this.#ended) return Promise.resolve(null);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#read = { into, resolve, reject });
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const part = bytes.length > MAX_WRITE_BYTES ? bytes.subarray(0, MAX_WRITE_BYTES) : bytes;
    return new Promise((resolve, reject) => {
      const count = part.length, { takenBytes, writableLength } = this.#duplex;
      const untilBytes = takenBytes + writableLength + count;
      const write: PendingWrite = { count, untilBytes, encrypted: false, resolve, reject };
      this.#write = write;
      this.#socket.write(part, (error) => {
        if (error) return this.#fail(error);
        write.encrypted = true;
        this.#onTaken();
      });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.clear();
    const interrupted = this.#write !== null;
    this.#settle(closedError());
    if (interrupted || this.#failure !== null) return this.#leave();
    // What was written leaves, and the other end is told by TLS itself that nothing was cut off.
    this.#closing = setTimeout(() => this.#leave(), CLOSING_MS);
    this.#dataBytes = this.#duplex.takenBytes + this.#duplex.writableLength;
    this.#socket.end();
  }

  /** Ends it at once, as its reads and writes say. */
  fail(error: Error): void {
    if (!this.#closed) this.#fail(error);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#duplex.onDecrypted(chunk.length);
    this.#inbox.add(chunk);
    const read = this.#read;
    if (read === null) return;
    this.#read = null;
    read.resolve(this.#inbox.take(read.into));
  }

  #onTaken(): void {
    const waiting = this.#duplex.writableLength;
    if (waiting === 0 && this.#duplex.takenBytes > this.#dataBytes) return this.#leave();
    const write = this.#write;
    if (write === null) return;
    if (!write.encrypted || waiting > MAX_LEAVING_BYTES) {
      // What has left whole is no part of a write: small ones leave though the other end reads nothing.
      if (this.#duplex.takenBytes < write.untilBytes) this.onProgress?.("taken");
      return;
    }
    this.#write = null;
    write.resolve(write.count);
  }

  #end(): void {
    this.#ended = true;
    this.#read?.resolve(null);
    this.#read = null;
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#settle(error);
    this.#leave();
  }

  #settle(error: Error): void {
    const read = this.#read, write = this.#write;
    this.#read = this.#write = null;
    read?.reject(error);
    write?.reject(error);
  }

  #leave(): void {
    clearTimeout(this.#closing);
    this.#socket.destroy();
    this.#duplex.destroy();
    this.#duplex.onceIdle(this.#over.resolve);
  }
}

function closedError(): Error {
  return new Error("the connection is closed");
}

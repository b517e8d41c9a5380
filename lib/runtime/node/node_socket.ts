/**
 * Sockets of `node:net`.
 *
 * @module
 */

import { joined } from "../../wire/part_of.ts";
import type { ByteStream } from "../platform/byte_stream.ts";
import { IS_WINDOWS } from "../platform/operating_system.ts";
import type { SocketAddress, TcpSocket } from "../platform/socket.ts";

const BUFFER_BYTES = 64 * 1024;
/** Larger writes go in parts, each of which shows that the other end still takes something. */
const MAX_WRITE_BYTES = 256 * 1024;

/**
 * Where the system reads to. All sockets share it, as each takes its bytes out
 * at once. On Windows a read is under way for as long as nothing comes.
 */
const shared = new Uint8Array(BUFFER_BYTES);

/** What `node:net` takes as `onread`: the bytes lie in a buffer of ours, where `data` would make one for each read. */
export interface ReadOptions {
  /** The buffer. */
  readonly buffer: Uint8Array;
  /** Is called when something has come; `false`: nothing more for now. */
  callback(count: number, buffer: Uint8Array): boolean;
}

interface PendingRead {
  readonly into: Uint8Array<ArrayBuffer>;
  resolve(count: number | null): void;
  reject(error: Error): void;
}

/**
 * A connection that is read from only while somebody wants to read, but for at
 * most 64 KiB, so that the other end is held back by the system.
 */
export class NodeSocket<Address extends SocketAddress = SocketAddress> {
  /** What makes the system read into a buffer of ours; for a socket that is made with it. */
  readonly onread: ReadOptions = {
    buffer: IS_WINDOWS ? new Uint8Array(BUFFER_BYTES) : shared,
    callback: (count, buffer) => this.#onBytes(buffer.subarray(0, count), true),
  };

  #socket: ByteStream | null = null;
  #local: Address | null = null;
  #remote: Address | null = null;
  #read: PendingRead | null = null;
  /** What has come that nobody has read yet. */
  #waiting: Uint8Array | null = null;
  #isHeld = false;
  #ended = false;
  #failure: Error | null = null;

  /**
   * Takes a connection over.
   *
   * @param socket The connection, open; `onread` is its own if `hasOnread`.
   * @param hasOnread Whether it was made with {@linkcode NodeSocket.onread}.
   * @param addressesOf The addresses of both its ends.
   * @param first What was read of it already. Default: nothing.
   */
  take<Stream extends ByteStream>(
    socket: Stream,
    hasOnread: boolean,
    addressesOf: (socket: Stream) => { local: Address; remote: Address } | null,
    first: Uint8Array | null = null,
  ): this {
    this.#socket = socket;
    this.#waiting = first;
    const found = addressesOf(socket);
    this.#local = found?.local ?? null;
    this.#remote = found?.remote ?? null;
    if (!hasOnread) socket.on("data", (chunk) => void this.#onBytes(chunk, false));
    socket.on("end", () => this.#onEnd());
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(leftError("the connection was closed", "ECONNRESET")));
    socket.resume();
    return this;
  }

  /** See `Socket`. Throws if the other end has gone before anybody could ask. */
  get localAddr(): Address {
    return this.#local ?? thrownLeft();
  }

  /** See `Socket`. Throws as {@linkcode NodeSocket.localAddr} does. */
  get remoteAddr(): Address {
    return this.#remote ?? thrownLeft();
  }

  /** See `Socket`. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const waiting = this.#waiting;
    if (waiting !== null) return Promise.resolve(this.#takeWaiting(waiting, into));
    if (this.#ended) return Promise.resolve(null);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#read = { into, resolve, reject };
      this.#release();
    });
  }

  /** See `Socket`. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const part = bytes.length > MAX_WRITE_BYTES ? bytes.subarray(0, MAX_WRITE_BYTES) : bytes;
    return new Promise((resolve, reject) => {
      this.#socket!.write(part, (error) => {
        if (error) reject(this.#failure ?? error);
        else resolve(part.length);
      });
    });
  }

  /** See `Socket`. */
  close(): void {
    this.#waiting = null;
    this.#ended = false;
    this.#fail(Object.assign(new Error("the connection is closed"), { code: "EBADF" }));
    this.#socket?.destroy();
  }

  /** See `TcpSocket`. */
  setNoDelay(noDelay: boolean): void {
    this.#socket?.setNoDelay?.(noDelay);
  }

  /** @param isLent Whether the bytes are another's as soon as this returns. */
  #onBytes(bytes: Uint8Array, isLent: boolean): boolean {
    const read = this.#read;
    if (this.#failure !== null) return false;
    if (read === null) {
      this.#keep(bytes, isLent);
      return false;
    }
    this.#read = null;
    const count = Math.min(bytes.length, read.into.length);
    read.into.set(count < bytes.length ? bytes.subarray(0, count) : bytes);
    if (count < bytes.length) this.#keep(bytes.subarray(count), isLent);
    read.resolve(count);
    return !this.#isHeld;
  }

  #keep(bytes: Uint8Array, isLent: boolean): void {
    // Not more than once: what comes is held back from now on.
    this.#waiting = isLent
      ? bytes.slice()
      : this.#waiting === null
      ? bytes
      : joined([this.#waiting, bytes]);
    this.#isHeld = true;
    this.#socket!.pause();
  }

  #takeWaiting(waiting: Uint8Array, into: Uint8Array): number {
    const count = Math.min(waiting.length, into.length);
    into.set(count < waiting.length ? waiting.subarray(0, count) : waiting);
    this.#waiting = count < waiting.length ? waiting.subarray(count) : null;
    return count;
  }

  #release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#socket!.resume();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#read?.resolve(null);
    this.#read = null;
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#read?.reject(error);
    this.#read = null;
  }
}

/** What a connection is ended with whose other end has gone. */
function leftError(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

function thrownLeft(): never {
  throw leftError("the other end has gone", "ENOTCONN");
}

/** A TCP connection is one of these. */
export type NodeTcpSocket = NodeSocket<TcpSocket["localAddr"]>;

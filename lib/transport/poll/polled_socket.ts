/**
 * A connection of the runtime that is polled.
 *
 * @module
 */

import type { Libc, LibcLoader } from "../../runtime/platform/libc.ts";
import type { Socket } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { PEEKING, WITHOUT_WAITING } from "./flags.ts";
import type { SocketByBytes } from "./socket_by_bytes.ts";
import { descriptorsLike } from "./socket_search.ts";
import type { SocketPoll } from "../channel/transport.ts";

/** Longer than any `struct stat`, which begins with the identity of a socket: device and inode. */
const STAT_BYTES = 256;
const IDENTITY_BYTES = 16;

/**
 * Reads and writes a connection's socket by the C library, besides the runtime.
 * Failures are not reported here, but by the runtime's next read or write.
 *
 * The descriptor's number is good for as long as the connection is open, and
 * could be another socket's afterwards: {@linkcode PolledSocket.close} comes
 * before the connection is closed, and nothing is asked after it.
 */
export class PolledSocket implements SocketPoll {
  readonly #loader: LibcLoader;
  readonly #libc: Libc;
  readonly #descriptor: number;
  /** The identity of the socket when it was found, if it must be checked. */
  readonly #identity: Uint8Array | null;
  #closed = false;
  /** The lengths of the last read and write as big integers, because most are equal to the one before. */
  readonly #receiveLength = new BigLength();
  readonly #sendLength = new BigLength();

  private constructor(
    loader: LibcLoader,
    libc: Libc,
    descriptor: number,
    identity: Uint8Array | null,
  ) {
    this.#loader = loader;
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.#identity = identity;
  }

  /**
   * Finds the socket of a connection over TCP or a Unix socket.
   *
   * @param conn The connection, open.
   * @param byBytes The earlier search by first bytes, if many look alike.
   * @returns The socket; `null` if that is not permitted or possible, or if it is uncertain which socket it is.
   */
  static of(conn: Socket, byBytes: SocketByBytes | null): PolledSocket | null {
    const loader = thisPlatform().libc, libc = loader?.acquire() ?? null;
    if (loader === null || libc === null) return null;
    const found = descriptorsLike(libc, conn);
    if (found.length === 1) return new PolledSocket(loader, libc, found[0]!, null);
    const descriptor = byBytes?.descriptor ?? -1;
    // An unproven peer that withholds its hello and sends the same bytes on another connection of its
    // own makes that one be taken for this one. That affects nobody else while it is the same socket.
    const identity = descriptor < 0 ? null : identityOf(libc, descriptor);
    if (identity !== null && found.includes(descriptor)) {
      return new PolledSocket(loader, libc, descriptor, identity);
    }
    loader.release();
    return null;
  }

  /** See {@linkcode SocketPoll}. */
  get isReady(): boolean {
    if (this.#closed) return false;
    return this.#identity === null || isSame(this.#libc, this.#descriptor, this.#identity);
  }

  /**
   * Reads what is there.
   *
   * @param into Where to; not empty.
   * @returns How many bytes; 0 at the end, -1 where there are none now or the connection is lost.
   */
  receive(into: Uint8Array<ArrayBuffer>): number {
    if (this.#closed) return -1;
    const length = this.#receiveLength.of(into);
    return this.#libc.recv(this.#descriptor, into, length, WITHOUT_WAITING);
  }

  /** Whether there is something to read, the end included; it is not consumed. */
  hasBytes(): boolean {
    if (this.#closed) return false;
    return this.#libc.recv(this.#descriptor, peeked, 1n, WITHOUT_WAITING | PEEKING) >= 0;
  }

  /**
   * Writes what there is room for.
   *
   * @param bytes What to write.
   * @returns How many bytes were taken; 0 where there is no room now or the connection is lost.
   */
  send(bytes: Uint8Array<ArrayBuffer>): number {
    if (this.#closed) return 0;
    const length = this.#sendLength.of(bytes);
    return Math.max(0, this.#libc.send(this.#descriptor, bytes, length, WITHOUT_WAITING));
  }

  /** Asks no more. Any number of calls. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loader.release();
  }
}

const peeked = new Uint8Array(1);
const stat = new Uint8Array(STAT_BYTES);

function identityOf(libc: Libc, descriptor: number): Uint8Array | null {
  if (libc.fstat === null || libc.fstat(descriptor, stat) !== 0) return null;
  return stat.slice(0, IDENTITY_BYTES);
}

function isSame(libc: Libc, descriptor: number, identity: Uint8Array): boolean {
  if (libc.fstat!(descriptor, stat) !== 0) return false;
  for (let at = 0; at < IDENTITY_BYTES; at++) if (stat[at] !== identity[at]) return false;
  return true;
}

class BigLength {
  #length = -1;
  #big = 0n;

  of({ length }: Uint8Array): bigint {
    if (length !== this.#length) {
      this.#length = length;
      this.#big = BigInt(length);
    }
    return this.#big;
  }
}

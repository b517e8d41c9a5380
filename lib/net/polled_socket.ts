/**
 * A connection of the runtime, asked without waiting.
 *
 * @module
 */

import { acquireLibc, type Libc, releaseLibc, WITHOUT_WAITING } from "./libc.ts";
import { descriptorsLike } from "./socket_search.ts";

/**
 * Reads and writes a connection's socket by the C library, beside the runtime.
 * What goes wrong is not told here: the runtime's own next read or write tells.
 *
 * The descriptor's number is good for as long as the connection is open, and
 * could be another socket's afterwards: {@linkcode PolledSocket.close} comes
 * before the connection is closed, and nothing is asked after it.
 */
export class PolledSocket {
  readonly #libc: Libc;
  readonly #descriptor: number;
  #closed = false;
  /** The lengths of the last read and write as big integers, since most have the same as the one before. */
  readonly #receiveLength = new BigLength();
  readonly #sendLength = new BigLength();

  private constructor(libc: Libc, descriptor: number) {
    this.#libc = libc;
    this.#descriptor = descriptor;
  }

  /**
   * Finds the socket of a connection over TCP or a Unix socket.
   *
   * @param conn The connection, open.
   * @returns The socket; `null` where that is not permitted or possible, or where it is not certain which it is.
   */
  static of(conn: Deno.Conn): PolledSocket | null {
    const libc = acquireLibc();
    if (libc === null) return null;
    const found = descriptorsLike(libc, conn);
    if (found.length === 1) return new PolledSocket(libc, found[0]!);
    releaseLibc();
    return null;
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
    releaseLibc();
  }
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

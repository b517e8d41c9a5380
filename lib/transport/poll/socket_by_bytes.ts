/**
 * Finds the descriptor of a connection among others that look like it.
 *
 * @module
 */

import type { Libc } from "../../runtime/platform/libc.ts";
import type { Socket } from "../../runtime/platform/socket.ts";
import { PEEKING, WITHOUT_WAITING } from "./flags.ts";
import { descriptorsLike } from "./socket_search.ts";

/** How many of the first bytes are compared. */
const PEEK_BYTES = 512;
/** What comes first without its first byte, down to the end of a hello's fixed part: its nonce of 32 bytes is among them. */
const LEAST_BYTES = 119;

/**
 * Does a connection's first two reads. The first one takes a single byte; when
 * that has come, the rest of the hello lies in the socket and no read is under
 * way, so it can be peeked at, in each socket that may be this one. The second
 * read tells which of them had the right bytes, unpredictable ones.
 */
export class SocketByBytes {
  readonly #libc: Libc;
  readonly #conn: Socket;
  #reads = 0;
  #descriptor = -1;

  /**
   * @param libc The C library.
   * @param conn The connection; nothing was read from it yet.
   */
  constructor(libc: Libc, conn: Socket) {
    this.#libc = libc;
    this.#conn = conn;
  }

  /** The descriptor found; -1: none, or not one alone. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** See `ByteChannel`. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    this.#reads++;
    if (this.#reads === 1) return this.#conn.read(into.subarray(0, 1));
    if (this.#reads > 2) return this.#conn.read(into);
    const peeked = this.#peek();
    return this.#conn.read(into).then((count) => {
      const same = peeked.filter(({ bytes }) => isSame(bytes, into.subarray(0, count ?? 0)));
      if (same.length === 1) this.#descriptor = same[0]!.descriptor;
      return count;
    });
  }

  #peek(): { readonly descriptor: number; readonly bytes: Uint8Array }[] {
    return descriptorsLike(this.#libc, this.#conn).map((descriptor) => {
      const bytes = new Uint8Array(PEEK_BYTES);
      const flags = WITHOUT_WAITING | PEEKING;
      const count = this.#libc.recv(descriptor, bytes, BigInt(PEEK_BYTES), flags);
      return { descriptor, bytes: bytes.subarray(0, Math.max(0, count)) };
    });
  }
}

function isSame(peeked: Uint8Array, read: Uint8Array): boolean {
  const length = Math.min(peeked.length, read.length);
  return length >= LEAST_BYTES &&
    peeked.subarray(0, length).every((byte, index) => byte === read[index]);
}

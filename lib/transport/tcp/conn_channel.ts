/**
 * A socket of the runtime as a channel.
 *
 * @module
 */

import type { Socket, SocketRead } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { IdlePoll } from "../poll/idle_poll.ts";
import { PolledSocket } from "../poll/polled_socket.ts";
import { SocketByBytes } from "../poll/socket_by_bytes.ts";
import type { PollableChannel, SocketPoll } from "../channel/transport.ts";

/**
 * Bytes over a socket of the runtime, which gives real backpressure both ways.
 * Reads and writes are the runtime's own promises; its errors do not name the
 * other end, `remote` does.
 */
export class ConnChannel implements PollableChannel {
  readonly kind = "bytes";
  readonly remote: string;
  readonly integrity: boolean;
  readonly #conn: Socket;
  readonly #read: SocketRead;
  /** `undefined` until it is used. */
  #socket: PolledSocket | null | undefined;
  #byBytes: SocketByBytes | null = null;
  /** `null` until it is used. */
  #idlePoll: IdlePoll | null = null;
  #closed = false;

  /**
   * Takes over a connection.
   *
   * @param conn The connection, owned from now on.
   * @param remote The other end, for messages.
   * @param integrity Whether checksums are not needed, see {@linkcode ByteChannel}.
   */
  constructor(conn: Socket, remote: string, integrity: boolean) {
    this.#conn = conn;
    this.#read = thisPlatform().readerOf(conn);
    this.remote = remote;
    this.integrity = integrity;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#byBytes === null ? this.#read(into) : this.#byBytes.read(into);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#conn.write(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // First, because the descriptor's number may belong to another socket at once.
    this.#socket?.close();
    this.#endSearch();
    closeConn(this.#conn);
  }

  /** See {@linkcode ByteChannel}; never where there is TLS between the bytes and the socket. */
  socket(): SocketPoll | null {
    if (this.#isSealed || this.#closed) return null;
    if (this.#socket === undefined) {
      this.#socket = PolledSocket.of(this.#conn, this.#byBytes);
      this.#endSearch();
    }
    return this.#socket;
  }

  /** See {@linkcode ByteChannel}. Only over TCP alone: who writes to a Unix socket waits after 200 KiB, and TLS takes longer than waking. */
  expectMore(receivedBytes: number): void {
    if (!this.#isTcp || this.integrity) return;
    (this.#idlePoll ??= new IdlePoll(systemClock)).onRead(receivedBytes);
  }

  /** See {@linkcode ByteChannel}; the addresses of TCP are enough. */
  prepareSocket(): void {
    if (this.#isTcp) return;
    const libc = thisPlatform().libc?.acquire() ?? null;
    if (libc !== null) this.#byBytes = new SocketByBytes(libc, this.#conn);
  }

  get #isTcp(): boolean {
    return this.#conn.remoteAddr.transport === "tcp";
  }

  /** Whether there is TLS, which the runtime has over TCP alone. */
  get #isSealed(): boolean {
    return this.integrity && this.#isTcp;
  }

  #endSearch(): void {
    if (this.#byBytes === null) return;
    this.#byBytes = null;
    thisPlatform().libc?.release();
  }
}

/**
 * Closes a connection that may have closed itself, as one does whose TLS handshake failed.
 *
 * @param conn The connection.
 */
export function closeConn(conn: Pick<Socket, "close">): void {
  try {
    conn.close();
  } catch {
    // It has.
  }
}

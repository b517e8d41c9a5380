/**
 * A `Deno.Conn` as a channel.
 *
 * @module
 */

import type { ByteChannel } from "./transport.ts";

/**
 * Bytes over a socket of the runtime, which gives real backpressure both ways.
 * Reads and writes are the runtime's own promises with nothing around them;
 * its errors do not name the other end, `remote` does.
 */
export class ConnChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote: string;
  readonly integrity: boolean;
  readonly #conn: Deno.Conn;
  #closed = false;

  /**
   * Takes over a connection.
   *
   * @param conn The connection, owned from now on.
   * @param remote The other end, for messages.
   * @param integrity Whether the transport detects changed bytes.
   */
  constructor(conn: Deno.Conn, remote: string, integrity: boolean) {
    this.#conn = conn;
    this.remote = remote;
    this.integrity = integrity;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#conn.read(into);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#conn.write(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeConn(this.#conn);
  }
}

/**
 * Closes a connection that may have closed itself, as one does whose TLS handshake failed.
 *
 * @param conn The connection.
 */
export function closeConn(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It has.
  }
}

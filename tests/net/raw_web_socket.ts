/**
 * WebSocket peers made of bare TCP, which do what proper ones never do.
 *
 * @module
 */

import { type HostAddress, networkAddress } from "../../lib/net/host_address.ts";

const encoder = new TextEncoder();

/** A proper request for an upgrade. */
export function openingOf(path: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(
    `GET ${path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
}

/** Answers one upgrade, then neither reads nor says anything by itself. */
export class SilentWebSocketHost {
  readonly address: HostAddress;
  readonly #listener: Deno.TcpListener;
  #conn: Deno.Conn | undefined;

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.address = networkAddress("ws", "127.0.0.1", listener.addr.port);
  }

  /** Starts one; `promise` is its end of the connection, once upgraded. */
  static start(): { host: SilentWebSocketHost; promise: Promise<Deno.Conn> } {
    const host = new SilentWebSocketHost(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    return { host, promise: host.#accept() };
  }

  end(): void {
    try {
      this.#conn?.close();
    } catch {
      // The test has closed it.
    }
    this.#listener.close();
  }

  async #accept(): Promise<Deno.Conn> {
    const conn = this.#conn = await this.#listener.accept();
    const buffer = new Uint8Array(4096);
    let request = "";
    while (!request.includes("\r\n\r\n")) {
      request += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    }
    const key = /sec-websocket-key: *(\S+)/i.exec(request)![1]! +
      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const answer = new Uint8Array(await crypto.subtle.digest("SHA-1", encoder.encode(key)))
      .toBase64();
    await conn.write(encoder.encode(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${answer}\r\n\r\n`,
    ));
    return conn;
  }
}

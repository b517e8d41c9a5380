/**
 * WebSocket peers made of bare TCP, which do what proper ones never do.
 *
 * @module
 */

import { type HostAddress, networkAddress } from "../../../lib/runtime/host_address.ts";

const encoder = new TextEncoder();

/** A proper request for an upgrade. */
export function openingOf(path: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
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
    await conn.write(await agreementTo(request));
    return conn;
  }
}

/** A frame as servers send it; `lengthBytes` (0, 2 or 8) may be more than it takes. */
export function serverFrame(
  opcode: number,
  payload: Uint8Array,
  { final = true, lengthBytes = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8 } = {},
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(2 + lengthBytes + payload.length);
  frame[0] = (final ? 0x80 : 0) | opcode;
  frame[1] = lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127;
  const view = new DataView(frame.buffer);
  if (lengthBytes === 2) view.setUint16(2, payload.length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(payload.length));
  frame.set(payload, 2 + lengthBytes);
  return frame;
}

/** A frame as clients send it. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array,
  options: {
    final?: boolean | undefined;
    lengthBytes?: number | undefined;
    key?: readonly number[];
  } = {},
): Uint8Array<ArrayBuffer> {
  const { key = [0x12, 0x34, 0x56, 0x78], ...others } = options;
  const plain = serverFrame(opcode, payload, others);
  const head = plain.length - payload.length;
  const frame = new Uint8Array(plain.length + 4);
  frame.set(plain.subarray(0, head));
  frame[1]! |= 0x80;
  frame.set(key, head);
  for (let i = 0; i < payload.length; i++) frame[head + 4 + i] = payload[i]! ^ key[i % 4]!;
  return frame;
}

/** One frame as one side has sent it, unmasked. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Takes the masked frames of a client apart, byte by byte, as simply as can be; one that is cut off does not count. */
export function clientFrames(bytes: Uint8Array): RawFrame[] {
  return framesIn(bytes, true);
}

/** The same for the frames of a server. */
export function serverFrames(bytes: Uint8Array): RawFrame[] {
  return framesIn(bytes, false);
}

function framesIn(bytes: Uint8Array, masked: boolean): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const opcode = bytes[at++]!;
    if ((opcode & 0xf0) !== 0x80) throw new Error(`a frame begins with ${opcode}`);
    let length = bytes[at++]!;
    if (length >= 0x80 !== masked) throw new Error("a frame is masked that must not, or is not");
    length &= 0x7f;
    const lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0;
    if (lengthBytes > 0) length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[at++]!;
    const key = masked ? bytes.subarray(at, at += 4) : new Uint8Array(4);
    const payload = new Uint8Array(length);
    if (!(at + length <= bytes.length)) break;
    for (let i = 0; i < length; i++) payload[i] = bytes[at++]! ^ key[i % 4]!;
    frames.push({ opcode: opcode & 0x0f, payload });
  }
  return frames;
}

/** A host that says to one client after the other whatever a test lets it say. */
export class ScriptedHost {
  readonly address: HostAddress;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.Conn[] = [];

  constructor(scheme = "ws") {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = networkAddress(scheme, "127.0.0.1", this.#listener.addr.port);
  }

  /** Waits for the next client and the head of what it asks for. */
  async next(): Promise<{ conn: Deno.Conn; request: string }> {
    const conn = await this.#listener.accept();
    this.#conns.push(conn);
    const buffer = new Uint8Array(4096);
    let request = "";
    while (!request.includes("\r\n\r\n")) {
      const count = await conn.read(buffer);
      if (count === null) break;
      request += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return { conn, request };
  }

  [Symbol.dispose](): void {
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // The test has closed it.
      }
    }
    this.#listener.close();
  }
}

/** The answer that agrees to an upgrade. */
export async function agreementTo(request: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = /sec-websocket-key: *(\S+)/i.exec(request)![1]! +
    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = new Uint8Array(await crypto.subtle.digest("SHA-1", encoder.encode(key)));
  return encoder.encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept.toBase64()}\r\n\r\n`,
  );
}

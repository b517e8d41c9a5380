/**
 * Sockets on which a hostile peer says what it likes, and reads only when it wants to.
 *
 * @module
 */

import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { MtlsConfig } from "../../../lib/transport/certificates/mtls_config.ts";
import { mtlsTransport } from "../../../lib/transport/mtls/mtls_transport.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { joined, u32, utf8 } from "../session/raw_frames.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Carries batches. Nothing is read from it before somebody asks. */
export interface RawSocket {
  /** Sends a batch in whatever the transport puts around one. */
  batch(frames: Uint8Array): Promise<void>;
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): Promise<void>;
  /** Reads the next batch; `null` at the end, however it ended. */
  read(): Promise<Uint8Array | null>;
  /** Closes it. What was not read makes the system reset the connection. */
  close(): void;
}

/** Bytes of any kind. */
interface Bare {
  read(into: Bytes): Promise<number | null>;
  write(bytes: Bytes): Promise<number>;
  close(): void;
}

/** How to get through to a host. */
export interface Way {
  readonly url: string;
  /** For mutual TLS. */
  readonly tls?: MtlsConfig | undefined;
  /** For the upgrade request. */
  readonly token?: string | undefined;
  readonly path?: string | undefined;
}

/** Connects. */
export async function openSocket(way: Way): Promise<RawSocket> {
  const bare = await openBare(way);
  if (!way.url.startsWith("ws")) return new StreamSocket(bare);
  try {
    return await upgraded(bare, way);
  } catch (error) {
    closeQuietly(bare);
    throw error;
  }
}

/** Connects, and says nothing. */
export async function openBare({ url, tls }: Way): Promise<Bare> {
  const address = parseHostAddress(url);
  const isUnix = address.scheme === "unix";
  if (tls !== undefined) {
    const transport = mtlsTransport(tls, isUnix ? unixTransport() : tcpTransport());
    const channel = await transport.dial(address, {
      signal: new AbortController().signal,
      path: "",
    });
    return channel as unknown as Bare;
  }
  if (isUnix) return await Deno.connect({ transport: "unix", path: address.path });
  const conn = await Deno.connect({ hostname: address.hostname, port: address.port });
  conn.setNoDelay(true);
  return conn;
}

async function writeAll(bare: Bare, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await bare.write(bytes.subarray(at) as Bytes);
}

function closeQuietly(bare: Bare): void {
  try {
    bare.close();
  } catch {
    // It has closed itself.
  }
}

/** Batches in envelopes. */
class StreamSocket implements RawSocket {
  readonly #bare: Bare;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(bare: Bare) {
    this.#bare = bare;
  }

  batch(frames: Uint8Array): Promise<void> {
    return this.raw(joined(u32(frames.length, 0), frames));
  }

  raw(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#bare, bytes);
  }

  async read(): Promise<Uint8Array | null> {
    const head = await this.#take(8);
    if (head === null) return null;
    return await this.#take(new DataView(head.buffer, head.byteOffset).getUint32(0, true));
  }

  close(): void {
    closeQuietly(this.#bare);
  }

  async #take(count: number): Promise<Uint8Array | null> {
    const parts = [this.#rest];
    let length = this.#rest.length;
    while (length < count) {
      const into = new Uint8Array(64 * 1024);
      const got = await this.#bare.read(into).catch(() => null);
      if (got === null) return null;
      parts.push(into.subarray(0, got));
      length += got;
    }
    const all = joined(...parts);
    this.#rest = all.subarray(count);
    return all.slice(0, count);
  }
}

/** Batches as WebSocket messages. */
class WebSocketSocket implements RawSocket {
  readonly #bare: Bare;
  #rest: Uint8Array;

  constructor(bare: Bare, first: Uint8Array) {
    this.#bare = bare;
    this.#rest = first;
  }

  batch(frames: Uint8Array): Promise<void> {
    return this.raw(maskedFrame(BINARY, frames));
  }

  raw(bytes: Uint8Array): Promise<void> {
    return writeAll(this.#bare, bytes);
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const frame = takeServerFrame(this.#rest);
      if (frame !== null) {
        this.#rest = this.#rest.subarray(frame.end);
        if (frame.opcode === BINARY) return frame.payload;
        if (frame.opcode === CLOSE) return null;
        continue;
      }
      const into = new Uint8Array(64 * 1024);
      const got = await this.#bare.read(into).catch(() => null);
      if (got === null) return null;
      this.#rest = joined(this.#rest, into.subarray(0, got));
    }
  }

  close(): void {
    closeQuietly(this.#bare);
  }
}

const BINARY = 2, CLOSE = 8;

/** A frame as clients send it. */
export function maskedFrame(opcode: number, payload: Uint8Array): Bytes {
  const { length } = payload;
  const head = length < 126
    ? [0x80 | length]
    : length < 0x1_0000
    ? [0x80 | 126, length >>> 8, length]
    : [0x80 | 127, 0, 0, 0, 0, length >>> 24, length >>> 16, length >>> 8, length];
  // A key of zeros masks nothing.
  return joined(new Uint8Array([0x80 | opcode, ...head, 0, 0, 0, 0]), payload);
}

/** The first frame among bytes from a server, if it is whole. */
function takeServerFrame(
  bytes: Uint8Array,
): { opcode: number; payload: Uint8Array; end: number } | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 0x7f, lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + lengthBytes;
  if (bytes.length < start) return null;
  let length = lengthBytes === 0 ? short : 0;
  for (const byte of bytes.subarray(2, start)) length = length * 256 + byte;
  const end = start + length;
  return bytes.length < end
    ? null
    : { opcode: bytes[0]! & 0x0f, payload: bytes.slice(start, end), end };
}

/** A request for an upgrade. */
export function upgradeRequest({ token, path = "/internode" }: Partial<Way>): Bytes {
  return utf8(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      (token === undefined ? "" : `Authorization: Bearer ${token}\r\n`) + "\r\n",
  );
}

async function upgraded(bare: Bare, way: Way): Promise<RawSocket> {
  await writeAll(bare, upgradeRequest(way));
  let head: Uint8Array = new Uint8Array(0);
  for (;;) {
    const text = new TextDecoder("latin1").decode(head);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      if (!text.startsWith("HTTP/1.1 101")) throw new Error(`no upgrade: ${text}`);
      return new WebSocketSocket(bare, head.slice(end + 4));
    }
    const into = new Uint8Array(4096), got = await bare.read(into);
    if (got === null) throw new Error(`no upgrade: ${text}`);
    head = joined(head, into.subarray(0, got));
  }
}

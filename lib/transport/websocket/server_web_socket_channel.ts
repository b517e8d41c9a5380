/**
 * The accepting end of a WebSocket of `Bun.serve` as a channel.
 *
 * @module
 */

import type { MessageChannel, MessageReceiver } from "../channel/transport.ts";
import { CLOSE_CODE } from "./web_socket_frames.ts";

const HIGH_WATER_BYTES = 2 * 1024 * 1024;
const LOW_WATER_BYTES = HIGH_WATER_BYTES / 2;
/** How long waiting bytes may take to leave once this side closes. */
const CLOSE_TIMEOUT_MS = 800;

/** A connection of a server that tells of its WebSocket connections by handlers, such as that of `Bun.serve`. */
export interface ServerWebSocket {
  /** What `upgrade` of the server was given with its request. */
  readonly data: unknown;
  /** Sends a message, and returns the number of bytes: -1 if they wait, 0 if they are lost. */
  send(bytes: Uint8Array): number;
  /** How many bytes wait. */
  getBufferedAmount(): number;
  /** Closes it, with a close frame. */
  close(code?: number, reason?: string): void;
  /** Closes it at once. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  /** Undoes `pause`. */
  resume(): void;
}

/** What the server is given with a request, by which its handlers find the channel. */
export class ServedSocket {
  /** The channel, once the connection is open. */
  channel: ServerWebSocketChannel | null = null;
  readonly #remote: string;
  readonly #accept: (channel: MessageChannel) => void;
  #isGivenUp = false;

  /**
   * @param remote The other end, for messages.
   * @param accept Takes the channel. Must not throw.
   */
  constructor(remote: string, accept: (channel: MessageChannel) => void) {
    this.#remote = remote;
    this.#accept = accept;
  }

  /** The connection is open. */
  onOpen(socket: ServerWebSocket): void {
    if (this.#isGivenUp) return socket.terminate();
    this.channel = new ServerWebSocketChannel(socket, this.#remote);
    this.#accept(this.channel);
  }

  /** Stops waiting for it. Returns whether it was opened. */
  giveUp(): boolean {
    this.#isGivenUp = true;
    this.channel?.close();
    return this.channel !== null;
  }
}

/**
 * Messages over a WebSocket whose events come by {@linkcode ServedSocket}.
 *
 * Sending: the server says of each message whether it waits, and when it has
 * left; what it drops, as too much waits, ends the channel. Receiving: the
 * server assembles each message, and reads no more while it is paused, as it
 * is until `start`.
 */
export class ServerWebSocketChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote: string;
  readonly #socket: ServerWebSocket;

  #receiver: MessageReceiver | null = null;
  /** What had been read when it was paused. */
  #early: Uint8Array<ArrayBuffer>[] = [];
  #congested = false;
  /** Why this side closes; `null`: it does not. */
  #closing: string | null = null;
  /** The code and the text that the other side is told of it. */
  #farewell: readonly [code: number, reason: string] = [CLOSE_CODE.normal, ""];
  #closeTimer: number | undefined;
  #ended: string | null = null;

  /**
   * Takes over a socket.
   *
   * @param socket The socket: open, owned from now on.
   * @param remote The other end, for messages.
   */
  constructor(socket: ServerWebSocket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    socket.pause();
  }

  start(receiver: MessageReceiver): void {
    queueMicrotask(() => {
      this.#receiver = receiver;
      const early = this.#early;
      this.#early = [];
      if (this.#ended === null) this.#socket.resume();
      for (const message of early) {
        if (this.#closing === null) receiver.onMessage(message);
      }
      if (this.#ended !== null) receiver.onClose(this.#ended);
    });
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closing !== null || this.#ended !== null) return;
    const sent = this.#socket.send(bytes);
    if (sent === 0 && bytes.length > 0) {
      this.#closing = "lost: the server dropped a message, as too much waits (backpressureLimit)";
      this.#socket.terminate();
    } else if (sent < 0) {
      this.#congested = this.#socket.getBufferedAmount() >= HIGH_WATER_BYTES;
    }
  }

  get congested(): boolean {
    return this.#congested;
  }

  pause(): void {
    if (this.#ended === null) this.#socket.pause();
  }

  resume(): void {
    if (this.#ended === null) this.#socket.resume();
  }

  close(): void {
    this.#close(CLOSE_CODE.normal, "closed by this side", "");
  }

  /** A message has arrived. */
  onMessage(message: string | Uint8Array): void {
    if (this.#closing !== null) return;
    if (typeof message === "string") {
      const reason = "only binary messages are understood here";
      const told = "the other side sent a message that is not binary";
      return this.#close(CLOSE_CODE.unsupported, told, reason);
    }
    const bytes = ownBytes(message);
    if (this.#receiver === null) this.#early.push(bytes);
    else this.#receiver.onMessage(bytes);
  }

  /** Some waiting bytes have left. */
  onDrain(): void {
    const waiting = this.#socket.getBufferedAmount();
    if (this.#closing !== null) {
      if (waiting === 0) this.#socket.close(...this.#farewell);
      return;
    }
    this.#receiver?.onProgress?.("taken");
    if (!this.#congested || waiting > LOW_WATER_BYTES) return;
    this.#congested = false;
    this.#receiver?.onDrain();
  }

  /** The socket has ended; also told within `close`. */
  onClose(code: number, reason: string): void {
    if (this.#ended !== null) return;
    this.#ended = this.#closing ??
      (code === 0 || code === LOST
        ? reason === "" ? "lost without a close frame" : `lost: ${reason}`
        : `closed by the other side (code ${code}${reason === "" ? "" : `: ${reason}`})`);
    clearTimeout(this.#closeTimer);
    const receiver = this.#receiver;
    if (receiver !== null) queueMicrotask(() => receiver.onClose(this.#ended!));
  }

  /** Once it is closed nothing can cut it off, so what waits is let out before. */
  #close(code: number, told: string, toldPeer: string): void {
    if (this.#closing !== null || this.#ended !== null) return;
    this.#closing = told;
    this.#farewell = [code, toldPeer];
    this.#early = [];
    if (this.#socket.getBufferedAmount() === 0) return this.#socket.close(...this.#farewell);
    this.#closeTimer = Number(setTimeout(() => {
      this.#closing += "; the other side did not take what was sent in time";
      this.#socket.terminate();
    }, CLOSE_TIMEOUT_MS));
  }
}

/** What a socket says that was lost. */
const LOST = 1006;

/** Without the methods of the runtime's own kind of bytes, which do otherwise. */
function ownBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  return length === buffer.byteLength ? bytes : bytes.slice();
}

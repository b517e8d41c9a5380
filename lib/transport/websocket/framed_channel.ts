/**
 * A WebSocket connection, on either side.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { FloodLimiter } from "../../session/flood_limiter.ts";
import { MAX_BATCH_BYTES } from "../../wire/limits.ts";
import type { PeerIdentity } from "../channel/peer_identity.ts";
import type { ByteChannel, MessageChannel, MessageReceiver } from "../channel/transport.ts";
import {
  CLOSE_CODE,
  closePayload,
  FrameError,
  OPCODE,
  readClosePayload,
} from "./web_socket_frames.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { FrameQueue } from "./web_socket_queue.ts";
import { FrameReader, freeMessage, type ReaderRole } from "./web_socket_reader.ts";

const HIGH_WATER_BYTES = 512 * 1024;
const LOW_WATER_BYTES = HIGH_WATER_BYTES / 4;
/** How long the other end may take to close. */
const CLOSE_TIMEOUT_MS = 800;
/** Bytes after a violation are read into a buffer of this size and dropped. */
const DEAF_BYTES = 4096;
/** After this many frames or reads in a row without a message, timers and other sockets get a turn. */
const MAX_BARREN_FRAMES = 256, MAX_BARREN_READS = 16;
/** How many bytes the other end may send while this side closes before reading stops. */
const MAX_LATE_BYTES = 4 * 1024 * 1024;

/** How a {@linkcode FramedChannel} begins. */
export interface FramedOptions {
  /** The role of this side: clients mask what they send. */
  readonly role: ReaderRole;
  /** What was read beyond the head of the upgrade. Default: nothing. */
  readonly first?: Uint8Array | undefined;
  /** How long the other end may take to answer a close, in milliseconds. Default: 800. */
  readonly closeTimeoutMs?: number | undefined;
}

/**
 * Messages over a channel of bytes that was upgraded to WebSocket (RFC 6455).
 * The runtime's WebSocket leaves Nagle's delay on and writes a message in two
 * pieces, of which the second then waits 40 ms for the acknowledgement of the
 * first. It also holds messages of any size, reads without back pressure, and
 * cannot be cut off.
 *
 * Sending: everything sent until `flush` or the end of the pending microtasks,
 * or while a write is pending, leaves in one write. Receiving begins with
 * `start`; until then, and while it is paused, the channel underneath applies
 * back pressure. At most one received message and the read buffer are held.
 */
export class FramedChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote: string;
  readonly identity: PeerIdentity | undefined;
  readonly binding: Uint8Array | undefined;
  readonly #channel: ByteChannel;
  readonly #closeTimeoutMs: number;
  readonly #reader: FrameReader;
  readonly #queue: FrameQueue;

  #receiver: MessageReceiver | undefined;
  /** Whether it has begun to read. */
  #listening = false;
  /** Whether a read is under way. */
  #reading = false;
  #paused = false;
  /** Set once received bytes can no longer be understood. */
  #deaf: Uint8Array<ArrayBuffer> | undefined;
  /** Whether a write is pending or soon will be. */
  #writing = false;
  /** Whether it begins after the pending microtasks. */
  #isScheduled = false;
  #congested = false;

  /** Why the channel ends, once either side has begun to end it. */
  #ending: string | undefined;
  /** How many bytes were received since. */
  #lateBytes = 0;
  /** Why nothing can be written any longer, although bytes may still arrive. */
  #failure: string | undefined;
  /** Whether nothing more will arrive, so that it ends as soon as the rest is written. */
  #heardClose = false;
  #closeTimer: number | undefined;
  #ended = false;
  #told = false;
  /** Whether the last read has completed a frame. */
  #hasFound = false;
  /** How many frames and reads have brought no message since the last turn of the loop. */
  #barrenFrames = 0;
  #barrenReads = 0;
  readonly #controls = new FloodLimiter();
  #messages = 0;
  /** Whether it goes on in a later turn. */
  #isDeferred = false;

  /**
   * Takes over a channel.
   *
   * @param channel The channel, owned from now on.
   * @param remote The other end, for messages.
   * @param options How it begins.
   */
  constructor(channel: ByteChannel, remote: string, options: FramedOptions) {
    const { role, first, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
    this.#channel = channel;
    if ("onProgress" in channel) {
      channel.onProgress = (direction) => this.#receiver?.onProgress?.(direction);
    }
    this.remote = remote;
    this.identity = channel.identity;
    this.binding = channel.binding;
    this.#reader = new FrameReader(role, MAX_BATCH_BYTES, first);
    this.#queue = new FrameQueue(role === "client" ? randomKey : null);
    this.#closeTimeoutMs = closeTimeoutMs;
  }

  start(receiver: MessageReceiver): void {
    queueMicrotask(() => {
      this.#receiver = receiver;
      if (this.#ended) this.#tellEnd();
      else this.#listen();
    });
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#mayWrite()) this.#push(OPCODE.binary, bytes);
  }

  flush(): void {
    this.#writeScheduled();
  }

  get congested(): boolean {
    return this.#congested;
  }

  limitMessages(maxMessageBytes: number): void {
    this.#reader.maxMessageBytes = maxMessageBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    queueMicrotask(this.#goOn);
  }

  takeBack(message: Uint8Array<ArrayBuffer>): void {
    freeMessage(message);
  }

  close(): void {
    this.#close(CLOSE_CODE.normal, "closed by this side", "");
  }

  #mayWrite(): boolean {
    return this.#ending === undefined && this.#failure === undefined;
  }

  #push(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(opcode, payload);
    if (this.#queue.bytes >= HIGH_WATER_BYTES) this.#congested = true;
    if (this.#writing) return;
    this.#writing = this.#isScheduled = true;
    queueMicrotask(this.#writeScheduled);
  }

  readonly #writeScheduled = (): void => {
    if (this.#isScheduled) this.#write();
  };

  #write(): void {
    this.#isScheduled = false;
    const bytes = this.#queue.peek();
    this.#writing = bytes !== undefined;
    if (bytes !== undefined) this.#channel.write(bytes).then(this.#onWritten, this.#onWriteError);
    else if (this.#heardClose) this.#end();
  }

  readonly #onWritten = (count: number): void => {
    if (this.#ended) return;
    this.#queue.advance(count);
    // Large messages take long over a slow connection.
    if (this.#congested) this.#receiver?.onProgress?.("taken");
    this.#write();
    if (!this.#congested || this.#queue.bytes > LOW_WATER_BYTES) return;
    this.#congested = false;
    if (this.#ending === undefined) this.#receiver?.onDrain();
  };

  /** The other end may have said why before it left, so the end is left to reading. */
  readonly #onWriteError = (error: unknown): void => {
    if (this.#ended) return;
    this.#failure = messageOf(error);
    this.#writing = false;
    this.#queue.clear();
    if (this.#heardClose) this.#end();
    else this.#endSoon();
  };

  /** Begins to read, if that has not begun. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#goOn();
  }

  readonly #goOn = (): void => {
    const isBusy = this.#reading || this.#isDeferred;
    if (this.#listening && !isBusy && !this.#heardClose && !this.#ended) this.#takeFrames();
  };

  /** A read that finds bytes at once does not let the loop turn. */
  #goOnLater(): void {
    this.#isDeferred = true;
    systemClock.defer(() => {
      this.#isDeferred = false;
      this.#barrenFrames = this.#barrenReads = 0;
      this.#goOn();
    });
  }

  #read(): void {
    this.#reading = true;
    const space = this.#deaf ?? this.#reader.space();
    this.#channel.read(space).then(this.#onRead, this.#onReadError);
  }

  readonly #onRead = (count: number | null): void => {
    this.#reading = false;
    if (this.#ended) return;
    if (count === null) return this.#end();
    if (this.#ending !== undefined && (this.#lateBytes += count) > MAX_LATE_BYTES) {
      return this.#end();
    }
    if (this.#deaf !== undefined) return this.#read();
    this.#reader.commit(count);
    this.#hasFound = false;
    this.#takeFrames();
    if (!this.#hasFound && this.#ending === undefined) this.#receiver?.onProgress?.("received");
  };

  readonly #onReadError = (error: unknown): void => {
    if (this.#ended) return;
    this.#failure ??= messageOf(error);
    this.#end();
  };

  /** Until it is paused or has to read more. Who ends it no longer waits for anybody. */
  #takeFrames(): void {
    while (!this.#paused || this.#ending !== undefined) {
      if (this.#barrenFrames >= MAX_BARREN_FRAMES) return this.#goOnLater();
      if (!this.#findFrame()) {
        if (this.#ended) return;
        if (++this.#barrenReads > MAX_BARREN_READS) this.#goOnLater();
        else this.#read();
        return;
      }
      this.#barrenFrames++;
      this.#hasFound = true;
      const { opcode, payload } = this.#reader;
      if (opcode === OPCODE.close) return this.#hearClose(payload);
      if (opcode !== OPCODE.binary && !this.#mayAsk()) return;
      if (opcode === OPCODE.ping) this.#answerPing(payload);
      if (opcode === OPCODE.binary && this.#ending === undefined) {
        this.#barrenFrames = this.#barrenReads = 0;
        this.#messages++;
        this.#receiver?.onMessage(payload);
      }
    }
  }

  #findFrame(): boolean {
    if (this.#deaf !== undefined) return false;
    try {
      return this.#reader.next();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#break(error);
      return false;
    }
  }

  /** A connection closed with unread bytes resets, and the reason would be lost with it. */
  #break({ closeCode, message }: FrameError): void {
    this.#deaf = new Uint8Array(DEAF_BYTES);
    this.#close(closeCode, `the other side sent ${message}`, message);
  }

  /** Pings and pongs have the same bound as frames of ours that have no effect. */
  #mayAsk(): boolean {
    try {
      this.#controls.add(systemClock.now(), this.#messages, 0);
      return true;
    } catch {
      this.#break(new FrameError(CLOSE_CODE.policy, "too many pings and pongs"));
      return false;
    }
  }

  /** Whoever asks on and on without reading the answers gets no more of them. */
  #answerPing(payload: Uint8Array<ArrayBuffer>): void {
    if (this.#mayWrite() && !this.#congested) this.#push(OPCODE.pong, payload);
  }

  #hearClose(payload: Uint8Array<ArrayBuffer>): void {
    this.#heardClose = true;
    if (this.#ending === undefined) {
      const { code, reason } = readClosePayload(payload);
      this.#ending = `closed by the other side (code ${code}${reason === "" ? "" : `: ${reason}`})`;
      this.#sayClose(payload.length < 2 ? new Uint8Array(0) : payload.slice(0, 2));
    }
    // What is under way goes first.
    if (!this.#writing) this.#end();
  }

  #close(code: number, told: string, toldPeer: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = told;
    this.#sayClose(closePayload(code, toldPeer));
    // The answer is among what comes.
    queueMicrotask(() => {
      this.#listen();
      this.#goOn();
    });
  }

  #sayClose(payload: Uint8Array<ArrayBuffer>): void {
    if (this.#failure === undefined) this.#push(OPCODE.close, payload);
    this.#endSoon();
  }

  #endSoon(): void {
    this.#closeTimer ??= Number(setTimeout(() => {
      const inVain = !this.#heardClose && this.#deaf === undefined && this.#failure === undefined;
      if (inVain) this.#ending += "; the other side did not answer in time";
      this.#end();
    }, this.#closeTimeoutMs));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ending ??= this.#failure === undefined
      ? "lost without a close frame"
      : `lost: ${this.#failure}`;
    clearTimeout(this.#closeTimer);
    this.#queue.clear();
    this.#channel.close();
    this.#tellEnd();
  }

  #tellEnd(): void {
    const { ended } = this.#channel;
    const tell = (): void => {
      if (this.#told || this.#receiver === undefined) return;
      this.#told = true;
      this.#receiver.onClose(this.#ending!);
    };
    if (ended === undefined) tell();
    else ended.then(tell, tell);
  }
}

/** Random numbers are drawn by the many, as drawing one costs a call into the runtime. */
const keys = new Int32Array(256);
let keysUsed = keys.length;

function randomKey(): number {
  if (keysUsed === keys.length) {
    crypto.getRandomValues(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++]!;
}

/**
 * A channel as a stream of the kind that `node:tls` works on.
 *
 * @module
 */

import { isError } from "../../foreign/own_error.ts";
import { textOf } from "../../foreign/text_of.ts";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { giveBack } from "../../wire/memory_return.ts";
import { hastenCollection } from "../../wire/payload_memory.ts";
import { joined } from "../../wire/part_of.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import type { ByteChannel } from "../channel/transport.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** For a handshake, because thousands may be in progress. */
const FIRST_READ_BYTES = 2 * 1024;
const SMALL_READ_BYTES = 16 * 1024, LARGE_READ_BYTES = 128 * 1024;
/** After this many reads that decrypt to nothing, which no session notices, or to much less than was read, timers and other sockets get a turn. */
const MAX_READS = 16;
/** The part of what was read that is decrypted, at least, of records that are not made to take time: one of a byte is 23 bytes. */
const LEAST_DECRYPTED = 0.5;
/** Encrypted pieces below this are put together before they are written. */
const MAX_GATHERED_BYTES = 256 * 1024;
/** With as much ballast as for payloads, full collections still came. */
const BALLAST_FACTOR = 2;

type Written = (error?: Error | null) => void;

/**
 * Reads from the channel only while it may. This is the only back pressure:
 * `node:tls` accepts whatever arrives, paused or not, and reports bytes as
 * written before the channel has accepted them.
 */
export class ChannelDuplex extends Duplex {
  /** Called whenever the channel has accepted some of the written bytes. */
  onTaken: () => void = () => {};
  /** Called whenever something was read from the channel. */
  onReceived: () => void = () => {};
  /** Called as soon as it is destroyed. The event `close` may come turns later. */
  onDestroyed: (error: Error | null) => void = () => {};
  /** How many bytes the channel has accepted. */
  takenBytes: number = DOUBLE_ZERO;

  /** What was read from the channel already and comes first. */
  first: Uint8Array<ArrayBuffer> | undefined;

  readonly #channel: ByteChannel;
  readonly #mayRead: () => boolean;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #readBytes = FIRST_READ_BYTES;
  /** How many reads there were since enough was decrypted, or since the last turn of the event loop. */
  #reads = 0;
  /** How many bytes these have brought, and how many were decrypted. */
  #broughtBytes = 0;
  #decryptedBytes = 0;
  /** Whether the next read waits for a later turn. */
  #isDeferred = false;
  #onGone: (() => void) | null = null;
  #onIdle: (() => void) | null = null;
  /** How much more may be read. */
  #allowanceBytes: number;
  /** Whether a read is wanted that may not be yet. */
  #held = false;

  /**
   * @param channel The channel, owned from now on.
   * @param allowanceBytes How much may be read before {@linkcode allowAll}.
   * @param mayRead Whether more may be read now.
   */
  constructor(channel: ByteChannel, allowanceBytes: number, mayRead: () => boolean) {
    super({ allowHalfOpen: true, decodeStrings: true });
    this.#channel = channel;
    this.#allowanceBytes = allowanceBytes;
    this.#mayRead = mayRead;
  }

  /** From now on any amount may be read. */
  allowAll(): void {
    this.#allowanceBytes = Infinity;
  }

  /** So much was decrypted: whoever reads it sees to it that timers and other sockets get a turn. */
  onDecrypted(bytes: number): void {
    this.#decryptedBytes += bytes;
    if (this.#decryptedBytes >= LEAST_DECRYPTED * this.#broughtBytes) this.#countAnew();
  }

  #countAnew(): void {
    this.#reads = this.#broughtBytes = this.#decryptedBytes = 0;
  }

  /** More may be read again. */
  goOn(): void {
    if (this.#held && this.#mayRead()) this._read();
  }

  override _read(): void {
    this.#held = !this.#mayRead();
    if (this.#held || this.destroyed) return;
    if (this.#allowanceBytes <= 0) {
      this.destroy(new Error("the other side sent too much data during the handshake"));
      return;
    }
    const { first } = this;
    if (first !== undefined) {
      this.first = undefined;
      this.#allowanceBytes -= first.length;
      this.push(Buffer.from(first.buffer, first.byteOffset, first.length));
      return;
    }
    if (++this.#reads > MAX_READS) return this.#readLater();
    this.#buffer ??= new Uint8Array(this.#readBytes);
    this.#channel.read(this.#buffer).then(this.#onRead, (error) => this.#onFailure(error));
  }

  /** Calls back when nothing of it waits for a turn of the event loop; mostly at once. */
  onceIdle(callback: () => void): void {
    if (this.#isDeferred) this.#onIdle = callback;
    else callback();
  }

  #readLater(): void {
    this.#countAnew();
    this.#isDeferred = true;
    systemClock.defer(() => {
      this.#isDeferred = false;
      if (this.#onGone === null) this._read();
      else this.#onGone();
      this.#onIdle?.();
    });
  }

  override _write(chunk: Uint8Array, _encoding: string, written: Written): void {
    noteCopied(chunk.length);
    this.#writeAll(chunk as Uint8Array<ArrayBuffer>, written);
  }

  override _writev(chunks: { chunk: Uint8Array }[], written: Written): void {
    const pieces = chunks.map(({ chunk }) => chunk as Uint8Array<ArrayBuffer>);
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    noteCopied(total);
    if (total <= MAX_GATHERED_BYTES) {
      const all = joined(pieces);
      pieces.forEach(giveBack);
      return this.#writeAll(all, written);
    }
    let next = 0;
    const step = (error?: Error | null): void => {
      if (error || next === pieces.length) written(error);
      else this.#writeAll(pieces[next++]!, step);
    };
    step();
  }

  override _final(done: Written): void {
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.close();
    this.#buffer = undefined;
    this.onDestroyed(error);
    // The channel must be closed before the end is reported.
    if (this.#isDeferred) this.#onGone = () => done(error);
    else done(error);
  }

  readonly #onRead = (count: number | null): void => {
    if (this.destroyed) return;
    const buffer = this.#buffer!;
    if (count === null) {
      this.push(null);
      return;
    }
    this.#allowanceBytes -= count;
    this.#broughtBytes += count;
    // Where much comes more follows, and larger reads cost less; an idle connection holds a small one.
    this.#readBytes = this.#allowanceBytes < Infinity
      ? FIRST_READ_BYTES
      : count >= SMALL_READ_BYTES
      ? LARGE_READ_BYTES
      : SMALL_READ_BYTES;
    // A read that begins meanwhile must not touch it.
    this.#buffer = undefined;
    this.push(Buffer.from(buffer.buffer, 0, count));
    this.onReceived();
    // Mostly it is decrypted within the push, and free again: a new one for each read would be left to the collector, which looks for buffers rarely.
    if (this.readableLength > 0 || this.destroyed) return;
    if (buffer.length === this.#readBytes) this.#buffer ??= buffer;
    else giveBack(buffer);
  };

  #onFailure(error: unknown): void {
    if (!this.destroyed) this.destroy(errorOf(error));
  }

  /** @param whole What the bytes are the rest of; encrypted for this write, and of no use after it. */
  #writeAll(bytes: Uint8Array<ArrayBuffer>, written: Written, whole = bytes): void {
    this.#channel.write(bytes).then((count) => {
      this.takenBytes += count;
      if (count < bytes.length && !this.destroyed) {
        this.onTaken();
        return this.#writeAll(bytes.subarray(count), written, whole);
      }
      giveBack(whole);
      written();
      this.onTaken();
    }, (error) => written(errorOf(error)));
  }
}

/**
 * So much was encrypted. Where the runtime leaves as much to the collector, V8
 * runs a full collection for every 40 MB, unless quick ones come sooner.
 */
function noteCopied(bytes: number): void {
  if (thisPlatform().copiesEncrypted) hastenCollection(BALLAST_FACTOR * bytes);
}

/** What streams of the runtime are ended with. */
function errorOf(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(textOf(thrown));
}

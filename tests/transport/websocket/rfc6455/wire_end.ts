/**
 * A connection without a network, whose other end says what a test wants, in pieces of one size.
 *
 * @module
 */

import type { ByteChannel } from "../../../../lib/transport/channel/transport.ts";

/** This side's end. */
export class WireEnd implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "ws://peer:1";
  readonly integrity = true;
  /** Whether this side has closed it. */
  isClosed = false;
  /** Resolves when all was read and more is waited for, or this side has closed. */
  readonly idle: Promise<void>;

  readonly #chopBytes: number;
  #incoming: Uint8Array;
  #written: number[] = [];
  #pending: ((count: number | null) => void) | undefined;
  #hasLeft = false;
  readonly #tellIdle: () => void;

  /**
   * @param incoming What the other end says.
   * @param chopBytes So much of it comes at a time.
   */
  constructor(incoming: Uint8Array, chopBytes: number) {
    this.#incoming = incoming;
    this.#chopBytes = chopBytes;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.idle = promise;
    this.#tellIdle = resolve;
  }

  /** What this side has written. */
  get written(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#written);
  }

  /** The other end says something before it is asked for more. */
  say(bytes: Uint8Array): void {
    this.#incoming = bytes;
  }

  /** The other end leaves. */
  leave(): void {
    this.#hasLeft = true;
    this.#pending?.(null);
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const count = Math.min(this.#incoming.length, into.length, this.#chopBytes);
    if (count > 0) {
      into.set(this.#incoming.subarray(0, count));
      this.#incoming = this.#incoming.subarray(count);
      return Promise.resolve(count);
    }
    if (this.#hasLeft) return Promise.resolve(null);
    this.#tellIdle();
    return new Promise((resolve) => this.#pending = resolve);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    for (const byte of bytes) this.#written.push(byte);
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
    this.#tellIdle();
    this.leave();
  }
}

/**
 * A raw connection whose other end sends everything back.
 *
 * @module
 */

import type { ByteChannel } from "@internode/grid";
import { dialFloor } from "../rpc/floor.ts";

const READ_BYTES = 16 * 1024;

/** Messages of one size; what is asked while a write is under way leaves with the next. */
export class RawLine implements Disposable {
  readonly #channel: ByteChannel;
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];
  #bytes: Uint8Array<ArrayBuffer>;
  #unsent = 0;
  #isWriting = false;
  #receivedBytes = 0;
  #answered = 0;

  private constructor(channel: ByteChannel, size: number) {
    this.#channel = channel;
    this.#size = size;
    this.#bytes = new Uint8Array(size);
    // It ends when the line is closed.
    this.#receive().catch(() => {});
  }

  /** Connects to a raw echo over TCP. */
  static async dial(href: string, size: number): Promise<RawLine> {
    return new RawLine(await dialFloor({ href, identity: null }) as ByteChannel, size);
  }

  /** Resolves when the message has come back. */
  ask(): Promise<void> {
    this.#unsent++;
    const answered = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#isWriting) this.#send().catch(() => {});
    return answered;
  }

  /** Ends it; what was asked is not answered any more. */
  [Symbol.dispose](): void {
    this.#channel.close();
  }

  async #send(): Promise<void> {
    this.#isWriting = true;
    // All of one turn leaves together.
    await null;
    while (this.#unsent > 0) {
      const length = this.#unsent * this.#size;
      this.#unsent = 0;
      if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
      for (let sent = 0; sent < length;) {
        sent += await this.#channel.write(this.#bytes.subarray(sent, length));
      }
    }
    this.#isWriting = false;
  }

  async #receive(): Promise<void> {
    const into = new Uint8Array(READ_BYTES);
    for (let n = await this.#channel.read(into); n !== null; n = await this.#channel.read(into)) {
      this.#receivedBytes += n;
      const all = Math.floor(this.#receivedBytes / this.#size);
      for (; this.#answered < all; this.#answered++) this.#waiting.shift()!();
    }
  }
}

/**
 * An end of a simulated byte stream.
 *
 * @module
 */

import type { ByteChannel } from "../../transport/channel/transport.ts";
import { type InternodeError, invalidArgument } from "../../errors.ts";
import { ChannelEnd, type ChannelEndInit } from "./channel_end.ts";

/** Tiny pieces split headers; this is how small they get at most. */
const TINY_PIECE_BYTES = 24;

interface Pending {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly resolve: (result: number | null) => void;
  readonly reject: (error: InternodeError) => void;
}

/** A byte stream that arrives in pieces of any size and pends when the other end does not read. */
export class ByteEnd extends ChannelEnd implements ByteChannel {
  readonly kind = "bytes";
  readonly integrity: boolean;
  #received: Uint8Array<ArrayBuffer>[] = [];
  #receivedAt = 0;
  #unreadBytes = 0;
  #ended = false;
  #lost: string | null = null;
  #reader: Pending | null = null;
  #writer: Pending | null = null;

  constructor(init: ChannelEndInit) {
    super(init);
    this.integrity = init.core.options.integrity;
  }

  protected override get hasUnread(): boolean {
    return this.#unreadBytes > 0;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#reader !== null) {
      return Promise.reject(invalidArgument("A read is under way already: one at a time."));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { bytes: into, resolve, reject };
      if (this.#unreadBytes > 0 || this.#ended || this.state !== "open") {
        this.post(() => this.#completeRead());
      }
    });
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#writer !== null) {
      return Promise.reject(invalidArgument("A write is under way already: one at a time."));
    }
    return new Promise((resolve, reject) => {
      this.#writer = { bytes, resolve: (count) => resolve(count ?? 0), reject };
      // The bytes are copied in a later turn, so that a sender that reuses them too early is found out.
      this.post(() => this.#completeWrite());
    });
  }

  close(): void {
    this.closeOut();
    this.#received = [];
    this.#unreadBytes = 0;
    this.post(() => {
      this.#completeRead();
      this.#completeWrite();
    });
  }

  override onRoom(): void {
    if (!this.awaitsRoom || this.out.usedBytes > this.core.options.bufferBytes * 0.75) return;
    this.awaitsRoom = false;
    this.post(() => this.#completeWrite());
  }

  protected override onData(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0) return;
    if (!this.integrity && this.core.random.chance(this.incoming.link.options.corruption)) {
      bytes[this.core.random.int(0, bytes.length - 1)]! ^= 1 << this.core.random.int(0, 7);
    }
    this.#received.push(bytes);
    this.#unreadBytes += bytes.length;
    this.#completeRead();
  }

  protected override onEnd(): void {
    this.#ended = true;
    this.#completeRead();
  }

  protected override onLost(reason: string): void {
    this.#lost = reason;
    if (this.core.random.chance(this.core.options.resetDropsUnread)) {
      this.#received = [];
      this.#unreadBytes = 0;
    }
    this.#completeRead();
    this.#completeWrite();
  }

  #completeRead(): void {
    const reader = this.#reader;
    if (reader === null) return;
    if (this.#unreadBytes === 0 && !this.#ended && this.state === "open") return;
    this.#reader = null;
    if (this.#unreadBytes > 0) {
      const taken = this.#take(reader.bytes);
      this.incoming.consume(taken);
      reader.resolve(taken);
    } else if (this.state !== "open") {
      reader.reject(this.#overError());
    } else {
      reader.resolve(null);
    }
  }

  #completeWrite(): void {
    const writer = this.#writer;
    if (writer === null) return;
    if (this.state !== "open") {
      this.#writer = null;
      writer.reject(this.#overError());
      return;
    }
    const room = this.core.options.bufferBytes - this.out.usedBytes;
    if (room <= 0 && writer.bytes.length > 0) {
      this.awaitsRoom = true;
      return;
    }
    this.#writer = null;
    const accepted = this.#drawWritten(Math.min(room, writer.bytes.length));
    if (accepted > 0) this.out.push(writer.bytes.slice(0, accepted));
    writer.resolve(accepted);
  }

  /** Copies a piece of what was received. */
  #take(into: Uint8Array<ArrayBuffer>): number {
    const wanted = this.#drawPiece(Math.min(this.#unreadBytes, into.length));
    let taken = 0;
    while (taken < wanted) {
      const first = this.#received[0]!;
      const part = first.subarray(this.#receivedAt, this.#receivedAt + wanted - taken);
      into.set(part, taken);
      taken += part.length;
      this.#receivedAt += part.length;
      if (this.#receivedAt === first.length) {
        this.#received.shift();
        this.#receivedAt = 0;
      }
    }
    this.#unreadBytes -= taken;
    return taken;
  }

  /** Half the time everything, else any size, often so tiny that it splits a header. */
  #drawPiece(available: number): number {
    const { random, options } = this.core;
    if (options.pieces === "whole" || available <= 1 || random.chance(0.5)) return available;
    return random.int(1, random.chance(0.6) ? available : Math.min(available, TINY_PIECE_BYTES));
  }

  #drawWritten(possible: number): number {
    const { random, options } = this.core;
    if (options.pieces === "whole" || possible <= 1 || random.chance(0.9)) return possible;
    return random.int(1, possible);
  }

  #overError(): InternodeError {
    return this.#lost === null
      ? this.error("Closed", `The channel to ${this.remote} was closed on this side.`)
      : this.error("Disconnected", `The connection was lost: ${this.#lost}.`);
  }
}

/**
 * The least that requests over one connection take: an id, a length, a promise
 * each, and one write for all that a turn has gathered.
 *
 * @module
 */

import type { ByteChannel, Channel, MessageChannel } from "@internode/grid";
import { dialFloor, type FloorHost } from "./floor.ts";
import { keepBusy, TIMED_EACH } from "../support/keep_busy.ts";

const HEADER_BYTES = 16;
const READ_BYTES = 256 * 1024;
/** Payloads that the asker keeps are copied into slabs of this size. */
const SLAB_BYTES = 64 * 1024;

/**
 * How many requests a second such a multiplexer makes of the raw echo, which
 * gives each frame back as it is. It has no checksums, deadlines, limits, names
 * or errors: what it does in the same minutes is what the machine allows.
 *
 * @returns `null` over channels of messages.
 */
export async function measureBareMux(
  host: FloorHost,
  { size, inflight }: { readonly size: number; readonly inflight: number },
  seconds: number,
): Promise<number | null> {
  const mux = await dialBareMux(host);
  if (mux.isOfMessages) {
    await mux.close();
    return null;
  }
  const payload = new Uint8Array(size);
  const startMs = performance.now();
  const { count } = await keepBusy(
    () => mux.request(payload),
    inflight,
    TIMED_EACH,
    startMs + seconds * 1000,
  );
  const elapsed = (performance.now() - startMs) / 1000;
  await mux.close();
  return Math.round(count / elapsed);
}

/** Messages of a channel of messages gather up to so many bytes; a larger frame has one of its own. */
const MESSAGE_BYTES = 64 * 1024;

const NOTHING = new Uint8Array(0);

function nobody(): void {}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Connects one to a raw echo. */
export async function dialBareMux(host: FloorHost): Promise<BareMux> {
  return new BareMux(await dialFloor(host));
}

/** Requests over one connection to a raw echo. */
export class BareMux {
  readonly #channel: Channel;
  readonly #pending: ((payload: Uint8Array) => void)[] = [];
  readonly #free: number[] = [];
  #out: Uint8Array<ArrayBuffer> = new Uint8Array(SLAB_BYTES);
  #view: DataView = new DataView(this.#out.buffer);
  #other: Uint8Array<ArrayBuffer> = new Uint8Array(SLAB_BYTES);
  #length = 0;
  #isWriting = false;
  #slab = new ArrayBuffer(SLAB_BYTES);
  #slabAt = 0;
  /** Ends when the channel is closed. */
  readonly #ended: Promise<void>;
  #onDrain: () => void = () => {};

  /** Takes a connection over. */
  constructor(channel: Channel) {
    this.#channel = channel;
    this.#ended = channel.kind === "bytes"
      ? this.#read(channel).catch(() => {})
      : this.#hear(channel);
  }

  /** Whether what it goes over is no stream of bytes. */
  get isOfMessages(): boolean {
    return this.#channel.kind === "messages";
  }

  /** Sends a payload and gives the one that comes back. */
  request(payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const id = this.#free.pop() ?? this.#pending.length;
      this.#pending[id] = resolve;
      const at = this.#length, end = at + HEADER_BYTES + payload.length;
      if (end > this.#out.length) this.#grow(end);
      this.#view.setUint32(at, payload.length, true);
      this.#view.setUint32(at + 4, id, true);
      this.#out.set(payload, at + HEADER_BYTES);
      this.#length = end;
      if (this.#isWriting) return;
      this.#isWriting = true;
      queueMicrotask(() => this.#write().catch(() => {}));
    });
  }

  /** Closes the connection; what was asked stays unanswered. */
  async close(): Promise<void> {
    this.#channel.close();
    await this.#ended;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** What gathers during a write follows it. */
  async #write(): Promise<void> {
    while (this.#length > 0) {
      const bytes = this.#out, view = this.#view, length = this.#length;
      this.#out = this.#other;
      this.#view = new DataView(this.#out.buffer);
      this.#other = bytes;
      this.#length = 0;
      if (this.#channel.kind === "messages") await this.#send(this.#channel, bytes, view, length);
      else {
        for (let sent = 0; sent < length;) {
          sent += await this.#channel.write(bytes.subarray(sent, length));
        }
      }
    }
    this.#isWriting = false;
  }

  async #send(
    channel: MessageChannel,
    bytes: Uint8Array<ArrayBuffer>,
    view: DataView,
    length: number,
  ): Promise<void> {
    for (let at = 0; at < length;) {
      if (channel.congested) await new Promise<void>((resolve) => this.#onDrain = resolve);
      const from = at;
      do at += HEADER_BYTES + view.getUint32(at, true); while (
        at < length && at + HEADER_BYTES + view.getUint32(at, true) - from <= MESSAGE_BYTES
      );
      // Node's TLS does not copy what it is to send.
      channel.send(bytes.slice(from, at));
    }
  }

  /** TLS of Node comes as messages too, whose bounds are anywhere. */
  #hear(channel: MessageChannel): Promise<void> {
    let rest: Uint8Array = NOTHING;
    return new Promise((resolve) =>
      channel.start({
        onMessage: (piece) => {
          const bytes = rest.length === 0 ? piece : joined(rest, piece);
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          const at = this.#take(bytes, view, bytes.length);
          rest = at === bytes.length ? NOTHING : bytes.slice(at);
        },
        onDrain: () => this.#onDrain(),
        onClose: () => resolve(),
      })
    );
  }

  async #read(channel: ByteChannel): Promise<void> {
    let bytes = new Uint8Array(READ_BYTES), view = new DataView(bytes.buffer);
    for (let end = 0;;) {
      const count = await channel.read(bytes.subarray(end));
      if (count === null) return;
      end += count;
      const at = this.#take(bytes, view, end);
      if (at === 0 && end === bytes.length) {
        const larger = new Uint8Array(end * 2);
        larger.set(bytes);
        bytes = larger;
        view = new DataView(bytes.buffer);
      } else {
        bytes.copyWithin(0, at, end);
        end -= at;
      }
    }
  }

  /** Answers all whole frames, and gives where they end. */
  #take(bytes: Uint8Array, view: DataView, end: number): number {
    let at = 0;
    while (end - at >= HEADER_BYTES) {
      const length = view.getUint32(at, true);
      if (end - at - HEADER_BYTES < length) break;
      const id = view.getUint32(at + 4, true);
      const resolve = this.#pending[id]!;
      // What has been answered is not to grow old here.
      this.#pending[id] = nobody;
      this.#free.push(id);
      resolve(this.#keep(bytes, at + HEADER_BYTES, length));
      at += HEADER_BYTES + length;
    }
    return at;
  }

  #keep(bytes: Uint8Array, at: number, length: number): Uint8Array {
    if (length > SLAB_BYTES / 4) return bytes.slice(at, at + length);
    if (this.#slabAt + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#slabAt = 0;
    }
    const kept = new Uint8Array(this.#slab, this.#slabAt, length);
    this.#slabAt += length;
    kept.set(bytes.subarray(at, at + length));
    return kept;
  }
}

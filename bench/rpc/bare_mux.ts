/**
 * The least that requests over one connection take: an id, a length, a promise
 * each, and one write for all that a turn has gathered.
 *
 * @module
 */

import type { ByteChannel } from "@internode/grid";
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
  const channel = await dialFloor(host);
  if (channel.kind === "messages") {
    channel.close();
    return null;
  }
  const mux = new BareMux(channel, size, inflight);
  // Ends when the channel is closed.
  const reading = mux.read().catch(() => {});
  const payload = new Uint8Array(size);
  const startMs = performance.now();
  const { count } = await keepBusy(
    () => mux.request(payload),
    inflight,
    TIMED_EACH,
    startMs + seconds * 1000,
  );
  const elapsed = (performance.now() - startMs) / 1000;
  channel.close();
  await reading;
  return Math.round(count / elapsed);
}

/** Requests of one size, and no more of them at a time than said. */
class BareMux {
  readonly #channel: ByteChannel;
  readonly #frameBytes: number;
  readonly #pending: ((payload: Uint8Array) => void)[] = [];
  readonly #free: number[] = [];
  #out: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #other: Uint8Array<ArrayBuffer>;
  #length = 0;
  #isWriting = false;
  #slab = new ArrayBuffer(SLAB_BYTES);
  #slabAt = 0;

  constructor(channel: ByteChannel, size: number, inflight: number) {
    this.#channel = channel;
    this.#frameBytes = HEADER_BYTES + size;
    this.#out = new Uint8Array(inflight * this.#frameBytes);
    this.#other = new Uint8Array(inflight * this.#frameBytes);
    this.#view = new DataView(this.#out.buffer);
  }

  request(payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const id = this.#free.pop() ?? this.#pending.length;
      this.#pending[id] = resolve;
      const at = this.#length;
      this.#view.setUint32(at, payload.length, true);
      this.#view.setUint32(at + 4, id, true);
      this.#out.set(payload, at + HEADER_BYTES);
      this.#length = at + this.#frameBytes;
      if (this.#isWriting) return;
      this.#isWriting = true;
      queueMicrotask(() => this.#write().catch(() => {}));
    });
  }

  /** What gathers during a write follows it. */
  async #write(): Promise<void> {
    while (this.#length > 0) {
      const bytes = this.#out, length = this.#length;
      this.#out = this.#other;
      this.#view = new DataView(this.#out.buffer);
      this.#other = bytes;
      this.#length = 0;
      for (let sent = 0; sent < length;) {
        sent += await this.#channel.write(bytes.subarray(sent, length));
      }
    }
    this.#isWriting = false;
  }

  async read(): Promise<void> {
    const bytes = new Uint8Array(READ_BYTES), view = new DataView(bytes.buffer);
    for (let end = 0;;) {
      const count = await this.#channel.read(bytes.subarray(end));
      if (count === null) return;
      end += count;
      let at = 0;
      for (; end - at >= this.#frameBytes; at += this.#frameBytes) {
        const id = view.getUint32(at + 4, true);
        const length = view.getUint32(at, true);
        this.#free.push(id);
        this.#pending[id]!(this.#keep(bytes, at + HEADER_BYTES, length));
      }
      bytes.copyWithin(0, at, end);
      end -= at;
    }
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

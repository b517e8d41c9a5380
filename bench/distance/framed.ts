/**
 * Large and small messages on one raw socket, with a window that is known
 * beforehand: how soon a path can answer small requests beside bulk.
 *
 * @module
 */

import type { ByteChannel } from "@internode/grid";
import { writeAll } from "../rpc/floor.ts";

/** The size of each head, which is all of a message but for a piece of bulk. */
export const HEAD_BYTES = 64;
const READ_BYTES = 256 * 1024;

/** What a head begins. */
export const Kind = { bulk: 1, small: 2, arrived: 3 } as const;

/** Makes a head. */
export function head(kind: number, value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES), view = new DataView(bytes.buffer);
  view.setUint32(0, kind);
  view.setUint32(4, value);
  return bytes;
}

/** What is read from the other end. */
export interface FramedDelegate {
  /** So many bytes of bulk have come. */
  onBulk(bytes: number): void;
  /** A head that begins no bulk has come. */
  onHead(kind: number, value: number): void;
  /** All that one read has brought was looked at. */
  onRead(): Promise<unknown> | void;
}

/** Reads until the other end leaves. */
export async function readFramed(channel: ByteChannel, delegate: FramedDelegate): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES), gathered = new Uint8Array(HEAD_BYTES);
  const view = new DataView(gathered.buffer);
  let bulkLeft = 0, headBytes = 0;
  for (let count = await channel.read(buffer); count !== null; count = await channel.read(buffer)) {
    for (let at = 0; at < count;) {
      if (bulkLeft > 0) {
        const bytes = Math.min(bulkLeft, count - at);
        delegate.onBulk(bytes);
        bulkLeft -= bytes;
        at += bytes;
        continue;
      }
      const bytes = Math.min(HEAD_BYTES - headBytes, count - at);
      gathered.set(buffer.subarray(at, at + bytes), headBytes);
      headBytes += bytes;
      at += bytes;
      if (headBytes < HEAD_BYTES) continue;
      headBytes = 0;
      const kind = view.getUint32(0), value = view.getUint32(4);
      if (kind === Kind.bulk) bulkLeft = value;
      else delegate.onHead(kind, value);
    }
    await delegate.onRead();
  }
}

const ARRIVED_EACH_BYTES = 32 * 1024;

/** The far end: takes bulk, says how much has come, and answers small requests. */
export function answerFramed(channel: ByteChannel, onBulk: (bytes: number) => void): Promise<void> {
  let arrived = 0, told = 0;
  let answers: Uint8Array<ArrayBuffer>[] = [];
  return readFramed(channel, {
    onBulk: (bytes) => {
      arrived += bytes;
      onBulk(bytes);
    },
    onHead: (kind, value) => void answers.push(head(kind, value)),
    onRead: async () => {
      if (arrived - told >= ARRIVED_EACH_BYTES) {
        answers.push(head(Kind.arrived, arrived >>> 0));
        told = arrived;
      }
      if (answers.length === 0) return;
      const bytes = new Uint8Array(answers.length * HEAD_BYTES);
      answers.forEach((answer, n) => bytes.set(answer, n * HEAD_BYTES));
      answers = [];
      await writeAll(channel, bytes);
    },
  });
}

/** The near end: sends bulk as far as the window lets it, and small requests before it. */
export class FramedBulk {
  readonly #channel: ByteChannel;
  readonly #message: Uint8Array<ArrayBuffer>;
  readonly #windowBytes: number;
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];
  readonly #asked = new Map<number, () => void>();
  #nextId = 0;
  #sent = 0;
  #arrived = 0;
  #wake = (): void => {};
  #isOver = false;

  /**
   * @param size The size of each piece.
   * @param windowBytes How many bytes of bulk may be under way.
   */
  constructor(channel: ByteChannel, size: number, windowBytes: number) {
    this.#channel = channel;
    this.#message = new Uint8Array(size);
    this.#windowBytes = windowBytes;
  }

  /** Goes on until it is ended. */
  async run(): Promise<void> {
    const reading = readFramed(this.#channel, {
      onBulk: () => {},
      onHead: (kind, value) => {
        if (kind === Kind.arrived) this.#arrived += value - this.#arrived >>> 0;
        else this.#take(value);
        this.#wake();
      },
      onRead: () => {},
    }).catch(() => {});
    while (!this.#isOver) {
      const small = this.#waiting.shift();
      if (small !== undefined) await writeAll(this.#channel, small);
      else if (this.#sent - this.#arrived < this.#windowBytes) {
        this.#sent += this.#message.length;
        await writeAll(this.#channel, head(Kind.bulk, this.#message.length));
        await writeAll(this.#channel, this.#message);
      } else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#channel.close();
    await reading;
  }

  #take(id: number): void {
    this.#asked.get(id)?.();
    this.#asked.delete(id);
  }

  /** Asks a small request. */
  ask(): Promise<void> {
    const id = this.#nextId++;
    this.#waiting.push(head(Kind.small, id));
    this.#wake();
    return new Promise((resolve) => void this.#asked.set(id, resolve));
  }

  /** Ends it once all answers have come. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }
}

/**
 * Sends the frames and messages of a session, in lanes.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { FLAG_METADATA, HEADER_BYTES, PayloadKind } from "../../wire/frame.ts";
import { messageCost } from "../../wire/limits.ts";
import { plainBytes } from "../../foreign/plain_bytes.ts";
import { MessageLanes } from "./message_lanes.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";
import { QueuedMessage } from "./queued_message.ts";
import type { StreamQueue } from "./stream_queue.ts";
import {
  copyInto,
  endedMeanwhile,
  payloadKind,
  payloadOf,
  rawBytes,
} from "../frames/outgoing_payload.ts";

/** How many bytes leave at once. More urgent frames wait for no more than this. */
export const DRAIN_BYTES: number = 256 * 1024;
/** How much more that may be for headers and small messages, so that they make no large message go in two pieces. */
const BESIDE_BYTES = 16 * 1024;
/** How many waiting bytes may be messages of streams, besides everything else; further ones stay with their senders. */
const STREAMS_SHARE = 4;
/** How many bytes a stream may always have in flight, however little of the budget is left. */
const MIN_STREAM_BYTES = 64 * 1024;
/** The share of the remaining budget that one stream may have in flight. */
const BUDGET_SHARE = 8;

/**
 * Three lanes: control frames first, then interactive messages in order, then
 * bulk messages in turns, one fragment each. Every drain takes at least one
 * fragment, so that bulk is never starved. It ends after {@linkcode
 * DRAIN_BYTES}, so that a small message never waits for long.
 *
 * Every message reserves its bytes in the peer's budget (`window`) before its
 * first frame is sent. A message that does not fit waits, with nothing sent, so
 * a message that has begun can always be finished.
 *
 * How many bytes a stream may have under way follows the dynamic thresholds of
 * shared buffers (Choudhury and Hahne, 1998): a fixed share of what is free, so
 * that streams which nobody reads leave room for the others. A receiver whose
 * reader keeps up allows more, as it knows what it has left.
 */
export class SendScheduler extends MessageLanes {
  /** Called once, when waiting messages have left. */
  whenRoom: (() => void) | null = null;
  readonly #maxStreamBytes: number = Math.floor(this.sendBudgetBytes / STREAMS_SHARE);
  /** Whether a stream had to wait for room. */
  #streamsWait = false;
  /** Streams that wait for room; made on first use. */
  #stalled: Set<StreamQueue> | null = null;

  /** Whether there is anything to drain. */
  get hasOutput(): boolean {
    return !this.encoding.isOn && (this.pendingBytes > 0 || this.bulk.isReady(this.nowMs));
  }

  /**
   * Sends a message of a stream, if its size allows it now.
   *
   * @returns `null` if it is sent; otherwise its encoded payload, which has to wait.
   */
  sendInOrder<T>(stream: StreamQueue, codec: Codec<T>, value: T): QueuedMessage | null {
    const kind = payloadKind(codec, value);
    const raw = codec.raw === true && kind === PayloadKind.bytes ? rawBytes(value) : null;
    const rawLength = raw === null ? 0 : raw.length;
    const data = this.data, encoding = this.encoding;
    if (
      raw !== null &&
      (rawLength > this.budget.interactiveBytes || !this.#fits(stream, rawLength) || stream.queued)
    ) return this.#inOrder(stream, kind, this.#kept(raw));
    if (encoding.isOn) {
      const payload = encoding.apart(null, codec, value, kind !== PayloadKind.bytes);
      return this.#inOrder(stream, kind, payload);
    }
    const header = data.begin(stream.type, kind, 0, stream.id, stream.sequence);
    const writer = data.writer;
    if (raw !== null) copyInto(writer, raw, rawLength);
    else if (kind === PayloadKind.bytes) encoding.into(data, header, codec, value);
    if (stream.ended) {
      this.takeBack(header);
      throw endedMeanwhile();
    }
    const length = writer.position - header - HEADER_BYTES;
    // Raw bytes were checked above, and no user code has run since.
    const mayGo = raw !== null ||
      length <= this.budget.interactiveBytes && !stream.queued && this.#fits(stream, length);
    if (!mayGo) return this.#inOrder(stream, kind, this.#takenOut(header));
    this.#take(stream, length);
    this.bulk.pacer.interactiveMs = this.nowMs;
    data.end(header);
    // Only user code has anything deferred.
    if (raw === null) encoding.runDeferred();
    this.listener.onOutput();
    return null;
  }

  /** Sends metadata as a message of a stream; see {@linkcode SendScheduler.sendInOrder}. */
  sendMetadata(stream: StreamQueue, payload: Uint8Array<ArrayBuffer>): QueuedMessage | null {
    return this.#inOrder(stream, FLAG_METADATA, payload);
  }

  /** A payload that has to wait. It must not change when the caller reuses its buffer after a small send. */
  #kept(raw: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return raw.length > this.budget.interactiveBytes ? plainBytes(raw) : new Uint8Array(raw);
  }

  /** Copies the payload begun at `header` out, and takes the frame back. */
  #takenOut(header: number): Uint8Array<ArrayBuffer> {
    const payload = payloadOf(this.data, header);
    this.takeBack(header);
    return payload;
  }

  /** A stream's message waits: if the receiver has given credit for it, until there is room here or in the peer's budget. */
  awaitRoom(stream: StreamQueue): void {
    if (stream.credit > 0) (this.#stalled ??= new Set()).add(stream);
  }

  /** A stream has ended: it waits no more. */
  forget(stream: StreamQueue): void {
    this.#stalled?.delete(stream);
  }

  /** Sends what waits of a stream, as far as it may go now. */
  resume(stream: StreamQueue): void {
    for (let next = stream.firstWaiting(); next !== undefined; next = stream.firstWaiting()) {
      const { message } = next;
      if (message.type === stream.type && messageCost(message.totalBytes) > this.#limitOf(stream)) {
        return this.awaitRoom(stream);
      }
      stream.shiftWaiting();
      this.transmit(stream, message);
      next.onAccepted();
    }
  }

  /** Sends a message whose turn has come: into the batch if it is small, unless some before it are in the bulk lane. */
  transmit(stream: StreamQueue, message: QueuedMessage): void {
    message.argument = stream.sequence;
    if (message.type === stream.type) {
      this.#take(stream, message.totalBytes);
      message.reserved = true;
    }
    if (!stream.queued && this.#sendWaiting(message)) return;
    this.bulk.countStream(message);
    if (!stream.enqueue(message)) return;
    this.bulk.addInOrder(message);
    this.signalOutput();
  }

  /** Gives up what a stream has in the bulk lane. */
  discardQueue(stream: StreamQueue): void {
    if (!stream.queued) return;
    this.bulk.discardQueue(stream);
    this.useWindow();
  }

  /** The peer has given back some of its budget. */
  onWindow(bytes: number): void {
    this.budget.giveBack(bytes);
    this.useWindow();
  }

  /**
   * Gives up the messages of a call that are not wholly sent; what they kept
   * from being sent may follow now.
   *
   * @param responder Whether the call is one of the peer.
   * @returns Whether there was one.
   */
  drop(id: number, responder: boolean): boolean {
    const found = this.bulk.drop(id, responder);
    if (found) this.useWindow();
    return found;
  }

  /** There is more room in the peer's budget: what waits for it may go. */
  useWindow(): void {
    this.bulk.onWindow();
    if (this.#stalled !== null) this.#resumeStalled(this.#stalled, false);
    if (this.bulk.isReady(this.nowMs)) this.signalOutput();
  }

  /** The peer tells how much bulk has arrived in all: more of it may go. Returns whether it is more than was known. */
  onArrived(count: number): boolean {
    const { pacer } = this.bulk, before = pacer.arrivedBytes;
    pacer.onArrived(count, this.nowMs);
    if (pacer.arrivedBytes === before) return false;
    if (this.bulk.isReady(this.nowMs)) this.signalOutput();
    return true;
  }

  /** Hands out what is to be written next; see `BatchWriter.drain`. */
  drain(pieces: Uint8Array<ArrayBuffer>[]): number {
    if (this.encoding.isOn) return 0;
    const nowMs = this.nowMs;
    let bytes = this.drainControl(pieces, DRAIN_BYTES);
    if (this.bulk.isReady(this.nowMs)) {
      let roomBytes = this.#roomBytes;
      do {
        this.bulk.writeFragment(this.data, nowMs, roomBytes);
        roomBytes = this.#roomBytes;
      } while (this.bulk.isReady(this.nowMs) && this.bulk.nextBytes <= roomBytes);
      if (this.bulk.hasFreedWindow) {
        this.bulk.hasFreedWindow = false;
        this.useWindow();
      }
    }
    bytes += this.drainData(pieces, DRAIN_BYTES);
    if (this.#streamsWait) this.#resumeStreams();
    const { whenRoom } = this;
    this.whenRoom = null;
    whenRoom?.();
    return bytes;
  }

  /** How much bulk may leave with what is in the batches already. */
  get #roomBytes(): number {
    return DRAIN_BYTES + BESIDE_BYTES - this.data.pendingBytes;
  }

  /** Streams whose messages there was no room for go on once half of it is free. */
  #resumeStreams(): void {
    if (
      this.bulk.streamBytes * 2 > this.#maxStreamBytes ||
      this.data.pendingBytes * 2 > this.maxBatchedBytes
    ) return;
    this.#streamsWait = false;
    if (this.#stalled !== null) this.#resumeStalled(this.#stalled, true);
  }

  /**
   * Streams that wait for room go on, each as far as it may.
   *
   * @param whileRoom Whether to stop when there is no more room here.
   */
  #resumeStalled(stalled: Set<StreamQueue>, whileRoom: boolean): void {
    // One that has to wait again stands last from then on.
    let left = stalled.size;
    for (const stream of stalled) {
      if (left-- === 0 || (whileRoom && !this.#hasRoomForStreams())) return;
      stalled.delete(stream);
      this.resume(stream);
    }
  }

  /** Whether messages of streams may be taken from their senders, as little of them waits. */
  #hasRoomForStreams(): boolean {
    const hasRoom = this.data.pendingBytes < this.maxBatchedBytes &&
      this.bulk.streamBytes < this.#maxStreamBytes;
    if (!hasRoom) this.#streamsWait = true;
    return hasRoom;
  }

  /** How many bytes the next message of a stream may cost at the moment; 0 or less: it has to wait. */
  #limitOf(stream: StreamQueue): number {
    if (stream.credit === 0 || !this.#hasRoomForStreams()) return 0;
    const { unackedBytes } = stream;
    const fits = unackedBytes < MIN_STREAM_BYTES ||
      unackedBytes < Math.max(stream.windowBytes, this.#shareBytes());
    return fits ? this.budget.streamLimitBytes : 0;
  }

  #shareBytes(): number {
    const { window, limits } = this.budget;
    return Math.min(limits.streamBudgetBytes, Math.floor(window / BUDGET_SHARE));
  }

  /** Whether a message of that size may leave now, before which none waits. */
  #fits(stream: StreamQueue, bytes: number): boolean {
    return stream.waiting === 0 && messageCost(bytes) <= this.#limitOf(stream);
  }

  /** A message of a stream leaves. */
  #take(stream: StreamQueue, bytes: number): void {
    const cost = messageCost(bytes);
    stream.take(cost);
    this.budget.window -= cost;
    this.messages++;
  }

  /**
   * Writes a message of a stream that has waited into the batch, if it is
   * small. In the bulk lane it would make those behind it wait there too.
   *
   * @returns Whether it was.
   */
  #sendWaiting(message: QueuedMessage): boolean {
    const { type, flags, code, id, argument, payload, totalBytes } = message;
    // By its first size: the bulk lane reports a large one that was taken away meanwhile.
    if (totalBytes > this.budget.interactiveBytes || this.encoding.isOn) return false;
    const data = this.data;
    const header = data.begin(type, flags, code, id, argument);
    data.writer.append(payload);
    data.end(header);
    this.bulk.pacer.interactiveMs = this.nowMs;
    this.signalOutput();
    return true;
  }

  /**
   * Forgets everything that waits.
   *
   * @returns The calls of this side of which a part has left and the rest never will.
   */
  clear(): ReadonlySet<OutgoingCall> {
    this.#stalled = null;
    return this.bulk.clear();
  }

  #inOrder(
    stream: StreamQueue,
    flags: number,
    payload: Uint8Array<ArrayBuffer>,
  ): QueuedMessage | null {
    const message = new QueuedMessage(stream.type, flags, 0, stream.id, 0, payload, null, stream);
    this.budget.checkSize(message.totalBytes);
    if (!this.#fits(stream, message.totalBytes)) return message;
    this.transmit(stream, message);
    return null;
  }
}

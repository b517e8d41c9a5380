/**
 * What a session has to send, in lanes.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { BatchSeal } from "../../wire/batch_seal.ts";
import { HEADER_BYTES, PayloadKind } from "../../wire/frame.ts";
import type { LendingPool } from "../../wire/lending_pool.ts";
import type { Limits } from "../../wire/limits.ts";
import { plainBytes } from "../../wire/plain_bytes.ts";
import type { WriterPool } from "../../wire/writer_pool.ts";
import { BulkLane } from "./bulk_lane.ts";
import { FrameLanes, type OutputListener } from "./frame_lanes.ts";
import { PeerBudget } from "../frames/peer_budget.ts";
import { QueuedMessage, type SendingStream } from "./queued_message.ts";
import {
  concat,
  copyInto,
  endedMeanwhile,
  payloadKind,
  payloadOf,
  rawBytes,
} from "../frames/outgoing_payload.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";

/** How much leaves in one go. What is more urgent waits for no more than this. */
export const DRAIN_BYTES: number = 256 * 1024;
/** So much of what waits to be sent may be small messages, gathered in batches; others queue up one by one. */
const BATCHED_SHARE = 4;
/** So much of it may be messages of streams beside everything else; others are not taken from their senders yet. */
const STREAMS_SHARE = 4;
/**
 * Three lanes: control frames first, then interactive messages in order, then
 * bulk messages by turns, a fragment each. Every drain takes at least one
 * fragment, so that bulk is never starved, and ends after
 * {@linkcode DRAIN_BYTES}, so that a small message never waits for long.
 *
 * Every message's bytes are taken off the peer's budget (`window`) before its
 * first frame is sent. A message that does not fit waits, with nothing sent:
 * a message begun can always be finished.
 */
export class SendScheduler extends FrameLanes {
  /** What the peer takes. */
  readonly budget: PeerBudget = new PeerBudget();
  /** Large messages, and those that wait for room. */
  readonly bulk: BulkLane;
  /** How many messages have been put into batches or queues. */
  messages = 0;
  /** The size of the last message that {@linkcode SendScheduler.send} has let wait. */
  enqueuedBytes = 0;
  /** Called once, when some of what waits has left. */
  whenRoom: (() => void) | null = null;
  /** How many bytes of requests and responses may wait here. */
  readonly sendBudgetBytes: number;

  readonly #maxBatchedBytes: number;
  readonly #maxStreamBytes: number;
  /** Whether a stream had to wait for room here. */
  #streamsWait = false;

  /**
   * @param pool Where buffers come from.
   * @param envelope Whether batches travel on a byte stream.
   * @param flattenLimit Payloads above this many bytes are written from where they lie (byte streams only).
   * @param limits How many bytes may wait here, and how many calls the peer may make at a time.
   * @param listener Hears that there is something to drain.
   */
  constructor(
    pool: WriterPool,
    envelope: boolean,
    flattenLimit: number,
    limits: Limits,
    listener: OutputListener,
  ) {
    super(pool, envelope ? new BatchSeal() : null, limits.maxCalls, listener);
    const { sendBudgetBytes } = limits;
    this.bulk = new BulkLane(this.budget, envelope ? flattenLimit : Infinity, sendBudgetBytes);
    this.sendBudgetBytes = sendBudgetBytes;
    this.#maxBatchedBytes = Math.floor(sendBudgetBytes / BATCHED_SHARE);
    this.#maxStreamBytes = Math.floor(sendBudgetBytes / STREAMS_SHARE);
  }

  /** Whether there is anything to drain. */
  get hasOutput(): boolean {
    return !this.encoding.isOn && (this.pendingBytes > 0 || this.bulk.isReady(this.nowMs));
  }

  /** Whether messages of streams may be taken from their senders, as little of them waits. */
  hasRoomForStreams(): boolean {
    const hasRoom = this.data.pendingBytes < this.#maxBatchedBytes &&
      this.bulk.streamBytes < this.#maxStreamBytes;
    if (!hasRoom) this.#streamsWait = true;
    return hasRoom;
  }

  /**
   * Sends a message that is not part of a stream: at once into the batch where
   * it is small, else through the bulk lane.
   *
   * @param prefix What stands before the payload, or `null`.
   * @param call The call it begins, or `null`.
   * @param lending Where the memory of raw bytes goes that wait here, once they have left; `null`: it is its user's.
   * @returns Whether it is in the batch; else it waits.
   * @throws {InternodeError} `InvalidPayload`, `MessageTooLarge` or `Overloaded`; nothing was sent then.
   */
  send<T>(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    prefix: Uint8Array | null,
    codec: Codec<T>,
    value: T,
    call: OutgoingCall | null,
    lending: LendingPool | null = null,
  ): boolean {
    const kind = payloadKind(codec, value);
    const raw = codec.raw === true && kind === PayloadKind.bytes ? rawBytes(value) : null;
    const rawLength = raw === null ? 0 : raw.length;
    if (raw !== null && rawLength > this.budget.interactiveBytes) {
      this.bulk.checkRoom(rawLength + (prefix === null ? 0 : prefix.length));
      const payload = prefix === null ? plainBytes(raw) : concat(prefix, raw);
      const message = new QueuedMessage(type, flags, code, id, argument, payload, call, null);
      message.lending = lending;
      this.#enqueue(message);
      return false;
    }
    const data = this.data, encoding = this.encoding;
    if (encoding.isOn) {
      const payload = encoding.apart(prefix, codec, value, kind !== PayloadKind.bytes);
      this.bulk.checkRoom(payload.length);
      this.#enqueue(new QueuedMessage(type, flags | kind, code, id, argument, payload, call, null));
      return false;
    }
    const header = data.begin(type, flags | kind, code, id, argument, this.nowMs);
    const writer = data.writer;
    if (prefix !== null) writer.append(prefix);
    if (raw !== null) copyInto(writer, raw, rawLength);
    else if (kind === PayloadKind.bytes) encoding.into(data, header, codec, value);
    if (call !== null && call.state === "ended") {
      // The user's code has given up the very call.
      data.rollback(header);
      encoding.settle();
      return false;
    }
    const length = writer.position - header - HEADER_BYTES;
    if (
      length <= this.budget.interactiveBytes && data.pendingBytes < this.#maxBatchedBytes &&
      this.budget.reserve(length)
    ) {
      data.end(header);
      encoding.settle();
      this.bulk.pacer.interactiveMs = this.nowMs;
      this.messages++;
      this.signalOutput();
      return true;
    }
    const payload = this.#takeBack(header);
    this.#enqueue(new QueuedMessage(type, flags | kind, code, id, argument, payload, call, null));
    return false;
  }

  /**
   * Sends a message of a stream if `half` may send one of its size now.
   *
   * @returns `null` when it is on its way; else its encoded payload, which has to wait.
   */
  sendInOrder<T>(half: SendingStream, codec: Codec<T>, value: T): QueuedMessage | null {
    const kind = payloadKind(codec, value);
    const raw = codec.raw === true && kind === PayloadKind.bytes ? rawBytes(value) : null;
    const rawLength = raw === null ? 0 : raw.length;
    if (
      raw !== null &&
      (rawLength > this.budget.interactiveBytes || !half.maySend(rawLength) || half.queued)
    ) {
      // What waits must not change when the caller reuses its buffer after a small send.
      const isLarge = rawLength > this.budget.interactiveBytes;
      const payload = isLarge ? plainBytes(raw) : new Uint8Array(raw);
      return this.#inOrder(
        half,
        new QueuedMessage(half.type, 0, 0, half.id, 0, payload, null, half),
      );
    }
    const data = this.data, encoding = this.encoding;
    if (encoding.isOn) {
      const payload = encoding.apart(null, codec, value, kind !== PayloadKind.bytes);
      return this.#inOrder(
        half,
        new QueuedMessage(half.type, kind, 0, half.id, 0, payload, null, half),
      );
    }
    const header = data.begin(half.type, kind, 0, half.id, half.sequence, this.nowMs);
    const writer = data.writer;
    if (raw !== null) copyInto(writer, raw, rawLength);
    else if (kind === PayloadKind.bytes) encoding.into(data, header, codec, value);
    if (half.ended) {
      data.rollback(header);
      encoding.settle();
      throw endedMeanwhile();
    }
    const length = writer.position - header - HEADER_BYTES;
    if (length <= this.budget.interactiveBytes && !half.queued && half.maySend(length)) {
      half.take(length);
      this.bulk.pacer.interactiveMs = this.nowMs;
      data.end(header);
      encoding.settle();
      this.signalOutput();
      return null;
    }
    const payload = payloadOf(data, header);
    data.rollback(header);
    encoding.settle();
    return this.#inOrder(
      half,
      new QueuedMessage(half.type, kind, 0, half.id, 0, payload, null, half),
    );
  }

  /**
   * Writes a message of a stream that has waited into the batch, if it is
   * small. In the bulk lane it would make those behind it wait there too.
   *
   * @returns Whether it was.
   */
  sendWaiting(message: QueuedMessage): boolean {
    const { type, flags, code, id, argument, payload, totalBytes } = message;
    // By its first size: of a large one that was taken away meanwhile, the bulk lane tells.
    if (totalBytes > this.budget.interactiveBytes || this.encoding.isOn) return false;
    const data = this.data;
    const header = data.begin(type, flags, code, id, argument, this.nowMs);
    data.writer.append(payload);
    data.end(header);
    this.bulk.pacer.interactiveMs = this.nowMs;
    this.signalOutput();
    return true;
  }

  /** Puts a message of a stream, whose bytes are reserved, into the bulk lane. */
  enqueueInOrder(message: QueuedMessage): void {
    this.bulk.addInOrder(message);
    this.signalOutput();
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
   * @param responder Whether those that answer the peer's call are meant, not those of a call of ours.
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
    if (this.bulk.isReady(this.nowMs)) this.signalOutput();
  }

  /** The peer tells how much bulk has arrived in all: more of it may go. Says whether it is more than was known. */
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
      do this.bulk.writeFragment(this.data, nowMs); while (
        this.bulk.isReady(this.nowMs) && this.data.pendingBytes < DRAIN_BYTES
      );
    }
    bytes += this.drainData(pieces, DRAIN_BYTES);
    if (this.#streamsWait) this.#resumeStreams();
    const { whenRoom } = this;
    this.whenRoom = null;
    whenRoom?.();
    return bytes;
  }

  /** Streams whose messages there was no room for go on once half of it is free. */
  #resumeStreams(): void {
    if (
      this.bulk.streamBytes * 2 > this.#maxStreamBytes ||
      this.data.pendingBytes * 2 > this.#maxBatchedBytes
    ) return;
    this.#streamsWait = false;
    this.bulk.pumpStreams(() => this.hasRoomForStreams());
  }

  /**
   * Copies the payload begun at `header` out, if it may wait, and takes the frame back.
   *
   * @throws {InternodeError} `MessageTooLarge` or `Overloaded`.
   */
  #takeBack(header: number): Uint8Array<ArrayBuffer> {
    const data = this.data;
    try {
      this.bulk.checkRoom(data.writer.position - header - HEADER_BYTES);
      return payloadOf(data, header);
    } finally {
      data.rollback(header);
      this.encoding.settle();
    }
  }

  #enqueue(message: QueuedMessage): void {
    this.enqueuedBytes = message.totalBytes;
    this.bulk.add(message);
    this.messages++;
    this.signalOutput();
  }

  #inOrder(half: SendingStream, message: QueuedMessage): QueuedMessage | null {
    this.budget.checkSize(message.totalBytes);
    if (!half.maySend(message.totalBytes)) return message;
    half.transmit(message);
    return null;
  }
}

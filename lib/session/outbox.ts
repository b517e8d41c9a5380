/**
 * What a session has to send, in lanes.
 *
 * @module
 */

import type { Codec } from "../codec/codec.ts";
import { BatchSeal } from "../wire/batch_seal.ts";
import { BatchWriter } from "../wire/batch_writer.ts";
import { HEADER_BYTES, PayloadKind } from "../wire/frame.ts";
import type { LendingPool } from "../wire/lending_pool.ts";
import type { Limits } from "../wire/limits.ts";
import type { WriterPool } from "../wire/writer_pool.ts";
import { BulkLane } from "./bulk_lane.ts";
import { PeerBudget } from "./peer_budget.ts";
import { QueuedMessage } from "./queued_message.ts";
import { concat, encodeInto, payloadKind, payloadOf, rawBytes } from "./outgoing_payload.ts";
import { protocolError } from "./wire_error.ts";
import type { OutgoingCall } from "./outgoing_calls.ts";
import type { SendHalf } from "./send_half.ts";
import type { SessionOwner } from "./session_options.ts";

/** How much leaves in one go. What is more urgent waits for no more than this. */
export const DRAIN_BYTES: number = 256 * 1024;
/** So many bytes of frames that no budget bounds may wait, answers to what the peer sends, beside short ones to all its calls; more shows that it does not read. */
const MAX_REPLY_BYTES = 2 * 1024 * 1024;
/** What a short answer takes. */
const SHORT_REPLY_BYTES = 128;
/** So much of what waits to be sent may be small messages, gathered in batches; others queue up one by one. */
const BATCHED_SHARE = 4;
/** So much of it may be messages of streams beside everything else; others are not taken from their senders yet. */
const STREAMS_SHARE = 4;
/** While no more than this waits, control frames need no lane of their own. */
const SHORT_QUEUE_BYTES = 16 * 1024;

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
export class Outbox {
  /** The time of the present turn; whoever enters the session sets it. */
  nowMs = 0;
  /** What the peer takes. */
  readonly budget: PeerBudget = new PeerBudget();
  /** Large messages, and those that wait for room. */
  readonly bulk: BulkLane;
  /** How many messages have been put into batches or queues. */
  messages = 0;
  /** The size of the last message that {@linkcode Outbox.send} has let wait. */
  enqueuedBytes = 0;
  /** Called once, when some of what waits has left. */
  whenRoom: (() => void) | null = null;
  /** Starts checksums on batches begun from then on. */
  readonly seal: BatchSeal | null;

  readonly #pool: WriterPool;
  readonly #data: BatchWriter;
  /** The lane of control frames that overtake messages; made when the first does. */
  #control: BatchWriter | null = null;
  readonly #owner: Pick<SessionOwner, "onOutput">;
  /** How many bytes of requests and responses may wait here. */
  readonly sendBudgetBytes: number;

  readonly #maxBatchedBytes: number;
  readonly #maxStreamBytes: number;
  readonly #maxReplyBytes: number;
  /** Whether a stream had to wait for room here. */
  #streamsWait = false;
  #replyBytes = 0;
  #mayOvertake = true;

  /**
   * @param pool Where buffers come from.
   * @param envelope Whether batches travel on a byte stream.
   * @param flattenLimit Payloads above this many bytes are written from where they lie (byte streams only).
   * @param limits How many bytes may wait here, and how many calls the peer may make at a time.
   * @param owner Hears that there is something to drain.
   */
  constructor(
    pool: WriterPool,
    envelope: boolean,
    flattenLimit: number,
    { sendBudgetBytes, maxCalls }: Limits,
    owner: Pick<SessionOwner, "onOutput">,
  ) {
    this.seal = envelope ? new BatchSeal() : null;
    this.#pool = pool;
    this.#data = new BatchWriter(pool, this.seal);
    this.bulk = new BulkLane(this.budget, envelope ? flattenLimit : Infinity, sendBudgetBytes);
    this.#owner = owner;
    this.sendBudgetBytes = sendBudgetBytes;
    this.#maxBatchedBytes = Math.floor(sendBudgetBytes / BATCHED_SHARE);
    this.#maxReplyBytes = MAX_REPLY_BYTES + maxCalls * SHORT_REPLY_BYTES;
    this.#maxStreamBytes = Math.floor(sendBudgetBytes / STREAMS_SHARE);
  }

  /** How many batches have been drained. */
  get batches(): number {
    return this.#data.batches + (this.#control === null ? 0 : this.#control.batches);
  }

  /** How many bytes wait in batches. */
  get pendingBytes(): number {
    return this.#data.pendingBytes + (this.#control === null ? 0 : this.#control.pendingBytes);
  }

  /** Whether there is anything to drain. */
  get hasOutput(): boolean {
    return this.pendingBytes > 0 || this.bulk.isReady(this.nowMs);
  }

  /** Whether messages of streams may be taken from their senders, as little of them waits. */
  hasRoomForStreams(): boolean {
    const hasRoom = this.#data.pendingBytes < this.#maxBatchedBytes &&
      this.bulk.streamBytes < this.#maxStreamBytes;
    if (!hasRoom) this.#streamsWait = true;
    return hasRoom;
  }

  /** A peer that makes this side answer and does not read the answers is found out here. */
  checkReplies(): void {
    if (this.#replyBytes <= this.#maxReplyBytes) return;
    throw protocolError(
      `Over ${this.#maxReplyBytes} bytes of answers wait for the peer, which goes on sending and does not read them.`,
    );
  }

  /** Ends the batch under way, so that what follows is in another one, and lets nothing overtake that batch. */
  cut(): void {
    this.#data.cut();
    this.#mayOvertake = this.#data.pendingBytes === 0;
  }

  /** Writes a small frame that may overtake messages. */
  control(
    type: number,
    id: number,
    argument: number,
    code = 0,
    payload: Uint8Array = NOTHING,
  ): void {
    const short = this.#data.pendingBytes <= SHORT_QUEUE_BYTES;
    const lane = short || !this.#mayOvertake
      ? this.#data
      : this.#control ??= new BatchWriter(this.#pool, this.seal);
    const header = lane.begin(type, 0, code, id, argument, this.nowMs);
    lane.writer.append(payload);
    lane.end(header);
    this.#replyBytes += HEADER_BYTES + payload.length;
    this.#owner.onOutput();
  }

  /** Writes a small frame that keeps its place behind the messages before it. */
  frame(
    type: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array = NOTHING,
  ): void {
    const header = this.#data.begin(type, 0, code, id, argument, this.nowMs);
    this.#data.writer.append(payload);
    this.#data.end(header);
    this.#replyBytes += HEADER_BYTES + payload.length;
    this.#owner.onOutput();
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
    if (raw !== null && raw.length > this.budget.interactiveBytes) {
      this.bulk.checkRoom(raw.length + (prefix === null ? 0 : prefix.length));
      const payload = prefix === null ? raw : concat(prefix, raw);
      const message = new QueuedMessage(type, flags, code, id, argument, payload, call, null);
      message.lending = lending;
      this.#enqueue(message);
      return false;
    }
    const data = this.#data;
    const header = data.begin(type, flags | kind, code, id, argument, this.nowMs);
    const writer = data.writer;
    if (prefix !== null) writer.append(prefix);
    if (raw !== null) writer.append(raw);
    else if (kind === PayloadKind.bytes) encodeInto(data, header, codec, value);
    const length = writer.position - header - HEADER_BYTES;
    if (
      length <= this.budget.interactiveBytes && data.pendingBytes < this.#maxBatchedBytes &&
      this.budget.reserve(length)
    ) {
      data.end(header);
      this.bulk.pacer.interactiveMs = this.nowMs;
      this.messages++;
      this.#owner.onOutput();
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
  sendInOrder<T>(half: SendHalf, codec: Codec<T>, value: T): QueuedMessage | null {
    const kind = payloadKind(codec, value);
    const raw = codec.raw === true && kind === PayloadKind.bytes ? rawBytes(value) : null;
    if (
      raw !== null &&
      (raw.length > this.budget.interactiveBytes || !half.maySend(raw.length) || half.queued)
    ) {
      // What waits must not change when the caller reuses its buffer after a small send.
      const payload = raw.length > this.budget.interactiveBytes ? raw : raw.slice();
      return this.#inOrder(
        half,
        new QueuedMessage(half.type, 0, 0, half.id, 0, payload, null, half),
      );
    }
    const data = this.#data;
    const header = data.begin(half.type, kind, 0, half.id, half.sequence, this.nowMs);
    const writer = data.writer;
    if (raw !== null) writer.append(raw);
    else if (kind === PayloadKind.bytes) encodeInto(data, header, codec, value);
    const length = writer.position - header - HEADER_BYTES;
    if (length <= this.budget.interactiveBytes && !half.queued && half.maySend(length)) {
      half.take(length);
      this.bulk.pacer.interactiveMs = this.nowMs;
      data.end(header);
      this.#owner.onOutput();
      return null;
    }
    const payload = payloadOf(data, header);
    data.rollback(header);
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
    if (totalBytes > this.budget.interactiveBytes) return false;
    const data = this.#data;
    const header = data.begin(type, flags, code, id, argument, this.nowMs);
    data.writer.append(payload);
    data.end(header);
    this.bulk.pacer.interactiveMs = this.nowMs;
    this.#owner.onOutput();
    return true;
  }

  /** Puts a message of a stream, whose bytes are reserved, into the bulk lane. */
  enqueueInOrder(message: QueuedMessage): void {
    this.bulk.addInOrder(message);
    this.#owner.onOutput();
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
    if (this.bulk.isReady(this.nowMs)) this.#owner.onOutput();
  }

  /** The peer tells how much bulk has arrived in all: more of it may go. */
  onArrived(count: number): void {
    this.bulk.pacer.onArrived(count, this.nowMs);
    if (this.bulk.isReady(this.nowMs)) this.#owner.onOutput();
  }

  /** Hands out what is to be written next; see `BatchWriter.drain`. */
  drain(pieces: Uint8Array<ArrayBuffer>[]): number {
    const nowMs = this.nowMs;
    let bytes = 0;
    const control = this.#control;
    if (control !== null && control.pendingBytes > 0) {
      bytes = control.drain(pieces, DRAIN_BYTES, nowMs);
    }
    if (this.bulk.isReady(this.nowMs)) {
      do this.bulk.writeFragment(this.#data, nowMs); while (
        this.bulk.isReady(this.nowMs) && this.#data.pendingBytes < DRAIN_BYTES
      );
    }
    bytes += this.#data.drain(pieces, DRAIN_BYTES, nowMs);
    this.#mayOvertake = true;
    // Of what waits no more can be answers than there is in all.
    this.#replyBytes = Math.min(this.#replyBytes, this.pendingBytes);
    if (this.#streamsWait) this.#resumeStreams();
    const { whenRoom } = this;
    this.whenRoom = null;
    whenRoom?.();
    return bytes;
  }

  /** What was drained has been written. */
  recycle(): void {
    this.#control?.recycle();
    this.#data.recycle();
  }

  /** Streams whose messages there was no room for go on once half of it is free. */
  #resumeStreams(): void {
    if (
      this.bulk.streamBytes * 2 > this.#maxStreamBytes ||
      this.#data.pendingBytes * 2 > this.#maxBatchedBytes
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
    const data = this.#data;
    try {
      this.bulk.checkRoom(data.writer.position - header - HEADER_BYTES);
      return payloadOf(data, header);
    } finally {
      data.rollback(header);
    }
  }

  #enqueue(message: QueuedMessage): void {
    this.enqueuedBytes = message.totalBytes;
    this.bulk.add(message);
    this.messages++;
    this.#owner.onOutput();
  }

  #inOrder(half: SendHalf, message: QueuedMessage): QueuedMessage | null {
    this.budget.checkSize(message.totalBytes);
    if (!half.maySend(message.totalBytes)) return message;
    half.transmit(message);
    return null;
  }
}

const NOTHING = new Uint8Array(0);

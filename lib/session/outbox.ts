/**
 * What a session has to send, in lanes.
 *
 * @module
 */

import type { Codec } from "../codec/codec.ts";
import { InternodeError } from "../errors.ts";
import { BatchSeal } from "../wire/batch_seal.ts";
import { BatchWriter } from "../wire/batch_writer.ts";
import { Fifo } from "../wire/fifo.ts";
import { FLAG_FIRST, FrameType, HEADER_BYTES, NO_TIMEOUT, PayloadKind } from "../wire/frame.ts";
import { largestMessage } from "../wire/limits.ts";
import type { WriterPool } from "../wire/writer_pool.ts";
import { QueuedMessage } from "./queued_message.ts";
import { protocolError } from "./wire_error.ts";
import type { OutgoingCall } from "./outgoing_calls.ts";
import type { SendHalf } from "./send_half.ts";

/** Messages up to this size go into the batch at once; larger ones take turns in the bulk lane. */
export const INTERACTIVE_BYTES = 8 * 1024;
/** How much leaves in one go. What is more urgent waits for no more than this. */
export const DRAIN_BYTES = 256 * 1024;
/** While no more than this waits, control frames need no lane of their own. */
const SHORT_QUEUE_BYTES = 16 * 1024;

/** What the peer takes, as its hello said. */
export interface PeerLimits {
  /** The largest message. */
  readonly maxMessageBytes: number;
  /** The largest fragment. */
  readonly maxFragmentBytes: number;
  /** How many bytes may be on their way to it or unconsumed. */
  readonly receiveBudgetBytes: number;
  /** How many bytes of one stream. */
  readonly streamBudgetBytes: number;
  /** How many calls. */
  readonly maxCalls: number;
}

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
  /** How many bytes the peer takes at the moment. */
  window = 0;
  /** What the peer takes in general; set when the handshake is done. */
  peer: PeerLimits = NOTHING_TAKEN;
  /** How many messages have been put into batches or queues. */
  messages = 0;
  /** How many bytes of payload wait in queues. */
  queuedBytes = 0;
  /** Starts checksums on batches begun from then on. */
  readonly seal: BatchSeal | null;

  readonly #control: BatchWriter;
  readonly #data: BatchWriter;
  readonly #bulk = new Fifo<QueuedMessage>();
  readonly #stalled = new Fifo<QueuedMessage>();
  readonly #stalledHalves = new Set<SendHalf>();
  readonly #flattenLimit: number;
  readonly #sendBudgetBytes: number;
  readonly #onOutput: () => void;

  /**
   * @param pool Where buffers come from.
   * @param envelope Whether batches travel on a byte stream.
   * @param flattenLimit Payloads above this many bytes are written from where they lie (byte streams only).
   * @param sendBudgetBytes How many bytes may wait here.
   * @param onOutput Hears that there is something to drain.
   */
  constructor(
    pool: WriterPool,
    envelope: boolean,
    flattenLimit: number,
    sendBudgetBytes: number,
    onOutput: () => void,
  ) {
    this.seal = envelope ? new BatchSeal() : null;
    this.#control = new BatchWriter(pool, this.seal);
    this.#data = new BatchWriter(pool, this.seal);
    this.#flattenLimit = envelope ? flattenLimit : Infinity;
    this.#sendBudgetBytes = sendBudgetBytes;
    this.#onOutput = onOutput;
  }

  /** How many batches have been drained. */
  get batches(): number {
    return this.#control.batches + this.#data.batches;
  }

  /** Whether there is anything to drain. */
  get hasOutput(): boolean {
    return this.#data.pendingBytes > 0 || this.#control.pendingBytes > 0 || this.#bulk.length > 0;
  }

  /** Ends the batch under way, so that what follows is in another one. */
  cut(): void {
    this.#data.cut();
  }

  /** Writes a small frame that may overtake messages. */
  control(
    type: number,
    id: number,
    argument: number,
    code = 0,
    payload: Uint8Array = NOTHING,
  ): void {
    const lane = this.#data.pendingBytes <= SHORT_QUEUE_BYTES ? this.#data : this.#control;
    const header = lane.begin(type, 0, code, id, argument, this.nowMs);
    lane.writer.append(payload);
    lane.end(header);
    this.#onOutput();
  }

  /** Writes a small frame that keeps its place behind the messages before it. */
  frame(
    type: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array | null,
  ): void {
    const header = this.#data.begin(type, 0, code, id, argument, this.nowMs);
    if (payload !== null) this.#data.writer.append(payload);
    this.#data.end(header);
    this.#onOutput();
  }

  /**
   * Sends a message that is not part of a stream: at once into the batch where
   * it is small, else through the bulk lane.
   *
   * @param prefix What stands before the payload, or `null`.
   * @param call The call it begins, or `null`.
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
  ): boolean {
    const kind = payloadKind(codec, value);
    const raw = codec.raw === true && kind === PayloadKind.bytes ? rawBytes(value) : null;
    if (raw !== null && raw.length > INTERACTIVE_BYTES) {
      const payload = prefix === null ? raw : concat(prefix, raw);
      this.enqueue(new QueuedMessage(type, flags, code, id, argument, payload, call, null));
      return false;
    }
    const data = this.#data;
    const header = data.begin(type, flags | kind, code, id, argument, this.nowMs);
    const writer = data.writer;
    if (prefix !== null) writer.append(prefix);
    if (raw !== null) writer.append(raw);
    else if (kind === PayloadKind.bytes) encodeInto(data, header, codec, value);
    const length = writer.position - header - HEADER_BYTES;
    if (length <= INTERACTIVE_BYTES && length <= this.window) {
      this.window -= length;
      data.end(header);
      this.messages++;
      this.#onOutput();
      return true;
    }
    const payload = takeBack(data, header);
    this.enqueue(new QueuedMessage(type, flags | kind, code, id, argument, payload, call, null));
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
      raw !== null && (raw.length > INTERACTIVE_BYTES || !half.maySend(raw.length) || half.queued)
    ) {
      // What waits must not change when the caller reuses its buffer after a small send.
      const payload = raw.length > INTERACTIVE_BYTES ? raw : raw.slice();
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
    if (length <= INTERACTIVE_BYTES && !half.queued && half.maySend(length)) {
      half.take(length);
      data.end(header);
      this.#onOutput();
      return null;
    }
    const payload = takeBack(data, header);
    return this.#inOrder(
      half,
      new QueuedMessage(half.type, kind, 0, half.id, 0, payload, null, half),
    );
  }

  /** Puts a message into the bulk lane, or lets it wait until the peer's budget has room for it. */
  enqueue(message: QueuedMessage): void {
    const bytes = message.payload.length;
    this.checkSize(bytes);
    if (this.queuedBytes > 0 && this.queuedBytes + bytes > this.#sendBudgetBytes) {
      throw new InternodeError(
        "Overloaded",
        `${this.queuedBytes} bytes wait to be sent already; ${bytes} more would exceed sendBudgetBytes ` +
          `(${this.#sendBudgetBytes}). Wait for calls to finish, or raise the limit.`,
        { origin: "caller", outcome: "notSent" },
      );
    }
    this.messages++;
    this.queuedBytes += bytes;
    if (this.#stalled.length === 0 && this.#reserve(message)) {
      this.#bulk.push(message);
      this.#onOutput();
    } else {
      this.#stalled.push(message);
    }
  }

  /** Puts a message of a stream, whose bytes are reserved, into the bulk lane. */
  enqueueInOrder(message: QueuedMessage): void {
    this.#bulk.push(message);
    this.#onOutput();
  }

  /** A message larger than the peer takes is refused here. */
  checkSize(bytes: number): void {
    const { maxMessageBytes, receiveBudgetBytes } = this.peer;
    const limit = Math.min(maxMessageBytes, largestMessage(receiveBudgetBytes));
    if (bytes <= limit) return;
    throw new InternodeError(
      "MessageTooLarge",
      `A message of ${bytes} bytes is over the peer's maxMessageBytes of ${limit}. ` +
        "Send it as a stream of smaller ones, or raise the limit there.",
      { origin: "caller", outcome: "notSent" },
    );
  }

  /** A stream waits for room in the peer's budget. */
  stall(half: SendHalf): void {
    this.#stalledHalves.add(half);
  }

  /** A stream has ended. */
  forget(half: SendHalf): void {
    this.#stalledHalves.delete(half);
  }

  /** The peer has given back some of its budget. */
  onWindow(bytes: number): void {
    this.window += bytes;
    if (this.window > this.peer.receiveBudgetBytes) {
      throw protocolError(`${bytes} bytes of the budget were given back that were not in use.`);
    }
    for (let next = this.#stalled.peek(); next !== undefined; next = this.#stalled.peek()) {
      if (!next.dropped && !this.#reserve(next)) break;
      this.#stalled.shift();
      if (next.dropped) continue;
      this.#bulk.push(next);
      this.#onOutput();
    }
    if (this.#stalledHalves.size === 0) return;
    const halves = [...this.#stalledHalves];
    this.#stalledHalves.clear();
    for (const half of halves) half.pump();
  }

  /**
   * Gives up the messages of a call that are not wholly sent.
   *
   * @param responder Whether those that answer the peer's call are meant, not those of a call of ours.
   * @returns Whether there was one.
   */
  drop(id: number, responder: boolean): boolean {
    let found = false;
    for (const lane of [this.#bulk, this.#stalled]) {
      for (let left = lane.length; left > 0; left--) {
        const message = lane.shift()!;
        if (message.id === id && message.type >= FrameType.response === responder) {
          this.discard(message);
          found = true;
        } else {
          lane.push(message);
        }
      }
    }
    return found;
  }

  /** Gives up one message: what was reserved for it and never begun goes back to the window. */
  discard(message: QueuedMessage): void {
    if (message.dropped) return;
    message.dropped = true;
    if (message.half === null) this.queuedBytes -= message.payload.length - message.sent;
    if (message.reserved && message.sent === 0) this.window += message.payload.length;
    message.payload = NOTHING;
  }

  /** Hands out what is to be written next; see `BatchWriter.drain`. */
  drain(pieces: Uint8Array<ArrayBuffer>[]): number {
    const nowMs = this.nowMs;
    let bytes = 0;
    if (this.#control.pendingBytes > 0) bytes = this.#control.drain(pieces, DRAIN_BYTES, nowMs);
    if (this.#bulk.length > 0) {
      do this.#writeFragment(); while (
        this.#bulk.length > 0 && this.#data.pendingBytes < DRAIN_BYTES
      );
    }
    return bytes + this.#data.drain(pieces, DRAIN_BYTES, nowMs);
  }

  /** What was drained has been written. */
  recycle(): void {
    this.#control.recycle();
    this.#data.recycle();
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.#bulk.clear();
    this.#stalled.clear();
    this.#stalledHalves.clear();
    this.queuedBytes = 0;
  }

  #inOrder(half: SendHalf, message: QueuedMessage): QueuedMessage | null {
    this.checkSize(message.payload.length);
    if (!half.maySend(message.payload.length)) return message;
    half.transmit(message);
    return null;
  }

  #reserve(message: QueuedMessage): boolean {
    const bytes = message.payload.length;
    if (bytes > this.window) return false;
    this.window -= bytes;
    message.reserved = true;
    return true;
  }

  /** Writes one frame of the message whose turn it is. */
  #writeFragment(): void {
    const message = this.#bulk.shift()!;
    if (message.dropped) return;
    const { payload, sent, type, id } = message;
    const left = payload.length - sent;
    const size = Math.min(left, this.peer.maxFragmentBytes);
    const whole = size === payload.length;
    const data = this.#data;
    let header: number;
    if (sent === 0) {
      const flags = whole ? message.flags : message.flags | FLAG_FIRST;
      header = data.begin(
        type,
        flags,
        message.code,
        id,
        firstArgument(message, this.nowMs),
        this.nowMs,
      );
      if (!whole) {
        const writer = data.writer;
        writer.ensure(4);
        writer.view.setUint32(writer.position, payload.length, true);
        writer.position += 4;
      }
      if (message.call !== null && message.call.state === "waiting") message.call.state = "sent";
    } else {
      const next = type >= FrameType.response
        ? FrameType.responderFragment
        : FrameType.openerFragment;
      header = data.begin(next, 0, 0, id, 0, this.nowMs);
    }
    const piece = whole ? payload : payload.subarray(sent, sent + size);
    if (size > this.#flattenLimit) {
      data.reference(header, piece);
    } else {
      data.writer.append(piece);
      data.end(header);
    }
    message.sent = sent + size;
    if (message.half === null) this.queuedBytes -= size;
    if (message.sent < payload.length) this.#bulk.push(message);
    else if (message.half !== null) message.half.onTransmitted();
  }
}

const NOTHING = new Uint8Array(0);
const NOTHING_TAKEN: PeerLimits = {
  maxMessageBytes: 0,
  maxFragmentBytes: 1024,
  receiveBudgetBytes: 0,
  streamBudgetBytes: 0,
  maxCalls: 0,
};

/** Null and absent values are told by the frame where the codec leaves them to it. */
export function payloadKind<T>(codec: Codec<T>, value: T): number {
  if (value === undefined && codec.optional === true) return PayloadKind.absent;
  if (value === null && codec.nullable === true) return PayloadKind.null;
  return PayloadKind.bytes;
}

function firstArgument(message: QueuedMessage, nowMs: number): number {
  if (message.half !== null) return message.argument;
  return message.call === null ? message.argument : timeoutArgument(message.call.deadlineMs, nowMs);
}

/** The time left until a deadline, as a frame's `argument`. */
export function timeoutArgument(deadlineMs: number, nowMs: number): number {
  if (deadlineMs === Infinity) return NO_TIMEOUT;
  return Math.max(0, Math.min(Math.ceil(deadlineMs - nowMs), NO_TIMEOUT - 1));
}

function encodeInto<T>(data: BatchWriter, header: number, codec: Codec<T>, value: T): void {
  try {
    codec.encode(value, data.writer);
  } catch (error) {
    data.rollback(header);
    throw error;
  }
}

/** Copies the payload begun at `header` out and takes the frame back. */
function takeBack(data: BatchWriter, header: number): Uint8Array<ArrayBuffer> {
  const writer = data.writer;
  const payload = writer.bytes.slice(header + HEADER_BYTES, writer.position);
  data.rollback(header);
  return payload;
}

function rawBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value as Uint8Array<ArrayBuffer>;
  throw new InternodeError("InvalidPayload", `A Uint8Array was expected, not ${typeof value}.`, {
    origin: "caller",
    outcome: "notSent",
  });
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

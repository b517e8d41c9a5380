/**
 * Messages that are not part of a stream: written into batches or queued in the
 * bulk lane.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { BatchSeal } from "../../wire/batch_seal.ts";
import { HEADER_BYTES, PayloadKind } from "../../wire/frame.ts";
import type { LendingPool } from "../../wire/lending_pool.ts";
import type { Limits } from "../../wire/limits.ts";
import { joined } from "../../wire/part_of.ts";
import { plainBytes } from "../../foreign/plain_bytes.ts";
import type { WriterPool } from "../../wire/writer_pool.ts";
import { BulkLane } from "./bulk_lane.ts";
import { FrameLanes, type OutputListener } from "./frame_lanes.ts";
import { PeerBudget } from "../frames/peer_budget.ts";
import { QueuedMessage } from "./queued_message.ts";
import { copyInto, payloadKind, payloadOf, rawBytes } from "../frames/outgoing_payload.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How many waiting bytes may be small messages in batches; further ones are queued one by one. */
const BATCHED_SHARE = 4;

/** Requests and responses: small ones are written into the batch at once, others wait in the bulk lane. */
export class MessageLanes extends FrameLanes {
  /** What the peer accepts. */
  readonly budget: PeerBudget = new PeerBudget();
  /** The lane of large messages, and of messages that wait for room. */
  readonly bulk: BulkLane;
  /** How many messages have been put into batches or queues. */
  messages: number = DOUBLE_ZERO;
  /** The size of the last message that {@linkcode MessageLanes.send} has queued. */
  enqueuedBytes = 0;
  /** How many bytes of requests and responses may wait here. */
  readonly sendBudgetBytes: number;
  /** How many bytes of small messages may wait in batches. */
  protected readonly maxBatchedBytes: number;

  /**
   * @param pool Where buffers come from.
   * @param envelope Whether batches travel on a byte stream.
   * @param flattenLimit Payloads above this many bytes are written without a copy (byte streams only).
   * @param limits How many bytes may wait here, and how many calls the peer may make at a time.
   * @param listener Notified when there is something to drain.
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
    this.maxBatchedBytes = Math.floor(sendBudgetBytes / BATCHED_SHARE);
  }

  /**
   * Sends a message that is not part of a stream: at once in the batch if it is
   * small, or else through the bulk lane.
   *
   * @param prefix The bytes before the payload, or `null`.
   * @param call The call it begins, or `null`.
   * @param lending Takes back the memory of raw bytes that waited here, once they have left; `null` if it stays with its user.
   * @returns Whether it is in the batch; if not, it waits.
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
    const data = this.data, encoding = this.encoding;
    if (raw !== null && rawLength > this.budget.interactiveBytes) {
      const payload = this.#withPrefix(prefix, raw);
      return this.#enqueue(type, flags, code, id, argument, payload, call, lending);
    }
    if (encoding.isOn) {
      const payload = this.#encodedApart(prefix, codec, value, kind);
      return this.#enqueue(type, flags | kind, code, id, argument, payload, call, null);
    }
    const header = data.begin(type, flags | kind, code, id, argument);
    if (call !== null) data.noteDeadline(this.nowMs);
    const writer = data.writer;
    if (prefix !== null) writer.append(prefix);
    if (raw !== null) copyInto(writer, raw, rawLength);
    else if (kind === PayloadKind.bytes) encoding.into(data, header, codec, value);
    // User code has cancelled this call while it was encoded.
    if (call !== null && call.state === "ended") return this.takeBack(header);
    const length = writer.position - header - HEADER_BYTES;
    if (
      length <= this.budget.interactiveBytes && data.pendingBytes < this.maxBatchedBytes &&
      this.budget.reserve(length)
    ) {
      data.end(header);
      // Only the user's code has anything deferred.
      if (raw === null) encoding.runDeferred();
      this.bulk.pacer.interactiveMs = this.nowMs;
      this.messages++;
      this.listener.onOutput();
      return true;
    }
    const payload = this.#takeOut(header);
    return this.#enqueue(type, flags | kind, code, id, argument, payload, call, null);
  }

  // What follows is rare, and by itself, so that V8 compiles the usual way of a message as one.

  /** What is sent from where it lies. */
  #withPrefix(prefix: Uint8Array | null, raw: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.bulk.checkRoom(raw.length + (prefix === null ? 0 : prefix.length));
    return prefix === null ? plainBytes(raw) : joined([prefix, raw]);
  }

  /** The payload of a value that is sent while another one is encoded. */
  #encodedApart<T>(
    prefix: Uint8Array | null,
    codec: Codec<T>,
    value: T,
    kind: number,
  ): Uint8Array<ArrayBuffer> {
    const payload = this.encoding.apart(prefix, codec, value, kind !== PayloadKind.bytes);
    this.bulk.checkRoom(payload.length);
    return payload;
  }

  /** Takes the frame begun at `header` back. */
  protected takeBack(header: number): false {
    this.data.rollback(header);
    this.encoding.runDeferred();
    return false;
  }

  /**
   * Copies the payload begun at `header` out, if it may wait, and takes the frame back.
   *
   * @throws {InternodeError} `MessageTooLarge` or `Overloaded`.
   */
  #takeOut(header: number): Uint8Array<ArrayBuffer> {
    const data = this.data;
    try {
      this.bulk.checkRoom(data.writer.position - header - HEADER_BYTES);
      return payloadOf(data, header);
    } finally {
      this.takeBack(header);
    }
  }

  #enqueue(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    payload: Uint8Array<ArrayBuffer>,
    call: OutgoingCall | null,
    lending: LendingPool | null,
  ): false {
    const message = new QueuedMessage(type, flags, code, id, argument, payload, call, null);
    message.lending = lending;
    this.enqueuedBytes = message.totalBytes;
    this.bulk.add(message);
    this.messages++;
    this.signalOutput();
    return false;
  }
}

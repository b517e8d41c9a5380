/**
 * The lane of large messages, and of messages that wait for room.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import { carriesMessage, FLAG_FIRST, FrameType, isBulk } from "../../wire/frame.ts";
import { isPooled } from "../../wire/lending_pool.ts";
import { BulkPacer, SHORT_PIECE_BYTES } from "./bulk_pacer.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";
import { PriorityQueue } from "./priority_queue.ts";
import type { PeerBudget } from "../frames/peer_budget.ts";
import type { QueuedMessage, QueuedStream } from "./queued_message.ts";
import { timeoutArgument } from "./time_left.ts";

/** How many bytes each waiting message counts besides its payload, for its objects. */
const QUEUED_OVERHEAD_BYTES = 384;

/** Is notified of messages that can no longer be sent, and ends their calls. */
export interface PayloadListener {
  /** The bytes of a message were changed before they left; `responder` if it answers a call of the peer. */
  onPayloadLost(id: number, responder: boolean): void;
}

/** Messages take turns, one fragment each; where some are urgent, those have eight of nine turns. A message that does not fit the peer's budget waits outside, with nothing sent. */
export class BulkLane {
  /** How many bytes wait, with overhead, without those of streams. */
  queuedBytes = 0;
  /** The same for streams. */
  streamBytes = 0;

  /** How often waiting messages have left or were dropped, without those of streams. */
  departures = 0;
  /** The size of the last message for which there was no room. */
  refusedBytes = 0;

  /** Whether dropped messages of a stream have left room in the peer's window; reset when it is used. */
  hasFreedWindow = false;

  /** How much may be in flight. */
  readonly pacer: BulkPacer = new BulkPacer();

  /** Is notified of payloads that were changed. */
  listener: PayloadListener | null = null;

  readonly #budget: PeerBudget;
  readonly #flattenLimit: number;
  readonly #sendBudgetBytes: number;
  readonly #lane = new PriorityQueue<QueuedMessage>();
  readonly #stalled = new PriorityQueue<QueuedMessage>();
  /** The message that waits outside the budget. */
  #beside: QueuedMessage | null = null;

  /**
   * @param budget What the peer accepts.
   * @param flattenLimit Pieces above this many bytes are written without a copy.
   * @param sendBudgetBytes How many bytes may wait here, without those of streams.
   */
  constructor(budget: PeerBudget, flattenLimit: number, sendBudgetBytes: number) {
    this.#budget = budget;
    this.#flattenLimit = flattenLimit;
    this.#sendBudgetBytes = sendBudgetBytes;
  }

  /** Whether there is a message to send, and room in flight for it. */
  isReady(nowMs: number): boolean {
    return this.#lane.length > 0 && this.pacer.isOpen(nowMs);
  }

  /**
   * Checks that a message of that size may be added, if it is not part of a
   * stream. Besides those that fit the budget, one of any size may wait.
   *
   * @throws {InternodeError} `MessageTooLarge` or `Overloaded` if not.
   */
  checkRoom(bytes: number): void {
    this.#budget.checkSize(bytes);
    if (this.hasRoom(bytes)) return;
    const { queuedBytes } = this;
    this.refusedBytes = bytes;
    throw new InternodeError(
      "Overloaded",
      `${queuedBytes} bytes already wait to be sent; ${bytes} bytes more would exceed ` +
        `sendBudgetBytes (${this.#sendBudgetBytes}). Wait for calls to finish, or raise the limit.`,
      { origin: "caller", outcome: "notSent" },
    );
  }

  /** Whether there is room for a message of that size that is not part of a stream. */
  hasRoom(bytes: number): boolean {
    return this.#beside === null || this.#fits(bytes);
  }

  /** Adds a message that is not part of a stream and for which {@linkcode checkRoom} has found room. */
  add(message: QueuedMessage): void {
    if (!this.#fits(message.totalBytes)) this.#beside = message;
    this.queuedBytes += queuedCost(message.totalBytes);
    if (this.#stalled.length === 0 && this.#reserve(message)) this.#push(message);
    else this.#stalled.push(message, message.priority);
  }

  /** A message of a stream waits here, or in the queue of its stream. */
  countStream(message: QueuedMessage): void {
    this.streamBytes += queuedCost(message.totalBytes);
  }

  /** Adds a message of a stream, whose bytes are reserved and counted. */
  addInOrder(message: QueuedMessage): void {
    this.#push(message);
  }

  /** The peer's budget has more room. */
  onWindow(): void {
    for (let next = this.#stalled.peek(); next !== undefined; next = this.#stalled.peek()) {
      if (!next.dropped && !this.#reserve(next)) break;
      this.#stalled.shift();
      if (!next.dropped) this.#push(next);
    }
  }

  /**
   * Drops the messages of a call that are not completely sent.
   *
   * @param responder Whether the call is one of the peer.
   * @returns Whether there was one.
   */
  drop(id: number, responder: boolean): boolean {
    let found = false;
    let stream: QueuedStream | null = null;
    const stays = (message: QueuedMessage): boolean => {
      // A message that was dropped before does not count as found.
      if (message.dropped) return false;
      if (message.id !== id || message.type >= FrameType.response !== responder) return true;
      this.discard(message);
      stream = message.stream;
      found = true;
      return false;
    };
    this.#lane.filter(stays);
    this.#stalled.filter(stays);
    // Messages queued after a dropped message of a stream would never be sent.
    if (stream !== null) this.discardQueue(stream);
    return found;
  }

  /** Drops the messages of a stream that are not completely sent. */
  discardQueue(stream: QueuedStream): void {
    for (let next = stream.shiftQueued(); next !== undefined; next = stream.shiftQueued()) {
      this.discard(next);
    }
  }

  /** Gives up one message: what was reserved for it and never begun goes back to the window. */
  discard(message: QueuedMessage): void {
    if (message.dropped) return;
    message.dropped = true;
    this.#uncount(message, queuedCost(message.totalBytes - message.sent));
    if (message === this.#beside) this.#beside = null;
    if (message.reserved && message.sent === 0) this.#budget.takeBack(message.totalBytes);
    message.releasePayload();
  }

  /** How many bytes of a message the next frame has at most. */
  get nextBytes(): number {
    const next = this.#lane.peek();
    return next === undefined ? 0 : this.#pieceBytes(next, Infinity);
  }

  /**
   * Writes one frame of the message whose turn it is.
   *
   * @param roomBytes How many bytes may leave with what is in the batches already; if there is no room, a short piece goes all the same.
   */
  writeFragment(data: BatchWriter, nowMs: number, roomBytes: number): void {
    const message = this.#lane.shift()!;
    if (message.dropped) return;
    const { payload, sent, call } = message;
    if (message.isLost) {
      this.discard(message);
      if (message.stream !== null) {
        this.discardQueue(message.stream);
        this.hasFreedWindow = true;
      }
      this.listener?.onPayloadLost(message.id, message.type >= FrameType.response);
      return;
    }
    if (sent === 0 && call !== null && call.deadlineMs <= nowMs) {
      // Its time ran out here: nothing is sent, and the timer about to come ends the call.
      this.discard(message);
      return;
    }
    // Only messages travel in pieces. The frames that end a stream are small, and keep their place behind them.
    const isWhole = !carriesMessage(message.type);
    const size = isWhole ? payload.length : this.#pieceBytes(message, roomBytes);
    const inPieces = size < payload.length;
    // Errors are no messages, and the peer does not count them.
    if (!isWhole && isBulk(message.type, inPieces ? FLAG_FIRST : 0, size)) {
      this.pacer.onSent(size, nowMs);
    }
    const header = sent === 0
      ? this.#beginFirst(data, message, inPieces, nowMs)
      : data.begin(fragmentType(message.type), 0, 0, message.id, 0);
    const piece = inPieces ? payload.subarray(sent, sent + size) : payload;
    // Only of what is sent over streams is nothing ever used again; what does not leave at once may still be taken away.
    const isUnused = message.stream !== null && roomBytes > 0 && !isPooled(payload);
    if (size > this.#flattenLimit && isUnused) data.reference(header, piece);
    else {
      data.writer.append(piece);
      data.end(header);
    }
    message.sent = sent + size;
    this.#uncount(message, message.sent < payload.length ? size : queuedCost(size));
    if (message.sent < payload.length) return this.#push(message);
    if (message === this.#beside) this.#beside = null;
    if (message.lending !== null) message.releasePayload();
    const { stream } = message;
    if (stream === null) return call?.onTransmitted();
    stream.shiftQueued();
    const next = stream.firstQueued();
    if (next !== undefined) this.#push(next);
  }

  /**
   * Forgets everything that waits.
   *
   * @returns The calls of this side of which a part has left and the rest never will.
   */
  clear(): ReadonlySet<OutgoingCall> {
    const inPart = new Set<OutgoingCall>();
    for (let next = this.#lane.shift(); next !== undefined; next = this.#lane.shift()) {
      if (next.call !== null && next.sent > 0) inPart.add(next.call);
    }
    this.#stalled.clear();
    this.#beside = null;
    this.queuedBytes = this.streamBytes = 0;
    return inPart;
  }

  #fits(bytes: number): boolean {
    const beside = this.#beside;
    const besideBytes = beside === null ? 0 : queuedCost(beside.totalBytes - beside.sent);
    return this.queuedBytes - besideBytes + queuedCost(bytes) <= this.#sendBudgetBytes;
  }

  /** So much of a message waits no more; with its overhead, if it is the last of it. */
  #uncount({ stream }: QueuedMessage, bytes: number): void {
    if (stream === null) {
      this.queuedBytes -= bytes;
      this.departures++;
    } else this.streamBytes -= bytes;
  }

  #pieceBytes({ payload, sent }: QueuedMessage, roomBytes: number): number {
    const { maxFragmentBytes } = this.#budget.limits;
    const most = Math.max(SHORT_PIECE_BYTES, Math.min(this.pacer.pieceBytes, roomBytes));
    return Math.min(payload.length - sent, maxFragmentBytes, most);
  }

  #beginFirst(data: BatchWriter, message: QueuedMessage, inPieces: boolean, nowMs: number): number {
    const { type, flags, code, id, call } = message;
    const argument = call === null ? message.argument : timeoutArgument(call.deadlineMs, nowMs);
    const header = data.begin(
      type,
      inPieces ? flags | FLAG_FIRST : flags,
      code,
      id,
      argument,
    );
    if (call !== null) data.noteDeadline(nowMs);
    if (inPieces) {
      const writer = data.writer;
      writer.ensure(4);
      writer.view.setUint32(writer.position, message.totalBytes, true);
      writer.position += 4;
    }
    if (call !== null && call.state === "waiting") call.state = "sent";
    return header;
  }

  #push(message: QueuedMessage): void {
    this.#lane.push(message, message.priority);
  }

  #reserve(message: QueuedMessage): boolean {
    return message.reserved = this.#budget.reserve(message.totalBytes);
  }
}

/** What a message that waits takes. */
function queuedCost(payloadBytes: number): number {
  return payloadBytes + QUEUED_OVERHEAD_BYTES;
}

function fragmentType(type: number): number {
  return type >= FrameType.response ? FrameType.responderFragment : FrameType.openerFragment;
}

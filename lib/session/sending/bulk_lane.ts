/**
 * The lane of large messages, and of those that wait for room.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { BatchWriter } from "../../wire/batch_writer.ts";
import { Fifo } from "../../wire/fifo.ts";
import { FLAG_FIRST, FrameType, isBulk } from "../../wire/frame.ts";
import { BulkPacer } from "./bulk_pacer.ts";
import type { OutgoingCall } from "./outgoing_call_table.ts";
import type { PeerBudget } from "../frames/peer_budget.ts";
import type { QueuedMessage, QueuedStream } from "./queued_message.ts";
import { timeoutArgument } from "./time_left.ts";

/** With so many bytes each message that waits counts beside its payload, as that is what keeping it takes. */
const QUEUED_OVERHEAD_BYTES = 384;

/** Is told of messages that cannot be sent any further, and ends their calls. */
export interface PayloadListener {
  /** The bytes of a call's message were taken away; `responder`: of one that answers the peer's call. */
  onPayloadLost(id: number, responder: boolean): void;
}

/** Messages take turns, a fragment each. One that does not fit the peer's budget waits outside, with nothing sent. */
export class BulkLane {
  /** How many bytes wait, with what keeping them takes, those of streams not counted. */
  queuedBytes = 0;
  /** The same of streams. */
  streamBytes = 0;

  /** How often some of what waits has left, or was given up; messages of streams not counted. */
  departures = 0;
  /** The size of the last message for which there was no room. */
  refusedBytes = 0;

  /** Whether messages of a stream were given up that left room in the peer's window; who makes use of it resets this. */
  hasFreedWindow = false;

  /** How much may be under way. */
  readonly pacer: BulkPacer = new BulkPacer();

  /** Who is told of payloads that were taken away. */
  listener: PayloadListener | null = null;

  readonly #budget: PeerBudget;
  readonly #flattenLimit: number;
  readonly #sendBudgetBytes: number;
  readonly #lane = new Fifo<QueuedMessage>();
  readonly #stalled = new Fifo<QueuedMessage>();
  /** The message that waits beside those that fit the budget. */
  #beside: QueuedMessage | null = null;

  /**
   * @param budget What the peer takes.
   * @param flattenLimit Pieces above this many bytes are written from where they lie.
   * @param sendBudgetBytes How many bytes may wait here, those of streams not counted.
   */
  constructor(budget: PeerBudget, flattenLimit: number, sendBudgetBytes: number) {
    this.#budget = budget;
    this.#flattenLimit = flattenLimit;
    this.#sendBudgetBytes = sendBudgetBytes;
  }

  /** Whether there is a message whose turn it is, and room on the way for it. */
  isReady(nowMs: number): boolean {
    return this.#lane.length > 0 && this.pacer.isOpen(nowMs);
  }

  /**
   * Whether a message of that size that is not part of a stream may be added.
   * Beside those that fit the budget there may be one of any size.
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
    if (this.#stalled.length === 0 && this.#reserve(message)) this.#lane.push(message);
    else this.#stalled.push(message);
  }

  /** A message of a stream waits here or behind one that does. */
  countStream(message: QueuedMessage): void {
    this.streamBytes += queuedCost(message.totalBytes);
  }

  /** Adds a message of a stream, whose bytes are reserved and counted. */
  addInOrder(message: QueuedMessage): void {
    this.#lane.push(message);
  }

  /** There is more room in the peer's budget. */
  onWindow(): void {
    for (let next = this.#stalled.peek(); next !== undefined; next = this.#stalled.peek()) {
      if (!next.dropped && !this.#reserve(next)) break;
      this.#stalled.shift();
      if (!next.dropped) this.#lane.push(next);
    }
  }

  /**
   * Gives up the messages of a call that are not wholly sent.
   *
   * @param responder Whether those that answer the peer's call are meant, not those of a call of ours.
   * @returns Whether there was one.
   */
  drop(id: number, responder: boolean): boolean {
    let found = false;
    let stream: QueuedStream | null = null;
    for (const queue of [this.#lane, this.#stalled]) {
      for (let left = queue.length; left > 0; left--) {
        const message = queue.shift()!;
        // One given up before is no sign that the call has no answer yet.
        if (message.dropped) continue;
        if (message.id === id && message.type >= FrameType.response === responder) {
          this.discard(message);
          stream = message.stream;
          found = true;
        } else {
          queue.push(message);
        }
      }
    }
    // What queues behind a stream's message in the lane would never have its turn.
    if (stream !== null) this.discardQueue(stream);
    return found;
  }

  /** Gives up the messages of a stream that are not wholly sent. */
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

  /** Writes one frame of the message whose turn it is. */
  writeFragment(data: BatchWriter, nowMs: number): void {
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
    const size = isMessage(message.type)
      ? Math.min(payload.length - sent, this.#budget.limits.maxFragmentBytes)
      : payload.length;
    const inPieces = size < payload.length;
    if (isBulk(message.type, inPieces ? FLAG_FIRST : 0, size)) this.pacer.onSent(size, nowMs);
    const header = sent === 0
      ? this.#beginFirst(data, message, inPieces, nowMs)
      : data.begin(fragmentType(message.type), 0, 0, message.id, 0, nowMs);
    const piece = inPieces ? payload.subarray(sent, sent + size) : payload;
    if (size > this.#flattenLimit) {
      // Nobody says when a piece has been written that is not copied.
      message.lending = null;
      data.reference(header, piece);
    } else {
      data.writer.append(piece);
      data.end(header);
    }
    message.sent = sent + size;
    this.#uncount(message, message.sent < payload.length ? size : queuedCost(size));
    if (message.sent < payload.length) return this.#lane.push(message);
    if (message === this.#beside) this.#beside = null;
    if (message.lending !== null) message.releasePayload();
    const { stream } = message;
    if (stream === null) return call?.onTransmitted();
    stream.shiftQueued();
    const next = stream.firstQueued();
    if (next !== undefined) this.#lane.push(next);
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

  #beginFirst(data: BatchWriter, message: QueuedMessage, inPieces: boolean, nowMs: number): number {
    const { type, flags, code, id, call } = message;
    const argument = call === null ? message.argument : timeoutArgument(call.deadlineMs, nowMs);
    const header = data.begin(
      type,
      inPieces ? flags | FLAG_FIRST : flags,
      code,
      id,
      argument,
      nowMs,
    );
    if (inPieces) {
      const writer = data.writer;
      writer.ensure(4);
      writer.view.setUint32(writer.position, message.totalBytes, true);
      writer.position += 4;
    }
    if (call !== null && call.state === "waiting") call.state = "sent";
    return header;
  }

  #reserve(message: QueuedMessage): boolean {
    return message.reserved = this.#budget.reserve(message.totalBytes);
  }
}

/** What a message that waits takes. */
function queuedCost(payloadBytes: number): number {
  return payloadBytes + QUEUED_OVERHEAD_BYTES;
}

/** Only these travel in pieces. The frames that end a stream are small, and keep their place behind its messages. */
function isMessage(type: number): boolean {
  return type === FrameType.request || type === FrameType.open || type === FrameType.response ||
    type === FrameType.input || type === FrameType.output;
}

function fragmentType(type: number): number {
  return type >= FrameType.response ? FrameType.responderFragment : FrameType.openerFragment;
}

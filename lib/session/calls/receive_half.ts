/**
 * The receiving direction of a stream.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { type DecodedRoom, UNLIMITED_ROOM } from "../../wire/decoded_memory.ts";
import { FrameType } from "../../wire/frame.ts";
import { messageCost } from "../../wire/limits.ts";
import { protocolError } from "../frames/wire_error.ts";
import { ReceiveWindow, type ReceiveWindows, type WindowOwner } from "./receive_windows.ts";

/** After how many consumed bytes credit is sent, even for few messages. Less than a stream may always have in flight. */
const REPORT_BYTES = 32 * 1024;

/** Receives the messages of a stream. */
export interface MessageSink {
  /** Whether messages are lent to their reader, in memory that is used again. */
  readonly lends: boolean;
  /** One message. The payload is valid during this call only. */
  onMessage(kind: number, reader: ByteReader): void;
  /** The peer has ended the direction, and all its messages have arrived. */
  onEnd(): void;
}

/** Grants credit to the sender of a receiving direction. */
export interface CreditGranter {
  /** Gives bytes back to the connection's budget. */
  release(bytes: number): void;
  /** What the windows of streams share; without it, they stay as they are. */
  readonly windows?: ReceiveWindows;
  /**
   * Gives credit back to a stream's sender.
   *
   * @param windowBytes How many bytes may be under way from now on, if that has changed.
   */
  grantCredit(
    type: number,
    id: number,
    messages: number,
    bytes: number,
    nowMs: number,
    windowBytes?: number,
  ): void;
}

/**
 * Checks that a direction's messages arrive in order and within the credit, and
 * grants new credit as they are consumed: as much as was consumed, and more or
 * less where its {@linkcode ReceiveWindow} has changed.
 *
 * Messages that are unread when the stream ends can still be read, but no
 * longer count against the connection.
 */
export class ReceiveHalf implements WindowOwner {
  /** The sequence number of the next message: how many have arrived. */
  sequence = 0;
  /** Whether the direction has ended. */
  ended = false;
  /** Whether the trailers have come, after which only the end or an error may follow. */
  hasTrailers = false;

  readonly #granter: CreditGranter;
  #sink: MessageSink;
  readonly #id: number;
  readonly #creditType: number;
  readonly #capacity: number;
  #credit: number;
  #heldBytes = 0;
  #heldMemory = 0;
  #room: DecodedRoom = UNLIMITED_ROOM;
  #consumedMessages = 0;
  #consumedBytes = 0;
  /** Made when it can grow. */
  #window: ReceiveWindow | null = null;
  /** How many messages may be under way or unread now. */
  #windowMessages: number;
  #toldBytes = 0;

  /**
   * @param granter The session.
   * @param id The stream.
   * @param type The frame type of the direction's messages.
   * @param credit How many messages may be in flight or unread.
   * @param sink Receives them.
   */
  constructor(granter: CreditGranter, id: number, type: number, credit: number, sink: MessageSink) {
    this.#granter = granter;
    this.#id = id;
    this.#creditType = type === FrameType.input ? FrameType.inputCredit : FrameType.outputCredit;
    this.#capacity = this.#credit = this.#windowMessages = credit;
    this.#sink = sink;
  }

  /** Whether messages are put together in memory that is lent. */
  get lends(): boolean {
    return this.#sink.lends;
  }

  /** How many messages the peer may send now. */
  get credit(): number {
    return this.#credit;
  }

  /** How many bytes of the connection's budget its unread messages take. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A message begins to arrive; `cost` is what it takes of the budget. */
  onBegin(sequence: number, cost: number): void {
    if (this.ended) throw protocolError("The peer sent a message on a stream that it had ended.");
    if (sequence !== this.sequence) {
      throw protocolError(
        `The peer sent a stream's message with sequence number ${sequence} instead of ${this.sequence}.`,
      );
    }
    if (this.#credit === 0) throw protocolError("The peer sent a stream's message without credit.");
    this.#credit--;
    this.#heldBytes += cost;
    this.sequence = (sequence + 1) >>> 0;
  }

  /** Passes on a message that has arrived completely. */
  deliver(kind: number, reader: ByteReader): void {
    this.#sink.onMessage(kind, reader);
  }

  /** Checks that the direction may end after `count` messages. */
  checkEnd(count: number): void {
    if (this.ended && !this.hasTrailers) throw protocolError("The peer ended a stream twice.");
    if (count !== this.sequence) {
      throw protocolError(
        `The peer ended a stream after ${count} messages, but ${this.sequence} have arrived.`,
      );
    }
  }

  /** The peer has ended the direction after `count` messages. Unread ones still count. */
  onEnd(count: number): void {
    this.checkEnd(count);
    this.ended = true;
    this.#sink.onEnd();
  }

  /** The trailers have come: no message may follow. */
  onTrailers(): void {
    this.hasTrailers = this.ended = true;
  }

  /** Calls back before the next message is passed on, if there is one. */
  beforeNext(action: () => void): void {
    const sink = this.#sink;
    this.#sink = {
      get lends(): boolean {
        return sink.lends;
      },
      onMessage: (kind, reader): void => {
        this.#sink = sink;
        action();
        sink.onMessage(kind, reader);
      },
      onEnd: (): void => sink.onEnd(),
    };
  }

  /** Counts the memory of a message that waits to be read; see {@linkcode DecodedRoom}. */
  holdMemory(room: DecodedRoom, bytes: number): void {
    if (bytes === 0) return;
    this.#room = room;
    this.#heldMemory += bytes;
    room.hold(bytes);
  }

  /**
   * The reader has taken a message of that size.
   *
   * @param memoryBytes What was passed to {@linkcode ReceiveHalf.holdMemory} for it. Default: 0.
   * @returns Whether it is time to {@linkcode ReceiveHalf.report}.
   */
  consumed(bytes: number, memoryBytes = 0): boolean {
    if (memoryBytes > 0) this.#freeMemory(memoryBytes);
    const cost = messageCost(bytes);
    // The connection's budget does not wait for the report: many half-read streams would use it up.
    if (this.#heldBytes >= cost) {
      this.#heldBytes -= cost;
      this.#granter.release(cost);
    }
    if (this.ended) return false;
    const messages = ++this.#consumedMessages;
    this.#consumedBytes += cost;
    return messages * 2 >= this.#capacity || this.#consumedBytes >= REPORT_BYTES;
  }

  /** Sends credit for what was consumed. */
  report(nowMs: number): void {
    const messages = this.#consumedMessages, bytes = this.#consumedBytes;
    if (this.ended || messages === 0) return;
    this.#consumedMessages = 0;
    this.#consumedBytes = 0;
    const { windows } = this.#granter;
    if (windows === undefined || !windows.isOn) return this.#grant(messages, bytes, nowMs);
    const window = this.#window ??= new ReceiveWindow(windows, this, this.#capacity, nowMs);
    window.onRead(messages, bytes, this.#windowMessages - this.#credit - messages, nowMs);
    // What the window has shrunk by is kept back, as credit cannot be taken back.
    const grown = Math.max(-messages, window.messages - this.#windowMessages);
    this.#windowMessages += grown;
    this.#grant(messages + grown, bytes, nowMs);
  }

  #grant(messages: number, bytes: number, nowMs: number): void {
    this.#credit += messages;
    const told = this.#window?.toldBytes ?? 0;
    if (told === this.#toldBytes) {
      return this.#granter.grantCredit(this.#creditType, this.#id, messages, bytes, nowMs);
    }
    this.#toldBytes = told;
    this.#granter.grantCredit(this.#creditType, this.#id, messages, bytes, nowMs, told);
  }

  /** See {@linkcode WindowOwner}. */
  onShrunk(nowMs: number): void {
    if (!this.ended) this.#grant(0, 0, nowMs);
  }

  /** The stream is over: unread messages no longer count. Returns how many messages of the peer may still arrive. */
  close(): number {
    const late = this.ended ? 0 : this.#credit;
    this.ended = true;
    this.#window?.close();
    this.#freeMemory(this.#heldMemory);
    if (this.#heldBytes > 0) this.#granter.release(this.#heldBytes);
    this.#heldBytes = 0;
    return late;
  }

  /** Memory of messages that are read after the end was freed before. */
  #freeMemory(bytes: number): void {
    if (this.#heldMemory < bytes) return;
    this.#heldMemory -= bytes;
    this.#room.giveBack(bytes);
  }
}

/**
 * Drives a session over whole messages.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Peer, SessionOptions } from "../session/frames/session_options.ts";
import { Fifo } from "../wire/fifo.ts";
import { LARGE_BATCH_BYTES } from "../wire/batch_reader.ts";
import { HEADER_BYTES, isOneMessage } from "../wire/frame.ts";
import { MAX_BATCH_BYTES, MAX_HANDSHAKE_BATCH_BYTES, messageCost } from "../wire/limits.ts";
import type { Clock } from "../runtime/clock.ts";
import { Link, type LinkDelegate } from "./link.ts";
import { giveBack } from "../wire/memory_return.ts";
import { partOf } from "../wire/part_of.ts";
import type { MessageChannel, MessageReceiver } from "../transport/channel/transport.ts";

/** How many bytes of frames without a budget may wait besides messages, such as credits and cancels. */
const MAX_OTHER_BYTES = 4 * 1024 * 1024;

const PEER_LEFT = "The peer closed the connection.";

/** A session on a {@linkcode MessageChannel}: each batch is a message, parsed in place. */
export class MessageLink extends Link implements MessageReceiver {
  readonly #channel: MessageChannel;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting = new Fifo<Uint8Array<ArrayBuffer>>();
  #resumeAt = 0;
  #paused = false;
  #maxBatchBytes = MAX_HANDSHAKE_BATCH_BYTES;
  readonly #maxWaitingBytes: number;
  #waitingBytes = 0;
  #hasEnded = false;

  constructor(
    channel: MessageChannel,
    options: SessionOptions,
    delegate: LinkDelegate,
    clock: Clock,
    inlineHandlerUs: number,
  ) {
    super(options, delegate, clock, channel, inlineHandlerUs);
    this.#channel = channel;
    this.#maxWaitingBytes = options.limits.receiveBudgetBytes + MAX_OTHER_BYTES;
    try {
      channel.limitMessages?.(this.#maxBatchBytes);
      channel.start(this);
    } catch (error) {
      this.fail("The channel's start", error);
    }
  }

  /** Messages may be large from now on. */
  override onOpen(peer: Peer): void {
    this.#maxBatchBytes = MAX_BATCH_BYTES;
    this.#channel.limitMessages?.(MAX_BATCH_BYTES);
    super.onOpen(peer);
  }

  /** A batch has arrived. The credit that was given limits what a channel without back pressure delivers. */
  onMessage(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.gone || this.session.state === "closed") return;
    this.bytesReceived += bytes.length;
    this.news = true;
    this.#waiting.push(bytes);
    this.#waitingBytes += cost(bytes);
    if (!this.#paused) return this.#parse();
    // Waiting batches do not count against the budget yet, and not every channel has back pressure.
    if (this.#waitingBytes > this.#maxWaitingBytes) {
      this.#refuse(
        `The peer sent ${this.#waitingBytes} bytes faster than they could be handled; ` +
          `at most ${this.#maxWaitingBytes} may wait.`,
      );
      this.#waiting.clear();
    }
  }

  #refuse(message: string): void {
    this.close(
      new InternodeError("ProtocolError", message, { origin: "remote", outcome: "maybeExecuted" }),
    );
  }

  /** The channel takes more. */
  onDrain(): void {
    this.news = true;
    if (!this.gone && this.session.hasOutput) this.beginTurn();
  }

  /** The channel has ended. */
  onClose(reason: string): void {
    this.#hasEnded = true;
    if (this.gone) this.finish();
    else this.lose(reason === "" ? PEER_LEFT : `The connection has ended: ${reason}`);
  }

  readonly #parse = (): void => {
    this.#paused = false;
    if (this.gone) return;
    const nowMs = this.beginReading();
    let isDone: boolean;
    try {
      isDone = this.budget.start(nowMs) ? this.#parseWaiting(nowMs) : this.#goOnLater();
    } finally {
      this.endReading();
    }
    if (isDone) this.#hold("resume");
  };

  /** Returns whether nothing waits any more, and the turn is not over. */
  #parseWaiting(nowMs: number): boolean {
    for (let bytes = this.#waiting.peek(); bytes !== undefined; bytes = this.#waiting.peek()) {
      if (this.session.state === "closed") {
        this.#waiting.clear();
        return false;
      }
      if (this.budget.isSpent) return this.#goOnLater();
      // Not before its turn, as a handshake that ends in front of it allows more.
      if (bytes.length > this.#maxBatchBytes) {
        this.#waiting.clear();
        this.#refuse(
          `The peer sent a batch of ${bytes.length} bytes; at most ${this.#maxBatchBytes} are allowed.`,
        );
        return false;
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const lent = this.#lentPayload(bytes, view),
        end = lent === null ? bytes.length : HEADER_BYTES;
      const at = this.session.receive(bytes, view, this.#resumeAt, end, nowMs, lent);
      if (at < end) {
        this.#resumeAt = at;
        return this.#goOnLater();
      }
      this.#resumeAt = 0;
      this.#waiting.shift();
      this.#waitingBytes -= cost(bytes);
      // What else is to outlive the parsing was copied.
      if (lent === null) this.#free(bytes);
    }
    return true;
  }

  /** The payload of a large message that is lent to its reader in the memory in which it came, if the batch is one. */
  #lentPayload(bytes: Uint8Array<ArrayBuffer>, view: DataView): Uint8Array<ArrayBuffer> | null {
    const { length } = bytes;
    if (length < LARGE_BATCH_BYTES || this.#channel.takeBack === undefined) return null;
    const isLent = isOneMessage(view, 0, length) && this.session.lends(view, 0);
    return isLent ? partOf(bytes, HEADER_BYTES, length) : null;
  }

  #free(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#channel.takeBack === undefined) return giveBack(bytes);
    try {
      this.#channel.takeBack(bytes);
    } catch (error) {
      this.fail("The channel's takeBack", error);
    }
  }

  #hold(how: "pause" | "resume"): void {
    try {
      this.#channel[how]?.();
    } catch (error) {
      this.fail(`The channel's ${how}`, error);
    }
  }

  #goOnLater(): false {
    this.#paused = true;
    this.budget.later(this.#parse);
    this.#hold("pause");
    return false;
  }

  /** Sends what there is, unless the channel is congested; `onDrain` follows then. */
  protected override write(nowMs: number): void {
    const { session } = this;
    const channel = this.#channel, pieces = this.#pieces;
    // What leaves may let other messages follow, which must not start a write of their own.
    this.writing = true;
    try {
      while (!channel.congested && session.hasOutput && session.drain(pieces, nowMs) > 0) {
        for (const piece of pieces) {
          this.bytesSent += piece.length;
          channel.send(piece);
        }
        pieces.length = 0;
        session.recycle();
      }
      channel.flush?.();
    } catch (error) {
      return this.fail("Sending over the connection", error);
    }
    this.writing = false;
    if (session.state === "closed" && !session.hasOutput) this.leave();
  }

  /** What was sent before still leaves. */
  protected override closeChannel(): void {
    this.#channel.close();
    if (this.#hasEnded) this.finish();
  }
}

/** What a batch takes while it waits: no more than the messages in it take of the budget. */
function cost(batch: Uint8Array): number {
  return messageCost(batch.length - HEADER_BYTES);
}

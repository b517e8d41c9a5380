/**
 * What a session receives: sizes and budgets checked, messages in pieces put
 * together.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { FLAG_FIRST, FrameType } from "../../wire/frame.ts";
import { type Limits, messageCost } from "../../wire/limits.ts";
import { payloadMemory } from "../../wire/payload_memory.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import { SLOT_MASK } from "../sending/outgoing_call_table.ts";
import { protocolError } from "../frames/wire_error.ts";

/** The peer is told of bulk each time this much of it has come; a fraction of what may always be under way. */
const ARRIVED_BYTES = 32 * 1024;

/** Where the peer's bytes a second are limited, so much is given back at a time, or a quarter of a second's worth. */
const PACED_BYTES = 16 * 1024;

/** A message of which some pieces have come. */
export interface Assembly {
  /** The first frame's type. */
  readonly type: number;
  /** The first frame's flags. */
  readonly flags: number;
  /** The first frame's code. */
  readonly code: number;
  /** The call. */
  readonly id: number;
  /** The first frame's argument. */
  readonly argument: number;
  /** When the first frame came, on the session's clock. */
  readonly arrivedMs: number;
  /** The whole message, filled from the front. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes are there. */
  filled: number;
}

/**
 * Bounds what the peer can make this side hold: every message counts with its
 * whole size from its first frame until it is released, and one that does not
 * fit the budget is a breach of the protocol.
 */
export class ReceiveBuffer {
  /** How many messages have arrived whole. */
  messages = 0;
  /** When `onTimer` is due, as more may be given back to a peer that is slowed down; `Infinity`: never. */
  giveBackAtMs: number = Infinity;

  readonly #limits: Limits;
  readonly #scheduler: SendScheduler;
  readonly #giveBackAt: number;
  /** What may be given back; `null`: whatever is consumed. */
  readonly #pace: TokenBucket | null;
  // By slot, so that there are no more of them than calls; made when a message first comes in pieces.
  #fromOpener: Map<number, Assembly> | null = null;
  #fromResponder: Map<number, Assembly> | null = null;
  #arrivedBytes = 0;
  #reportedBytes = 0;
  #outstanding = 0;
  /** How many messages of streams the peer has credit for. Messages for streams that have ended use it up, too. */
  #streamCredit = 0;
  #released = 0;

  /**
   * @param limits What this side takes.
   * @param scheduler Where the peer is told that it may send more, and how much bulk has arrived.
   */
  constructor(limits: Limits, scheduler: SendScheduler) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    // Not more than largestMessage() leaves for it.
    const giveBackAt = Math.floor(limits.receiveBudgetBytes / 8);
    const { maxBytesPerSecond } = limits;
    if (maxBytesPerSecond === Infinity) {
      this.#giveBackAt = giveBackAt;
      this.#pace = null;
    } else {
      const piece = Math.max(PACED_BYTES, Math.ceil(maxBytesPerSecond / 4));
      this.#giveBackAt = Math.min(giveBackAt, piece);
      this.#pace = new TokenBucket(this.#giveBackAt, maxBytesPerSecond);
    }
  }

  /** How many bytes the peer has sent that were not released. */
  get heldBytes(): number {
    return this.#outstanding - this.#released;
  }

  /** Counts a message of so many bytes in, and says what it costs: what is to be released for it later. */
  charge(bytes: number): number {
    const limits = this.#limits;
    if (bytes > limits.maxMessageBytes) {
      throw protocolError(
        `The peer sent a message of ${bytes} bytes; maxMessageBytes is ${limits.maxMessageBytes}.`,
      );
    }
    const cost = messageCost(bytes);
    this.#outstanding += cost;
    if (this.#outstanding > limits.receiveBudgetBytes) {
      throw protocolError(
        `The peer sent a message of ${bytes} bytes that exceeds its budget: ` +
          `receiveBudgetBytes allows ${limits.receiveBudgetBytes} unconsumed bytes.`,
      );
    }
    this.messages++;
    return cost;
  }

  /** A message counted in is of no use to anybody. */
  forget(cost: number): void {
    this.messages--;
    this.release(cost);
  }

  /** The opening of a stream is consumed, or refused; the peer may send so many inputs before it knows. */
  releaseOpening(cost: number, inputCredit: number): void {
    this.#streamCredit += inputCredit;
    this.release(cost);
  }

  /** The peer may send so many more messages of streams. */
  grant(messages: number): void {
    this.#streamCredit += messages;
  }

  /** A message of a stream has come. Returns whether the peer had credit for it. */
  takeStreamCredit(): boolean {
    return this.#streamCredit > 0 && this.#streamCredit-- > 0;
  }

  /** So many bytes are consumed. */
  release(bytes: number): void {
    const released = this.#released + bytes;
    if (released < this.#giveBackAt) {
      this.#released = released;
      return;
    }
    this.#released = released;
    if (this.#pace === null) this.#giveBack(released);
    else if (this.giveBackAtMs === Infinity) this.#giveBackSome(this.#pace);
  }

  /** Time has passed: gives back what may be. */
  onTimer(): void {
    if (this.#pace !== null && this.giveBackAtMs <= this.#scheduler.nowMs) {
      this.#giveBackSome(this.#pace);
    }
  }

  #giveBack(bytes: number): void {
    this.#outstanding -= bytes;
    this.#released -= bytes;
    this.#scheduler.control(FrameType.window, 0, bytes);
  }

  #giveBackSome(pace: TokenBucket): void {
    const piece = this.#giveBackAt;
    this.giveBackAtMs = Infinity;
    while (this.#released >= piece) {
      if (!pace.take(piece, this.#scheduler.nowMs)) {
        this.giveBackAtMs = pace.readyMs(piece);
        // There may be no turn that would set the timer at its end.
        return this.#scheduler.signalOutput();
      }
      this.#giveBack(piece);
    }
  }

  /** Checks the size of a frame that carries (a piece of) a message. */
  checkFrame(flags: number, length: number): void {
    const extra = (flags & FLAG_FIRST) !== 0 ? 4 : 0;
    if (length - extra > this.#limits.maxFragmentBytes) {
      throw protocolError(
        `The peer sent a frame of ${length} bytes; maxFragmentBytes is ${this.#limits.maxFragmentBytes}.`,
      );
    }
  }

  /** A frame of bulk has come. */
  onBulk(bytes: number): void {
    this.#arrivedBytes = (this.#arrivedBytes + bytes) >>> 0;
    if (((this.#arrivedBytes - this.#reportedBytes) >>> 0) < ARRIVED_BYTES) return;
    this.#reportedBytes = this.#arrivedBytes;
    this.#scheduler.control(FrameType.arrived, 0, this.#arrivedBytes);
  }

  /** Whether some pieces have come of a message of that call's, from the side that sends frames of `type`. */
  isUnfinished(type: number, id: number): boolean {
    const assemblies = type >= FrameType.response ? this.#fromResponder : this.#fromOpener;
    return assemblies?.has(id & SLOT_MASK) ?? false;
  }

  /** Nothing else of a direction may come between the pieces of a message. */
  checkFinished(type: number, id: number): void {
    if (!this.isUnfinished(type, id)) return;
    throw protocolError(
      `The peer sent a frame of type ${type} before the last fragment of another message.`,
    );
  }

  /**
   * Begins to put a message together.
   *
   * @param reader Stands before the first piece, the message's size already read.
   */
  begin(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    total: number,
    reader: ByteReader,
  ): void {
    const assemblies = this.#assemblies(type);
    if (reader.remaining >= total) {
      throw protocolError("The peer sent a fragmented message in one fragment.");
    }
    const assembly: Assembly = {
      type,
      flags: flags & ~FLAG_FIRST,
      code,
      id,
      argument,
      arrivedMs: this.#scheduler.nowMs,
      bytes: payloadMemory(total),
      filled: 0,
    };
    assemblies.set(id & SLOT_MASK, assembly);
    append(assembly, reader);
  }

  /**
   * Adds the next piece.
   *
   * @returns The message when it is whole; `null` when more is to come, or when nobody waits for it any more.
   */
  add(type: number, id: number, reader: ByteReader): Assembly | null {
    const assemblies = this.#assemblies(type);
    const assembly = assemblies.get(id & SLOT_MASK);
    if (assembly === undefined || assembly.id !== id) return null;
    append(assembly, reader);
    if (assembly.filled < assembly.bytes.length) return null;
    assemblies.delete(id & SLOT_MASK);
    return assembly;
  }

  /** Gives up what has come of a message, as the call has ended, and says whether there was anything. A stream's bytes are released by its `ReceiveHalf`. */
  drop(id: number, fromResponder: boolean): boolean {
    const assemblies = fromResponder ? this.#fromResponder : this.#fromOpener;
    const assembly = assemblies?.get(id & SLOT_MASK);
    if (assembly === undefined || assembly.id !== id) return false;
    assemblies!.delete(id & SLOT_MASK);
    if (assembly.type !== FrameType.input && assembly.type !== FrameType.output) {
      this.release(messageCost(assembly.bytes.length));
    }
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#fromOpener = this.#fromResponder = null;
    this.giveBackAtMs = Infinity;
  }

  #assemblies(type: number): Map<number, Assembly> {
    return type >= FrameType.response
      ? this.#fromResponder ??= new Map()
      : this.#fromOpener ??= new Map();
  }
}

function append(assembly: Assembly, reader: ByteReader): void {
  const { bytes, filled } = assembly;
  const length = reader.remaining;
  if (length === 0 || filled + length > bytes.length) {
    throw protocolError(
      `The peer sent a fragment of ${length} bytes, but ${bytes.length - filled} bytes are left ` +
        `of its message of ${bytes.length}.`,
    );
  }
  bytes.set(reader.bytes.subarray(reader.position, reader.end), filled);
  assembly.filled = filled + length;
}

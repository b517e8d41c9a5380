/**
 * What a session receives: checks sizes and budgets, and assembles fragmented
 * messages.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { FLAG_FIRST, FrameType } from "../../wire/frame.ts";
import { type Limits, messageCost } from "../../wire/limits.ts";
import { STREAM_MEMORY } from "../../wire/lending_pool.ts";
import { payloadMemory } from "../../wire/payload_memory.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import { SLOT_MASK } from "../sending/outgoing_call_table.ts";
import { protocolError } from "../frames/wire_error.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How many bulk bytes arrive between two acknowledgements; a fraction of what may always be in flight. */
const ARRIVED_BYTES = 32 * 1024;

/** If the peer's bytes per second are limited, this much of the window is given back at a time, or a quarter of a second's worth. */
const PACED_BYTES = 16 * 1024;

/** A message of which some fragments have arrived. */
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
  /** When the first frame arrived, on the session's clock. */
  readonly arrivedMs: number;
  /** The whole message, filled from the front. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes have arrived. */
  filled: number;
}

/**
 * Limits the memory that a peer can use here: every message counts with its
 * whole size from its first frame until it is released. A message that exceeds
 * the budget is a breach of the protocol.
 */
export class ReceiveBuffer {
  /** How many messages have arrived completely. */
  messages: number = DOUBLE_ZERO;
  /** When `onTimer` is due, because a slowed-down peer may be given more; `Infinity` if never. */
  giveBackAtMs: number = Infinity;

  readonly #limits: Limits;
  readonly #scheduler: SendScheduler;
  readonly #giveBackAt: number;
  /** Limits what is given back; `null` if there is no limit. */
  readonly #pace: TokenBucket | null;
  // By slot, so that there are no more than calls; made when the first fragmented message arrives.
  #fromOpener: Map<number, Assembly> | null = null;
  #fromResponder: Map<number, Assembly> | null = null;
  #arrivedBytes: number = DOUBLE_ZERO;
  #reportedBytes: number = DOUBLE_ZERO;
  #outstanding = 0;
  /** How many messages of streams the peer has credit for. Messages of ended streams use it up too. */
  #streamCredit = 0;
  #released = 0;

  /**
   * @param limits The limits of this side.
   * @param scheduler Sends credit and acknowledgements to the peer.
   */
  constructor(limits: Limits, scheduler: SendScheduler) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    // At most what largestMessage() leaves for it.
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

  /** How many received bytes are not released yet. */
  get heldBytes(): number {
    return this.#outstanding - this.#released;
  }

  /** Counts a message of that size, and returns its cost, which is to be released later. */
  charge(bytes: number): number {
    const limits = this.#limits;
    if (bytes > limits.maxMessageBytes) throw tooLarge(bytes, limits);
    const cost = messageCost(bytes);
    this.#outstanding += cost;
    if (this.#outstanding > limits.receiveBudgetBytes) throw overBudget(bytes, limits);
    this.messages++;
    return cost;
  }

  /** A message that was counted belongs to no call any longer. */
  forget(cost: number): void {
    this.messages--;
    this.release(cost);
  }

  /** The opening of a stream is consumed or refused; until the peer knows, it may send inputs up to this credit. */
  releaseOpening(cost: number, inputCredit: number): void {
    this.#streamCredit += inputCredit;
    this.release(cost);
  }

  /** The peer may send that many more messages of streams. */
  grant(messages: number): void {
    this.#streamCredit += messages;
  }

  /** A message of a stream has arrived. Returns whether the peer had credit for it. */
  takeStreamCredit(): boolean {
    return this.#streamCredit > 0 && this.#streamCredit-- > 0;
  }

  /** Releases consumed bytes. */
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

  /** Gives back what the passed time allows. */
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
        // Starts a turn, whose end sets the timer.
        return this.#scheduler.signalOutput();
      }
      this.#giveBack(piece);
    }
  }

  /** Checks the size of a frame that carries a message or a fragment. */
  checkFrame(flags: number, length: number): void {
    const extra = (flags & FLAG_FIRST) !== 0 ? 4 : 0;
    if (!this.takesFrame(length - extra)) throw tooLongFrame(length, this.#limits);
  }

  /** Whether a frame may have so many bytes of a message. */
  takesFrame(bytes: number): boolean {
    return bytes <= this.#limits.maxFragmentBytes;
  }

  /** A bulk frame has arrived. */
  onBulk(bytes: number): void {
    this.#arrivedBytes = (this.#arrivedBytes + bytes) >>> 0;
    if (((this.#arrivedBytes - this.#reportedBytes) >>> 0) < ARRIVED_BYTES) return;
    this.#reportedBytes = this.#arrivedBytes;
    this.#scheduler.control(FrameType.arrived, 0, this.#arrivedBytes);
  }

  /** Whether a message of that call is incomplete, from the side that sends frames of `type`. */
  isUnfinished(type: number, id: number): boolean {
    const assemblies = type >= FrameType.response ? this.#fromResponder : this.#fromOpener;
    return assemblies?.has(id & SLOT_MASK) ?? false;
  }

  /** Checks that no other frame of a direction comes between the fragments of a message. */
  checkFinished(type: number, id: number): void {
    if (!this.isUnfinished(type, id)) return;
    throw protocolError(
      `The peer sent a frame of type ${type} before the last fragment of another message.`,
    );
  }

  /**
   * Begins to assemble a message.
   *
   * @param reader Is at the first fragment, after the message's size.
   * @param lends Whether its memory is lent, as a stream's reader wants it. Default: `false`.
   */
  begin(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    total: number,
    reader: ByteReader,
    lends = false,
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
      bytes: lends ? STREAM_MEMORY.lend(total) : payloadMemory(total),
      filled: 0,
    };
    assemblies.set(id & SLOT_MASK, assembly);
    append(assembly, reader);
  }

  /**
   * Adds the next fragment.
   *
   * @returns The message if it is complete; `null` if more is to come, or if its call has ended.
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

  /** Drops an incomplete message because its call has ended, and returns whether there was one. A stream's bytes are released by its `ReceiveHalf`. */
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

  /** Drops everything. */
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

// By themselves, so that what each message passes through is short enough for V8 to compile as one.

function tooLarge(bytes: number, { maxMessageBytes }: Limits): InternodeError {
  return protocolError(
    `The peer sent a message of ${bytes} bytes; maxMessageBytes is ${maxMessageBytes}.`,
  );
}

function overBudget(bytes: number, { receiveBudgetBytes }: Limits): InternodeError {
  return protocolError(
    `The peer sent a message of ${bytes} bytes that exceeds its budget: ` +
      `receiveBudgetBytes allows ${receiveBudgetBytes} unconsumed bytes.`,
  );
}

function tooLongFrame(length: number, { maxFragmentBytes }: Limits): InternodeError {
  return protocolError(
    `The peer sent a frame of ${length} bytes; maxFragmentBytes is ${maxFragmentBytes}.`,
  );
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

/**
 * Passes each frame of an open session to the part that handles it.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import type { ByteReader } from "../wire/byte_reader.ts";
import {
  carriesMessage,
  FLAG_FIRST,
  FLAG_METADATA,
  FrameType,
  isBulk,
  KIND_MASK,
  KNOWN_FLAGS,
  PRIORITY_MASK,
} from "../wire/frame.ts";
import { messageCost } from "../wire/limits.ts";
import { AcceptedStream } from "./calls/accepted_stream.ts";
import { OpenedStream } from "./calls/opened_stream.ts";
import type { Delivery } from "./delivery.ts";
import type { OutgoingCalls } from "./calls/outgoing_calls.ts";
import { DRAIN_REASONS } from "./frames/drain_reason.ts";
import { FloodLimiter } from "./flood_limiter.ts";
import type { Assembly, ReceiveBuffer } from "./calls/receive_buffer.ts";
import type { Keepalive } from "./keepalive.ts";
import type { SendScheduler } from "./sending/send_scheduler.ts";
import type { ReceiveHalf } from "./calls/receive_half.ts";
import type { IncomingCalls } from "./calls/incoming_calls.ts";
import type { SessionDelegate } from "./calls/session_delegate.ts";
import { protocolError } from "./frames/wire_error.ts";

/** The parts of a session that frames go to. */
export interface FrameTargets {
  /** Is at the payload of each frame. */
  readonly reader: ByteReader;
  /** The calls of this side. */
  readonly outgoing: OutgoingCalls;
  /** The calls of the peer. */
  readonly incoming: IncomingCalls;
  /** Checks and assembles what is received. */
  readonly buffer: ReceiveBuffer;
  /** Sends. */
  readonly scheduler: SendScheduler;
  /** Whether the peer is alive. */
  readonly keepalive: Keepalive;
  /** Whether the peer has received everything. */
  readonly delivery: Delivery;
  /** Is notified when the peer asks to end this connection. */
  readonly delegate: Pick<SessionDelegate, "onDraining">;
}

/** Throws an `InternodeError` of code `ProtocolError` for frames that the protocol does not allow. */
export class Dispatcher {
  readonly #reader: ByteReader;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #buffer: ReceiveBuffer;
  readonly #scheduler: SendScheduler;
  readonly #keepalive: Keepalive;
  readonly #delivery: Delivery;
  readonly #delegate: Pick<SessionDelegate, "onDraining">;
  readonly #floodLimiter: FloodLimiter = new FloodLimiter();
  /** Whether both sides know the priority of calls. */
  takesPriority = false;

  /** @param targets Where frames go. */
  constructor(targets: FrameTargets) {
    this.#reader = targets.reader;
    this.#outgoing = targets.outgoing;
    this.#incoming = targets.incoming;
    this.#buffer = targets.buffer;
    this.#scheduler = targets.scheduler;
    this.#keepalive = targets.keepalive;
    this.#delivery = targets.delivery;
    this.#delegate = targets.delegate;
  }

  /**
   * Counts a frame without effect.
   *
   * @throws {InternodeError} `ProtocolError` if that happens too often.
   */
  onIneffective(): void {
    const scheduler = this.#scheduler;
    this.#floodLimiter.add(
      scheduler.nowMs,
      scheduler.messages + this.#buffer.messages,
      this.#outgoing.calls.active + this.#incoming.calls.active,
    );
  }

  /** Handles the frame whose payload is in the reader. Returns whether a handler may have run. */
  onFrame(
    type: number,
    flags: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    if (
      (flags & ~KNOWN_FLAGS) !== 0 && !this.#mayHave(flags) || (flags & KIND_MASK) === KIND_MASK
    ) {
      throw invalidFlags(type, flags);
    }
    return carriesMessage(type)
      ? this.#onMessageFrame(type, flags, code, length, id, argument)
      : this.#onOtherFrame(type, code, length, id, argument);
  }

  /** Whether flags beyond those that each side knows are a priority. */
  #mayHave(flags: number): boolean {
    const priority = flags & PRIORITY_MASK;
    return this.takesPriority && priority !== PRIORITY_MASK &&
      (flags & ~(KNOWN_FLAGS | PRIORITY_MASK)) === 0;
  }

  /** Whether the message whose frame's header is at `at` is lent to the reader of a stream. Nothing of it was checked yet, and it counts for nothing. */
  lends(view: DataView, at: number): boolean {
    const type = view.getUint8(at), id = view.getUint32(at + 8, true);
    if (type !== FrameType.input && type !== FrameType.output) return false;
    if (!this.#buffer.takesFrame(view.getUint32(at + 4, true))) return false;
    const stream = (type === FrameType.input ? this.#incoming : this.#outgoing).calls.get(id);
    const isStream = stream instanceof AcceptedStream || stream instanceof OpenedStream;
    return isStream && stream.receive?.lends === true;
  }

  #onOtherFrame(
    type: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    switch (type) {
      case FrameType.openerFragment:
      case FrameType.responderFragment: {
        this.#buffer.checkFrame(0, length);
        this.#buffer.onBulk(length);
        if (type === FrameType.responderFragment) this.#outgoing.onStreamAlive(id);
        const whole = this.#buffer.add(type, id, this.#reader);
        if (whole === null) {
          if (!this.#buffer.isUnfinished(type, id)) this.onIneffective();
          return false;
        }
        return this.#deliverWhole(whole);
      }
      case FrameType.inputCredit:
      case FrameType.outputCredit:
        this.#onCredit(type, id, argument);
        return false;
      case FrameType.inputEnd:
        this.#buffer.checkFinished(type, id);
        if (!this.#incoming.onInputEnd(id, argument)) this.onIneffective();
        return false;
      case FrameType.outputEnd:
        this.#buffer.checkFinished(type, id);
        this.#outgoing.onOutputEnd(id, argument, this.#reader);
        return false;
      case FrameType.error:
        this.#outgoing.onError(id, code, this.#reader);
        return false;
      case FrameType.cancel:
        if (!this.#incoming.onCancel(id, code, this.#reader)) this.onIneffective();
        return false;
      default:
        this.#onConnectionFrame(type, code, id, argument);
        return false;
    }
  }

  /** A frame that carries a message or its first fragment. */
  #onMessageFrame(
    type: number,
    flags: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    const buffer = this.#buffer;
    buffer.checkFrame(flags, length);
    const isFirst = (flags & FLAG_FIRST) !== 0;
    const total = isFirst ? this.#readTotal(length) : length;
    if (isBulk(type, flags, length)) buffer.onBulk(this.#reader.remaining);
    buffer.checkFinished(type, id);
    const cost = buffer.charge(total);
    if (type === FrameType.input || type === FrameType.output) {
      return this.#onStreamFrame(type, flags, code, id, argument, total, cost);
    }
    if (isFirst) {
      if (type === FrameType.response) this.#outgoing.checkResponse(id);
      else this.#incoming.checkId(id);
      buffer.begin(type, flags, code, id, argument, total, this.#reader);
      return false;
    }
    return this.#deliver(type, flags, code, id, argument, cost, this.#scheduler.nowMs);
  }

  /** Reads the size of a message of which the first piece has come. */
  #readTotal(length: number): number {
    if (length < 4) throw protocolError("The peer sent a fragmented message without its size.");
    const reader = this.#reader, total = reader.view.getUint32(reader.position, true);
    reader.position += 4;
    return total;
  }

  /** A message of a stream, or the first piece of one, that is counted in. */
  #onStreamFrame(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    total: number,
    cost: number,
  ): boolean {
    const buffer = this.#buffer, half = this.#receiveHalf(type, id);
    const hadCredit = (half === null || type === FrameType.input) && buffer.takeStreamCredit();
    if (half === null) {
      buffer.forget(cost);
      if (!hadCredit) this.onIneffective();
      return false;
    }
    half.onBegin(argument, cost);
    if ((flags & FLAG_FIRST) !== 0) {
      buffer.begin(type, flags, code, id, argument, total, this.#reader, half.lends);
      return false;
    }
    if ((flags & FLAG_METADATA) !== 0) this.#onMarked(half, type, flags, id);
    else half.deliver(flags & KIND_MASK, this.#reader);
    return true;
  }

  /** A message of a stream with the flag for metadata, which has a meaning for outputs alone. */
  #onMarked(half: ReceiveHalf, type: number, flags: number, id: number): void {
    const outgoing = this.#outgoing, kind = flags & KIND_MASK;
    if (type !== FrameType.output || !outgoing.takesMetadata) half.deliver(kind, this.#reader);
    else {
      const { nowMs } = this.#scheduler;
      outgoing.outputTarget(id)?.onOutputMetadata(half, kind, this.#reader, nowMs);
    }
  }

  #deliverWhole(whole: Assembly): boolean {
    const { type, flags, code, id, argument, bytes, arrivedMs } = whole;
    this.#reader.reset(bytes, 0, bytes.length, undefined, true);
    return this.#deliver(type, flags, code, id, argument, messageCost(bytes.length), arrivedMs);
  }

  /** A complete message is in the reader; its first frame arrived at `arrivedMs`. */
  #deliver(
    type: number,
    flags: number,
    code: number,
    id: number,
    argument: number,
    cost: number,
    arrivedMs: number,
  ): boolean {
    const reader = this.#reader;
    switch (type) {
      case FrameType.request:
        this.#incoming.onRequest(id, flags, code, argument, arrivedMs, cost, reader);
        return true;
      case FrameType.response:
        this.#buffer.release(cost);
        this.#outgoing.onResponse(id, flags, reader);
        return false;
      case FrameType.open:
        this.#incoming.onOpen(id, flags, code, argument, arrivedMs, cost, reader);
        return true;
      default: {
        const half = this.#receiveHalf(type, id);
        if (half === null) return true;
        if ((flags & FLAG_METADATA) !== 0) this.#onMarked(half, type, flags, id);
        else half.deliver(flags & KIND_MASK, reader);
        return true;
      }
    }
  }

  #receiveHalf(type: number, id: number): ReceiveHalf | null {
    const stream = type === FrameType.input
      ? this.#incoming.inputTarget(id)
      : this.#outgoing.outputTarget(id);
    return stream === null ? null : stream.receive;
  }

  #onConnectionFrame(type: number, code: number, id: number, argument: number): void {
    switch (type) {
      case FrameType.name:
        // Has an effect once a call comes, which earns some frames without effect.
        if (!this.#incoming.names.onName(code, this.#reader)) this.onIneffective();
        return;
      case FrameType.window:
        if (argument === 0) this.onIneffective();
        this.#scheduler.onWindow(argument);
        return;
      case FrameType.arrived:
        if (!this.#scheduler.onArrived(argument)) this.onIneffective();
        return;
      case FrameType.ping:
        this.onIneffective();
        // Streams that this side has opened are asked for with its own pings.
        if (id === 0 && this.#outgoing.calls.active === 0) {
          this.#keepalive.onPing(this.#scheduler.nowMs);
        }
        if (
          id === 0 || this.#incoming.calls.get(id) !== null ||
          this.#buffer.isUnfinished(FrameType.openerFragment, id)
        ) {
          this.#scheduler.control(FrameType.pong, id, argument);
        }
        return;
      case FrameType.pong:
        this.onIneffective();
        if (id === 0) {
          this.#keepalive.onPong(argument, this.#scheduler.nowMs);
          this.#delivery.onPong(argument);
        } else this.#outgoing.onStreamAlive(id);
        return;
      case FrameType.drain:
        this.onIneffective();
        this.#delegate.onDraining(DRAIN_REASONS[argument] ?? "closing");
        return;
      default:
        throw protocolError(`The peer sent a frame of unknown type ${type}.`);
    }
  }

  /** Credit, and perhaps how large the stream's window is from now on. */
  #onCredit(type: number, id: number, messages: number): void {
    const { view, position, remaining } = this.#reader;
    const grows = this.#scheduler.budget.maxStreamCredit !== undefined;
    const hasWindow = grows && remaining === 8;
    if (remaining !== 4 && !hasWindow) {
      throw protocolError("The peer sent a credit frame without its number of bytes.");
    }
    const bytes = view.getUint32(position, true);
    const windowBytes = hasWindow ? view.getUint32(position + 4, true) : undefined;
    const hasEffect = type === FrameType.inputCredit
      ? this.#outgoing.onInputCredit(id, messages, bytes, windowBytes)
      : this.#incoming.onOutputCredit(id, messages, bytes, windowBytes);
    // Where credit need not be in use, it has to be earned: every message that was read has bytes.
    if (!hasEffect || (grows && bytes === 0)) this.onIneffective();
  }
}

function invalidFlags(type: number, flags: number): InternodeError {
  return protocolError(`The peer sent a frame of type ${type} with invalid flags (${flags}).`);
}

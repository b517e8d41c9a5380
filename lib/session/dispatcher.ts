/**
 * Takes each frame of an open session to where it belongs.
 *
 * @module
 */

import type { ByteReader } from "../wire/byte_reader.ts";
import { FLAG_FIRST, FrameType, isBulk, KIND_MASK, KNOWN_FLAGS } from "../wire/frame.ts";
import { messageCost } from "../wire/limits.ts";
import type { Arrival } from "./arrival.ts";
import type { CallerSide } from "./calls/caller_side.ts";
import { DRAIN_REASONS } from "./frames/drain_reason.ts";
import { FutileFrames } from "./futile_frames.ts";
import type { Assembly, Inbox } from "./calls/inbox.ts";
import type { Liveness } from "./liveness.ts";
import type { Outbox } from "./sending/outbox.ts";
import type { ReceiveHalf } from "./calls/receive_half.ts";
import type { ResponderSide } from "./calls/responder_side.ts";
import type { SessionDelegate } from "./calls/session_delegate.ts";
import { protocolError } from "./frames/wire_error.ts";

/** The parts of a session that frames go to. */
export interface FrameTargets {
  /** Where each frame's payload is. */
  readonly reader: ByteReader;
  /** The calls of this side. */
  readonly caller: CallerSide;
  /** The calls of the peer. */
  readonly responder: ResponderSide;
  /** What is received. */
  readonly inbox: Inbox;
  /** What is sent. */
  readonly outbox: Outbox;
  /** Whether the peer is there. */
  readonly liveness: Liveness;
  /** What the peer has received. */
  readonly arrival: Arrival;
  /** Hears that the peer wants this connection to come to an end. */
  readonly delegate: Pick<SessionDelegate, "onDraining">;
}

/** Throws an `InternodeError` of code `ProtocolError` for whatever the protocol does not allow. */
export class Dispatcher {
  readonly #reader: ByteReader;
  readonly #caller: CallerSide;
  readonly #responder: ResponderSide;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #arrival: Arrival;
  readonly #delegate: Pick<SessionDelegate, "onDraining">;
  readonly #futile: FutileFrames = new FutileFrames();

  /** @param targets Where frames go. */
  constructor(targets: FrameTargets) {
    this.#reader = targets.reader;
    this.#caller = targets.caller;
    this.#responder = targets.responder;
    this.#inbox = targets.inbox;
    this.#outbox = targets.outbox;
    this.#liveness = targets.liveness;
    this.#arrival = targets.arrival;
    this.#delegate = targets.delegate;
  }

  /**
   * What has come has no effect.
   *
   * @throws {InternodeError} `ProtocolError` if that happens too often.
   */
  onFutile(): void {
    const outbox = this.#outbox;
    this.#futile.add(
      outbox.nowMs,
      outbox.messages + this.#inbox.messages,
      this.#caller.calls.active + this.#responder.calls.active,
    );
  }

  /** Takes the frame whose payload is in the reader. Says whether a handler may have run. */
  onFrame(
    type: number,
    flags: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    if ((flags & ~KNOWN_FLAGS) !== 0 || (flags & KIND_MASK) === KIND_MASK) {
      throw protocolError(
        `A frame of type ${type} has flags ${flags}, some of which mean nothing.`,
      );
    }
    switch (type) {
      case FrameType.request:
      case FrameType.response:
      case FrameType.output:
      case FrameType.input:
      case FrameType.open:
        return this.#onMessageFrame(type, flags, code, length, id, argument);
      case FrameType.openerFragment:
      case FrameType.responderFragment: {
        this.#inbox.checkFrame(0, length);
        this.#inbox.onBulk(length);
        if (type === FrameType.responderFragment) this.#caller.onStreamSign(id);
        const whole = this.#inbox.add(type, id, this.#reader);
        if (whole === null) {
          if (!this.#inbox.isUnfinished(type, id)) this.onFutile();
          return false;
        }
        return this.#deliverWhole(whole);
      }
      case FrameType.inputCredit:
        if (!this.#caller.onInputCredit(id, argument, this.#creditBytes())) this.onFutile();
        return false;
      case FrameType.outputCredit:
        if (!this.#responder.onOutputCredit(id, argument, this.#creditBytes())) this.onFutile();
        return false;
      case FrameType.inputEnd:
        this.#inbox.checkFinished(type, id);
        if (!this.#responder.onInputEnd(id, argument)) this.onFutile();
        return false;
      case FrameType.outputEnd:
        this.#inbox.checkFinished(type, id);
        this.#caller.onOutputEnd(id, argument);
        return false;
      case FrameType.error:
        this.#caller.onError(id, code, this.#reader);
        return false;
      case FrameType.cancel:
        if (!this.#responder.onCancel(id, code, this.#reader)) this.onFutile();
        return false;
      default:
        this.#onConnectionFrame(type, code, id, argument);
        return false;
    }
  }

  /** A frame that carries a message or the first piece of one. */
  #onMessageFrame(
    type: number,
    flags: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    const inbox = this.#inbox, reader = this.#reader;
    inbox.checkFrame(flags, length);
    let total = length;
    const first = (flags & FLAG_FIRST) !== 0;
    if (first) {
      if (length < 4) throw protocolError("A message in pieces came without its size.");
      total = reader.view.getUint32(reader.position, true);
      reader.position += 4;
    }
    if (isBulk(type, flags, length)) inbox.onBulk(reader.remaining);
    inbox.checkFinished(type, id);
    const cost = inbox.charge(total);
    if (type === FrameType.input || type === FrameType.output) {
      const half = this.#receiveHalf(type, id);
      const hadLeave = (half === null || type === FrameType.input) && inbox.takeLeave();
      if (half === null) {
        inbox.forget(cost);
        if (!hadLeave) this.onFutile();
        return false;
      }
      half.onBegin(argument, cost);
    }
    if (first) {
      if (type === FrameType.response) this.#caller.checkResponse(id);
      else if (type !== FrameType.input && type !== FrameType.output) this.#responder.checkId(id);
      inbox.begin(type, flags, code, id, argument, total, reader);
      return false;
    }
    return this.#deliver(type, flags, code, id, argument, cost, this.#outbox.nowMs);
  }

  #deliverWhole(whole: Assembly): boolean {
    const { type, flags, code, id, argument, bytes, arrivedMs } = whole;
    this.#reader.reset(bytes, 0, bytes.length, undefined, true);
    return this.#deliver(type, flags, code, id, argument, messageCost(bytes.length), arrivedMs);
  }

  /** A whole message stands in the reader; its first frame came at `arrivedMs`. */
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
        this.#responder.onRequest(id, flags, code, argument, arrivedMs, cost, reader);
        return true;
      case FrameType.response:
        this.#inbox.release(cost);
        this.#caller.onResponse(id, flags, reader);
        return false;
      case FrameType.open:
        this.#responder.onOpen(id, flags, code, argument, arrivedMs, cost, reader);
        return true;
      default:
        this.#receiveHalf(type, id)?.deliver(flags & KIND_MASK, reader);
        return true;
    }
  }

  #receiveHalf(type: number, id: number): ReceiveHalf | null {
    const stream = type === FrameType.input
      ? this.#responder.inputTarget(id)
      : this.#caller.outputTarget(id);
    return stream === null ? null : stream.receive;
  }

  #onConnectionFrame(type: number, code: number, id: number, argument: number): void {
    switch (type) {
      case FrameType.name:
        // Of use once a call comes, which makes up for some of them.
        if (!this.#responder.names.onName(code, this.#reader)) this.onFutile();
        return;
      case FrameType.window:
        if (argument === 0) this.onFutile();
        this.#outbox.onWindow(argument);
        return;
      case FrameType.arrived:
        if (!this.#outbox.onArrived(argument)) this.onFutile();
        return;
      case FrameType.ping:
        this.onFutile();
        if (
          id === 0 || this.#responder.calls.get(id) !== null ||
          this.#inbox.isUnfinished(FrameType.openerFragment, id)
        ) {
          this.#outbox.control(FrameType.pong, id, argument);
        }
        return;
      case FrameType.pong:
        this.onFutile();
        if (id === 0) {
          this.#liveness.onPong(argument, this.#outbox.nowMs);
          this.#arrival.onPong(argument);
        } else this.#caller.onStreamSign(id);
        return;
      case FrameType.drain:
        this.onFutile();
        this.#delegate.onDraining(DRAIN_REASONS[argument] ?? "closing");
        return;
      default:
        throw protocolError(`A frame of type ${type} came, which there is not.`);
    }
  }

  #creditBytes(): number {
    const reader = this.#reader;
    if (reader.remaining !== 4) throw protocolError("A credit frame does not say how many bytes.");
    return reader.view.getUint32(reader.position, true);
  }
}

/**
 * One connection's state machine.
 *
 * How to drive a session:
 *
 * 1. Time: every call passes the time (`nowMs`, monotonic, in milliseconds). A
 *    session has no clock, timer, socket or randomness. Call `onTimer` when
 *    `nextDeadlineMs()` has passed; only calls from outside make it earlier.
 * 2. Bytes in: pass one whole batch to `receive`, which returns how far it read.
 *    If that is before the end, the turn should end: pass the rest in a later
 *    turn, before any other batch. The session keeps no reference to the batch.
 *    On a byte stream, switch the batch reader to `batchChecksum` as soon as
 *    `delegate.onOpen` is called.
 * 3. Bytes out: after any call that led to `delegate.onOutput`, call `drain` and
 *    write the pieces in order; when all are written call `recycle`, then
 *    `drain` again while `hasOutput`. The pieces belong to the session and do
 *    not change from `drain` to `recycle`.
 * 4. The end: `onClosed` is called once. What `drain` returns after that is a
 *    goodbye for the peer: write it within a time limit, and close the channel.
 *    When the channel ends by itself, call `onLost`.
 *
 * The state goes from `handshake` to `open` and `closed`, or at once to `closed`.
 * Calls go through `outgoing`, responses through `incoming`, both only while open.
 *
 * @module
 */

import { hexOf } from "../foreign/hex.ts";
import type { InternodeError } from "../errors.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { ByteReader } from "../wire/byte_reader.ts";
import type { Checksum } from "../wire/checksum.ts";
import { DecodedShare } from "../wire/decoded_memory.ts";
import { FrameType, HEADER_BYTES } from "../wire/frame.ts";
import { MAX_STREAM_CREDIT } from "../wire/limits.ts";
import { Delivery } from "./delivery.ts";
import { OutgoingCalls } from "./calls/outgoing_calls.ts";
import { Dispatcher } from "./dispatcher.ts";
import { DRAIN_REASONS, type DrainReason } from "./frames/drain_reason.ts";
import { Handshake } from "./handshake.ts";
import { sharedFeatures } from "./frames/hello.ts";
import { ReceiveBuffer } from "./calls/receive_buffer.ts";
import { ReceiveWindows } from "./calls/receive_windows.ts";
import { Keepalive } from "./keepalive.ts";
import { SendScheduler } from "./sending/send_scheduler.ts";
import type { PayloadListener } from "./sending/bulk_lane.ts";
import { StreamCredits } from "./calls/stream_credits.ts";
import { IncomingCalls } from "./calls/incoming_calls.ts";
import { pingStreams } from "./calls/stream_pings.ts";
import type { Peer, SessionOptions } from "./frames/session_options.ts";
import type { SessionDelegate } from "./calls/session_delegate.ts";
import { timeLeftOf } from "./sending/time_left.ts";
import { STEP_BYTES, STEP_FRAMES } from "./flood_limiter.ts";
import {
  disconnected,
  endedByPeer,
  errorNumber,
  frameCutShort,
  frameTooLong,
  goodbyeText,
  isDialFailure,
  RAN_NOTHING,
  readText,
  receivingFailed,
  refusedHere,
} from "./frames/wire_error.ts";

/** One side of one connection; see the module. */
export class Session implements PayloadListener {
  /** The calls of this side. */
  readonly outgoing: OutgoingCalls;
  /** The calls of the peer. */
  readonly incoming: IncomingCalls;
  /** The peer; `null` until the session is open. */
  peer: Peer | null = null;
  /** Whether the peer has received everything. */
  readonly delivery: Delivery;
  /** Whether the peer is alive. The driver also reports bytes that move before they make a batch. */
  readonly keepalive: Keepalive;
  /** Gives back what was read of streams. */
  readonly credits: StreamCredits;

  readonly #delegate: SessionDelegate;
  readonly #scheduler: SendScheduler;
  readonly #buffer: ReceiveBuffer;
  readonly #reader = new ByteReader();
  readonly #dispatcher: Dispatcher;
  #handshake: Handshake | null;
  #peerIsDone = false;
  /** How many frames that ran no handler have come since the last step. */
  #frames = 0;
  #state: "handshake" | "open" | "closed" = "handshake";
  #refusedAs: Handshake["refusedAs"] = "PermissionDenied";

  /**
   * @param options Its options.
   * @param delegate Its callbacks.
   * @param nowMs The monotonic time.
   * @param wallMs The wall clock at that time, in milliseconds since 1970.
   */
  constructor(options: SessionOptions, delegate: SessionDelegate, nowMs: number, wallMs: number) {
    this.#delegate = delegate;
    const { pool, envelope, writeFlattenLimit, limits } = options, reader = this.#reader;
    reader.room = new DecodedShare(options.memory);
    const scheduler = new SendScheduler(pool, envelope, writeFlattenLimit, limits, delegate);
    this.#scheduler = scheduler;
    scheduler.nowMs = nowMs;
    const buffer = this.#buffer = new ReceiveBuffer(limits, scheduler);
    this.keepalive = new Keepalive(options, nowMs);
    const askRoundTrip = (): void => this.ping(scheduler.nowMs);
    const windows = new ReceiveWindows(limits, this.keepalive.roundTrip, askRoundTrip);
    const credits = this.credits = new StreamCredits(buffer, scheduler, windows);
    this.delivery = new Delivery(scheduler);
    this.outgoing = new OutgoingCalls(scheduler, buffer, credits);
    this.incoming = new IncomingCalls(scheduler, buffer, credits, delegate, limits.maxCalls);
    scheduler.bulk.listener = this;
    scheduler.timeLeft = timeLeftOf(this.outgoing.calls);
    const { outgoing, incoming, keepalive, delivery } = this;
    const parts = { reader, outgoing, incoming, buffer, scheduler, keepalive, delivery, delegate };
    this.#dispatcher = new Dispatcher(parts);
    const send = (type: number, bytes: Uint8Array): void => scheduler.frame(type, 0, 0, 0, bytes);
    this.#handshake = new Handshake(options, send, delegate, nowMs, wallMs);
  }

  /** The state of the session. */
  get state(): "handshake" | "open" | "closed" {
    return this.#state;
  }

  /** The checksum of batches that both sides agreed on; valid once open. */
  get batchChecksum(): Checksum | null {
    return this.#scheduler.seal?.checksum ?? null;
  }

  /** How many bytes wait to be drained, without those of large messages. */
  get pendingBytes(): number {
    return this.#scheduler.pendingBytes;
  }

  /** Whether there is anything to drain; never after the goodbye of the peer, which no longer reads. */
  get hasOutput(): boolean {
    return !this.#peerIsDone && this.#scheduler.hasOutput;
  }

  /** How many messages were sent. */
  get messagesSent(): number {
    return this.#scheduler.messages;
  }

  /** How many messages were received. */
  get messagesReceived(): number {
    return this.#buffer.messages;
  }

  /** How many batches were sent. */
  get batchesSent(): number {
    return this.#scheduler.batches;
  }

  /** How many bytes of messages wait here to be sent. */
  get queuedBytes(): number {
    return this.#scheduler.bulk.queuedBytes;
  }

  /** How many received bytes are not consumed yet. */
  get heldBytes(): number {
    return this.#buffer.heldBytes;
  }

  /** How many more bytes of messages the peer takes now. */
  get sendWindowBytes(): number {
    return this.#scheduler.budget.window;
  }

  /**
   * Takes a batch, or the rest of one: from `start` to `end` in `bytes`.
   *
   * @param view A view whose offset 0 is that of `bytes`.
   * @param apart The payload of its one frame, if that is not in `bytes`; it belongs to the message. Default: `null`.
   * @returns How far it read. If that is less than `end`, the turn is over.
   */
  receive(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    nowMs: number,
    apart: Uint8Array | null = null,
  ): number {
    this.#scheduler.nowMs = nowMs;
    this.keepalive.onReceived(nowMs);
    let at = start, stepAt = start + STEP_BYTES;
    try {
      if (start === end) this.#dispatcher.onIneffective();
      while (at < end && this.#state !== "closed") {
        if (end - at < HEADER_BYTES) throw frameCutShort();
        const word = view.getUint32(at, true), length = view.getUint32(at + 4, true);
        const payload = at + HEADER_BYTES, next = payload + length;
        if (next <= end) this.#reader.reset(bytes, payload, next, view);
        else if (apart === null) throw frameTooLong(length);
        else this.#reader.reset(apart, 0, length, undefined, true);
        at = Math.min(next, end);
        const id = view.getUint32(payload - 8, true), argument = view.getUint32(payload - 4, true);
        const type = word & 0xff, flags = word >>> 8 & 0xff, code = word >>> 16;
        const ran = this.#onFrame(type, flags, code, length, id, argument);
        if (ran || ++this.#frames >= STEP_FRAMES || at >= stepAt) {
          this.#frames = 0;
          stepAt = at + STEP_BYTES;
          if (this.#delegate.isTurnOver(ran) && at < end) return at;
        }
      }
      this.outgoing.releaseNames();
      this.#scheduler.checkReplies();
      this.#noteBulk(nowMs);
    } catch (error) {
      this.#fail(error);
    }
    this.#reader.release();
    return end;
  }

  /** See {@linkcode Dispatcher.lends}. */
  lends(view: DataView, at: number): boolean {
    return this.#state === "open" && this.#dispatcher.lends(view, at);
  }

  #noteBulk(nowMs: number): void {
    const { underWayBytes, arrivedBytes } = this.#scheduler.bulk.pacer;
    this.keepalive.onBulk(underWayBytes, arrivedBytes, nowMs);
  }

  /** The channel has ended or failed, perhaps with an error: during the handshake that may say that the other end refuses this side. */
  onLost(reason: string, nowMs: number, error?: unknown): void {
    this.#scheduler.nowMs = nowMs;
    const isDialled = this.#handshake !== null && isDialFailure(error);
    this.#close(isDialled ? error : disconnected(reason, "network"));
  }

  /** When to call `onTimer`; `Infinity` if not at all. */
  nextDeadlineMs(): number {
    if (this.#state === "closed") return Infinity;
    const callsMs = Math.min(this.outgoing.earliestDeadlineMs(), this.incoming.calls.earliestMs);
    return Math.min(callsMs, this.keepalive.nextDeadlineMs, this.#buffer.giveBackAtMs);
  }

  /** Time has passed. */
  onTimer(nowMs: number): void {
    if (this.#state === "closed") return;
    this.#scheduler.nowMs = nowMs;
    const step = this.keepalive.onTimer(nowMs, this.nextDeadlineMs());
    if (step.kind === "lost") return this.#close(disconnected(step.reason, "network"));
    if (step.kind === "ping") {
      this.delivery.onPing(step.token);
      this.#scheduler.control(FrameType.ping, 0, step.token);
      // On a slow path, answers may take longer than the interval of pings.
      if (step.wasAnswered) pingStreams(this.outgoing, this.#scheduler);
    }
    this.outgoing.expire();
    this.incoming.expire();
    this.#buffer.onTimer();
  }

  /**
   * Returns what is to be written next.
   *
   * @param pieces Receives the pieces.
   * @returns How many bytes they have.
   */
  drain(pieces: Uint8Array<ArrayBuffer>[], nowMs: number): number {
    this.#scheduler.nowMs = nowMs;
    const bytes = this.#scheduler.drain(pieces);
    if (bytes > 0) this.keepalive.onWriteBegun(nowMs);
    this.#noteBulk(nowMs);
    return bytes;
  }

  /** What was drained has been written. */
  recycle(): void {
    this.#scheduler.recycle();
    this.keepalive.onWritten();
  }

  /** Refuses new calls of the peer from now on, and asks it to make none. */
  startDraining(nowMs: number): void {
    if (this.#state !== "open" || this.incoming.draining) return;
    this.incoming.draining = true;
    this.sendDrain("closing", nowMs);
  }

  /** Tells the peer that this connection is about to end, and why. */
  sendDrain(reason: DrainReason, nowMs: number): void {
    if (this.#state !== "open") return;
    this.#scheduler.nowMs = nowMs;
    this.#scheduler.control(FrameType.drain, 0, DRAIN_REASONS.indexOf(reason));
  }

  /** Sends a ping now. When `lastPing` changes, the peer has received everything that was sent before. */
  ping(nowMs: number): void {
    if (this.#state !== "open") return;
    this.#scheduler.nowMs = nowMs;
    const token = this.keepalive.ask(nowMs);
    this.delivery.onPing(token);
    this.#scheduler.control(FrameType.ping, 0, token);
  }

  /** Ends the session from this side and tells the peer why. */
  close(error: InternodeError, nowMs: number): void {
    if (this.#state === "closed") return;
    this.#scheduler.nowMs = nowMs;
    // Each call needs a name.
    const number = errorNumber(error.code), ran = this.incoming.names.isEmpty ? RAN_NOTHING : 0;
    // After everything that waits: the peer reads nothing after a goodbye.
    this.#scheduler.frame(FrameType.goodbye, number, 0, ran, goodbyeText(error.message));
    this.#close(error);
  }

  /** See {@linkcode PayloadListener}. */
  onPayloadLost(id: number, responder: boolean): void {
    if (responder) this.incoming.onPayloadLost(id);
    else this.outgoing.onPayloadLost(id);
  }

  /** Handles the frame in the reader. Returns whether a handler may have run. */
  #onFrame(
    type: number,
    flags: number,
    code: number,
    length: number,
    id: number,
    argument: number,
  ): boolean {
    if (this.#state === "open") {
      if (type !== FrameType.goodbye) {
        return this.#dispatcher.onFrame(type, flags, code, length, id, argument);
      }
      this.#onGoodbye(code, argument === RAN_NOTHING);
    } else {
      this.#onHandshakeFrame(type, code);
    }
    return false;
  }

  #onHandshakeFrame(type: number, code: number): void {
    if (type === FrameType.goodbye) return this.#onGoodbye(code, true);
    const step = this.#handshake!.receive(type, this.#reader, this.#scheduler.nowMs);
    if (step === "wait") return;
    if (step !== "done") throw refusedHere(step);
    this.#open(this.#handshake!);
  }

  #open(handshake: Handshake): void {
    const hello = handshake.peer!, scheduler = this.#scheduler;
    this.#handshake = null;
    this.#refusedAs = handshake.refusedAs;
    this.#state = "open";
    scheduler.budget.open(hello);
    // Frames up to the welcome are sent without a checksum.
    scheduler.cut();
    if (scheduler.seal !== null) scheduler.seal.checksum = handshake.checksum;
    this.keepalive.onOpen(scheduler.nowMs);
    this.delivery.onOpen();
    const instance = hexOf(hello.instance);
    const { renews, reusesNames, tellsMetadata, growsWindows, ranks } = sharedFeatures(hello);
    this.outgoing.names.reuses = this.incoming.names.reuses = reusesNames;
    this.outgoing.takesMetadata = this.incoming.sendsMetadata = tellsMetadata;
    this.credits.windows.isOn = growsWindows;
    if (growsWindows) scheduler.budget.maxStreamCredit = MAX_STREAM_CREDIT;
    this.outgoing.sendsPriority = this.#dispatcher.takesPriority = ranks;
    const { clockSkewMs, peerIsOpen: isOpen } = handshake;
    this.peer = { name: hello.name, instance, renews, clockSkewMs, isOpen };
    this.#delegate.onOpen(this.peer);
  }

  #onGoodbye(code: number, ranNothing: boolean): void {
    this.#peerIsDone = true;
    const handshake = this.#handshake, refusedAs = handshake?.refusedAs ?? this.#refusedAs;
    const error = endedByPeer(code, readText(this.#reader), handshake !== null, refusedAs);
    this.#close(error, ranNothing);
  }

  /** What was received ends the session, never the process. */
  #fail(cause: unknown): void {
    if (this.#state === "closed") return;
    if (!isOwnError(cause)) this.#delegate.onFault?.(cause);
    this.close(receivingFailed(cause), this.#scheduler.nowMs);
  }

  #close(error: InternodeError, ranNothing = false): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.credits.close();
    this.#handshake = null;
    // First, so that the room that ended calls leave is not filled again.
    const inPart = this.#scheduler.clear();
    this.outgoing.close(error, inPart, ranNothing);
    this.incoming.close(error);
    this.#buffer.clear();
    this.#delegate.onClosed(error);
  }
}

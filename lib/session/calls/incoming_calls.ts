/**
 * The calls of the peer: passes them to handlers and sends the responses.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import type { InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { FLAG_METADATA, FrameType, KIND_MASK, PRIORITY_SHIFT } from "../../wire/frame.ts";
import type { LendingPool } from "../../wire/lending_pool.ts";
import { AcceptedStream } from "./accepted_stream.ts";
import { AnswerCounts } from "../frames/answer_counts.ts";
import type { BulkLane } from "../sending/bulk_lane.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import { type IncomingCall, IncomingCallTable } from "./incoming_call_table.ts";
import { errorPayload, FULL_ERRORS_BYTES } from "../frames/error_payload.ts";
import { decodeMetadata, type Metadata, NO_METADATA } from "../frames/metadata.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import { SLOT_MASK } from "../sending/outgoing_call_table.ts";
import type { CreditGranter } from "./receive_half.ts";
import { checkCredits, deadlineOf, idInUse, idOutOfRange, notServed } from "./incoming_checks.ts";
import { PeerNames } from "./peer_names.ts";
import type { SessionDelegate } from "./session_delegate.ts";
import type { HandlerTarget } from "./handler_target.ts";
import type { Responder } from "./responder.ts";
import {
  callErrorNumber,
  cancelledByCaller,
  noHandler,
  payloadLost,
  protocolError,
  readText,
  timeIsUp,
} from "../frames/wire_error.ts";

/** The peer's calls. Each ends exactly once: by its handler, a cancel, its deadline or the end of the connection. */
export class IncomingCalls implements Responder {
  /** The calls that have no response yet. */
  readonly calls: IncomingCallTable = new IncomingCallTable();
  /** How calls have ended so far. A request that was cancelled before it was complete does not count. */
  readonly answers: AnswerCounts = new AnswerCounts();
  /** The handler names that the peer has defined. */
  readonly names: PeerNames;
  /** Whether new calls are refused because this side is closing. */
  draining = false;
  /** Whether both sides know the metadata of answers; if not, none is sent. */
  sendsMetadata = false;
  /** How many bytes of the last response had to wait; 0 if it left in the batch of its turn. */
  waitingBytes = 0;

  readonly #scheduler: SendScheduler;
  readonly #buffer: ReceiveBuffer;
  readonly #granter: CreditGranter;
  readonly #maxCalls: number;

  constructor(
    scheduler: SendScheduler,
    buffer: ReceiveBuffer,
    granter: CreditGranter,
    delegate: Pick<SessionDelegate, "resolve">,
    maxCalls: number,
  ) {
    this.#scheduler = scheduler;
    this.#buffer = buffer;
    this.#granter = granter;
    this.names = new PeerNames(delegate);
    this.#maxCalls = maxCalls;
  }

  /** The time of the current turn, on the session's clock. */
  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  /**
   * A request has arrived completely.
   *
   * @param timeout The time left when its first frame was sent.
   * @param arrivedMs When that frame arrived, on the session's clock.
   * @param cost How many bytes of the budget it takes.
   */
  onRequest(
    id: number,
    flags: number,
    code: number,
    timeout: number,
    arrivedMs: number,
    cost: number,
    reader: ByteReader,
  ): void {
    const metadata = (flags & FLAG_METADATA) === 0 ? NO_METADATA : decodeMetadata(reader);
    const deadlineMs = deadlineOf(timeout, arrivedMs);
    const target = this.#findTarget(id, code, deadlineMs, "single", metadata);
    const rank = flags >>> PRIORITY_SHIFT;
    target?.onRequest(this, id, flags & KIND_MASK, reader, deadlineMs, metadata, rank);
    const call = target === null ? null : this.calls.get(id);
    if (call === null) this.#buffer.release(cost);
    else call.heldBytes = cost;
  }

  /** The opening of a stream has arrived completely; see {@linkcode IncomingCalls.onRequest}. */
  onOpen(
    id: number,
    flags: number,
    code: number,
    timeout: number,
    arrivedMs: number,
    cost: number,
    reader: ByteReader,
  ): void {
    checkCredits(reader);
    const outputCredit = reader.view.getUint32(reader.position, true);
    const inputCredit = reader.view.getUint32(reader.position + 4, true);
    reader.position += 8;
    const metadata = (flags & FLAG_METADATA) === 0 ? NO_METADATA : decodeMetadata(reader);
    const deadlineMs = deadlineOf(timeout, arrivedMs);
    const target = this.#findTarget(id, code, deadlineMs, "stream", metadata);
    this.#buffer.releaseOpening(cost, inputCredit);
    target?.onOpen(
      this,
      id,
      flags & KIND_MASK,
      reader,
      deadlineMs,
      metadata,
      outputCredit,
      inputCredit,
      flags >>> PRIORITY_SHIFT,
    );
  }

  /** Checks that a new call may have that id. */
  checkId(id: number): void {
    if ((id & SLOT_MASK) >= this.#maxCalls) throw idOutOfRange(id, this.#maxCalls);
    if (this.calls.has(id)) throw idInUse(id);
  }

  /** Finds the handler of a new call. If none is to run, sends an error and returns `null`. */
  #findTarget(
    id: number,
    code: number,
    deadlineMs: number,
    kind: "single" | "stream",
    metadata: Metadata,
  ): HandlerTarget | null {
    this.checkId(id);
    const named = this.names.get(code);
    const target = this.names.target(named), isLate = deadlineMs <= this.#scheduler.nowMs;
    if (target !== null && !isLate && !this.draining) return target;
    let error: InternodeError;
    if (this.draining) {
      error = notServed("Closed", "This node accepts no new calls on this connection.");
    } else if (isLate) {
      error = notServed("DeadlineExceeded", "The call's time had run out when it arrived.");
    } else error = notServed("UnknownHandler", noHandler(named.name, named.subroute));
    this.respondError(id, error, null);
    target?.onUnserved?.(error, kind, metadata);
    return null;
  }

  /** Adds a request that is answered later. */
  acceptCall(call: IncomingCall): void {
    call.arrivedMs = this.#scheduler.nowMs;
    this.calls.add(call);
  }

  /** Adds a stream and makes its two directions. */
  acceptStream(stream: AcceptedStream, outputCredit: number, inputCredit: number): void {
    this.acceptCall(stream);
    stream.makeHalves(this.#granter, this.#scheduler, outputCredit, inputCredit);
  }

  /** The lane in which large responses wait to be sent. */
  get bulk(): BulkLane {
    return this.#scheduler.bulk;
  }

  /**
   * Answers a request.
   *
   * @param lending Takes back the memory of raw bytes that had to wait (`waitingBytes`), once they have left. Otherwise the memory stays with its user. Default: it always stays.
   * @param metadata Both blocks of the answer's metadata. Default: none.
   * @throws {InternodeError} `InvalidPayload`, `MessageTooLarge` or `Overloaded`; the request then has no response yet.
   */
  respond<T>(
    id: number,
    codec: Codec<T>,
    value: T,
    lending: LendingPool | null = null,
    metadata: Uint8Array | null = null,
  ): void {
    const scheduler = this.#scheduler, type = FrameType.response;
    const prefix = metadata === null || !this.sendsMetadata ? null : metadata;
    const flags = prefix === null ? 0 : FLAG_METADATA;
    const leaves = scheduler.send(type, flags, 0, id, 0, prefix, codec, value, null, lending);
    this.waitingBytes = leaves ? 0 : scheduler.enqueuedBytes;
    this.answers.ok++;
  }

  /** Answers a call with an error. */
  respondError(
    id: number,
    error: InternodeError,
    detail: Uint8Array | null,
    metadata: Uint8Array | null = null,
  ): void {
    this.answers.onFailed(error.code);
    this.#sendError(id, error, detail, metadata);
  }

  #sendError(
    id: number,
    error: InternodeError,
    detail: Uint8Array | null,
    metadata: Uint8Array | null,
  ): void {
    const payload = this.#errorPayload(error, detail, metadata);
    this.#scheduler.frame(FrameType.error, callErrorNumber(error.code), id, 0, payload);
  }

  /** Answers a request that was added before; see {@linkcode IncomingCalls.respond}. Returns whether anyone still waited for it. */
  finishCall<T>(
    call: IncomingCall,
    codec: Codec<T>,
    value: T,
    nowMs: number,
    lending: LendingPool | null = null,
    metadata: Uint8Array | null = null,
  ): boolean {
    if (!call.pending) return false;
    this.#scheduler.nowMs = nowMs;
    this.respond(call.id, codec, value, lending, metadata);
    this.#end(call);
    return true;
  }

  /** Answers a call that was added before with an error, after all outputs accepted so far. */
  failCall(
    call: IncomingCall,
    error: InternodeError,
    detail: Uint8Array | null,
    nowMs: number,
    metadata: Uint8Array | null = null,
  ): void {
    if (!call.pending) return;
    this.#scheduler.nowMs = nowMs;
    const send = call instanceof AcceptedStream ? call.send : null;
    if (send === null) {
      this.respondError(call.id, error, detail, metadata);
    } else {
      this.answers.onFailed(error.code);
      const payload = this.#errorPayload(error, detail, metadata).slice();
      send.terminate(FrameType.error, callErrorNumber(error.code), payload, error);
    }
    this.#end(call);
  }

  /**
   * Ends a stream without an error, after all its outputs.
   *
   * @param onEnded Called when all outputs have left, unless something else ends the call first.
   * @param metadata Both blocks of the metadata of a stream without outputs. Default: none.
   */
  finishStream(
    stream: AcceptedStream,
    nowMs: number,
    onEnded?: () => void,
    metadata: Uint8Array | null = null,
  ): void {
    if (!stream.pending) return;
    this.#scheduler.nowMs = nowMs;
    const end = (): void => {
      this.answers.ok++;
      this.#end(stream);
      onEnded?.();
    };
    if (stream.send === null) {
      const mayTell = this.sendsMetadata && this.#scheduler.pendingBytes <= FULL_ERRORS_BYTES;
      const payload = metadata !== null && mayTell ? metadata : undefined;
      this.#scheduler.frame(FrameType.outputEnd, 0, stream.id, 0, payload);
      end();
    } else {
      stream.send.end(end, nowMs);
    }
  }

  /**
   * Sends metadata of a stream with outputs, as one of them.
   *
   * @param metadata Both blocks.
   * @param onLeft Called when it has left, unless the call ends first.
   * @throws {InternodeError} `MessageTooLarge`; nothing was sent then.
   */
  sendMetadata(
    stream: AcceptedStream,
    metadata: Uint8Array<ArrayBuffer>,
    nowMs: number,
    onLeft: () => void,
  ): void {
    if (!stream.pending || stream.send === null || !this.sendsMetadata) return;
    this.#scheduler.nowMs = nowMs;
    stream.send.sendMetadata(metadata, onLeft);
  }

  /** Ends a call that was added before, for a reason outside its handler; the handler is notified. */
  endCall(call: IncomingCall, error: InternodeError, nowMs: number): void {
    if (!call.pending) return;
    this.#scheduler.nowMs = nowMs;
    this.#cancel(call, error);
  }

  /** The caller has cancelled a call. Returns whether there was anything to cancel. */
  onCancel(id: number, code: number, reader: ByteReader): boolean {
    const unfinished = this.#buffer.drop(id, false);
    const call = this.calls.get(id);
    // Without a call: either the rest of its response is dropped, or its request never arrived completely.
    if (call === null && !this.#scheduler.drop(id, true) && !unfinished) return false;
    const mayHaveRun = call === null ? !unfinished : call.hasBegun;
    const error = cancelledByCaller(code, readText(reader), mayHaveRun);
    if (call !== null) this.#cancel(call, error);
    else this.#sendError(id, error, null, null);
    return true;
  }

  /** The bytes of a response were lost before they could be sent. */
  onPayloadLost(id: number): void {
    const error = payloadLost("remote", "executed");
    const call = this.calls.get(id);
    if (call === null) this.#sendError(id, error, null, null);
    else this.#cancel(call, error);
  }

  /** The stream that takes inputs; `null` if it has ended. */
  inputTarget(id: number): AcceptedStream | null {
    const call = this.calls.get(id);
    if (!(call instanceof AcceptedStream)) return null;
    if (call.receive !== null) return call;
    throw protocolError("The peer sent an input on a stream without inputs.");
  }

  /** The caller has ended its inputs. Returns whether the stream still exists. */
  onInputEnd(id: number, count: number): boolean {
    const stream = this.inputTarget(id);
    stream?.receive?.onEnd(count);
    return stream !== null;
  }

  /** The caller takes more outputs. Credit for a stream that has ended meanwhile is not an error. Returns whether it has an effect. */
  onOutputCredit(id: number, messages: number, bytes: number, windowBytes?: number): boolean {
    const call = this.calls.get(id);
    if (!(call instanceof AcceptedStream) || call.send === null) return false;
    call.send.onCredit(messages, bytes, windowBytes);
    return messages + bytes > 0;
  }

  /** Ends the calls whose time has run out. */
  expire(): void {
    const { nowMs } = this.#scheduler;
    this.calls.expire(nowMs, (call) => this.#cancel(call, timeIsUp(call.hasBegun)));
  }

  /** The connection has ended: all calls end, and their handlers are notified. */
  close(error: InternodeError): void {
    for (const call of this.calls.clear()) {
      this.answers.onFailed(error.code);
      if (call instanceof AcceptedStream) call.close(error);
      call.onCancelled(error);
    }
  }

  /** Ends a call for a reason outside its handler. */
  #cancel(call: IncomingCall, error: InternodeError): void {
    if (call instanceof AcceptedStream) call.close(error);
    this.respondError(call.id, error, null);
    this.#end(call);
    call.onCancelled(error);
  }

  #errorPayload(
    error: InternodeError,
    detail: Uint8Array | null,
    metadata: Uint8Array | null,
  ): Uint8Array<ArrayBuffer> {
    const told = this.sendsMetadata ? metadata : null;
    return errorPayload(error, detail, told, this.#scheduler.pendingBytes);
  }

  #end(call: IncomingCall): void {
    this.calls.remove(call);
    this.#buffer.release(call.heldBytes);
    if (call instanceof AcceptedStream) {
      call.receive?.close();
      this.#buffer.drop(call.id, false);
    }
  }
}

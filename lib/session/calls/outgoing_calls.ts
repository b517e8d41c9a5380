/**
 * The calls of this side: makes them, ends them, and takes the responses.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { FLAG_METADATA, FrameType, KIND_MASK, PRIORITY_SHIFT } from "../../wire/frame.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import { type AnswerMetadata, takeAnswerMetadata } from "../frames/answer_metadata.ts";
import { encodeMetadata, type Metadata } from "../frames/metadata.ts";
import { NameNumbers } from "./name_numbers.ts";
import { OpenedStream, openingPrefix } from "./opened_stream.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import { type OutgoingCall, OutgoingCallTable } from "../sending/outgoing_call_table.ts";
import type { CreditGranter } from "./receive_half.ts";
import { SlotQueue } from "../sending/slot_queue.ts";
import { timeoutArgument } from "../sending/time_left.ts";
import {
  answeredError,
  errorNumber,
  lostCall,
  outOfTime,
  payloadLost,
  protocolError,
  readError,
  reasonText,
} from "../frames/wire_error.ts";

/**
 * The calls of this side. Single requests are `OutgoingCall`s, streams are
 * `OpenedStream`s. Both have a deadline and end exactly once.
 */
export class OutgoingCalls {
  /** The calls that hold a slot. */
  readonly calls: OutgoingCallTable = new OutgoingCallTable();
  /** The numbers of handler names on this connection. */
  readonly names: NameNumbers;
  /** The calls that wait for a slot or for room. */
  readonly queue: SlotQueue;
  /** Whether both sides know the metadata of answers. */
  takesMetadata = false;
  /** Whether both sides know the priority of calls. */
  sendsPriority = false;

  readonly #scheduler: SendScheduler;
  readonly #buffer: ReceiveBuffer;
  readonly #granter: CreditGranter;

  constructor(scheduler: SendScheduler, buffer: ReceiveBuffer, granter: CreditGranter) {
    this.#scheduler = scheduler;
    this.#buffer = buffer;
    this.#granter = granter;
    this.names = new NameNumbers(scheduler);
    this.queue = new SlotQueue(this.calls, scheduler, (call) => this.#expire(call));
  }

  /** A lower bound of the deadlines of all calls, in milliseconds. */
  earliestDeadlineMs(): number {
    return Math.min(this.calls.earliestMs, this.queue.earliestMs);
  }

  /**
   * The number of a handler's name on this connection; the first use defines it.
   * It is valid until the session receives the next batch, and after that as long
   * as a call made with it has no response.
   *
   * @throws {InternodeError} `Overloaded` if there is no number left.
   */
  nameNumber(name: string, subroute: string, nowMs: number): number {
    this.#scheduler.nowMs = nowMs;
    return this.names.of(name, subroute);
  }

  /**
   * The same, with a faster look-up by key.
   *
   * @param key An object or string that always stands for this name and subroute.
   */
  keyNumber(key: object | string, name: string, nowMs: number, subroute = ""): number {
    this.#scheduler.nowMs = nowMs;
    return this.names.ofKey(key, name, subroute);
  }

  /**
   * Makes a single request. The call ends with `onResponse` or `onError`.
   *
   * @param call A fresh call with its deadline.
   * @param handler The number of the handler's name.
   * @throws {InternodeError} `InvalidPayload`, `MessageTooLarge` or `Overloaded`; the call has then ended and nothing was sent.
   */
  request<T>(
    call: OutgoingCall,
    handler: number,
    codec: Codec<T>,
    value: T,
    metadata: Metadata | null,
    nowMs: number,
  ): void {
    this.#scheduler.nowMs = nowMs;
    call.handler = handler;
    // A call that waited for the connection was accepted before: it is queued and never refused.
    if (call.state === "waiting" || !this.queue.hasSlot) {
      return this.#requestLater(call, handler, codec, value, metadata);
    }
    this.#request(call, handler, codec, value, metadata);
  }

  /**
   * Opens a stream; otherwise like {@linkcode OutgoingCalls.request}.
   *
   * @param inputCredit How many messages this side may send at first; 0 if there are none.
   * @param outputCredit How many the handler may send at first; 0 if there are none.
   */
  open<T>(
    stream: OpenedStream,
    handler: number,
    codec: Codec<T>,
    value: T,
    metadata: Metadata | null,
    inputCredit: number,
    outputCredit: number,
    nowMs: number,
  ): void {
    this.#scheduler.nowMs = nowMs;
    stream.handler = handler;
    const send = (): void =>
      this.#open(stream, handler, codec, value, metadata, inputCredit, outputCredit);
    if (stream.state === "waiting" || !this.queue.hasSlot) {
      this.queue.add(stream, value, send);
    } else send();
  }

  #open<T>(
    stream: OpenedStream,
    handler: number,
    codec: Codec<T>,
    value: T,
    metadata: Metadata | null,
    inputCredit: number,
    outputCredit: number,
  ): void {
    const prefix = openingPrefix(outputCredit, inputCredit, metadata);
    this.#begin(FrameType.open, stream, handler, prefix, metadata !== null, codec, value);
    stream.makeHalves(this.#granter, this.#scheduler, outputCredit, inputCredit);
  }

  /** A function of its own: a closure in `request` would cost time in each call. */
  #requestLater<T>(
    call: OutgoingCall,
    handler: number,
    codec: Codec<T>,
    value: T,
    metadata: Metadata | null,
  ): void {
    const send = (): void => this.#request(call, handler, codec, value, metadata);
    this.queue.add(call, value, send);
  }

  #request<T>(
    call: OutgoingCall,
    handler: number,
    codec: Codec<T>,
    value: T,
    metadata: Metadata | null,
  ): void {
    const prefix = metadata === null ? null : encodeMetadata(metadata);
    this.#begin(FrameType.request, call, handler, prefix, metadata !== null, codec, value);
  }

  #begin<T>(
    type: number,
    call: OutgoingCall,
    handler: number,
    prefix: Uint8Array | null,
    hasMetadata: boolean,
    codec: Codec<T>,
    value: T,
  ): void {
    const deadlineMs = call.deadlineMs, id = this.calls.add(call, deadlineMs);
    const rank = this.sendsPriority ? call.priority << PRIORITY_SHIFT : 0;
    const flags = hasMetadata ? FLAG_METADATA | rank : rank;
    const timeout = timeoutArgument(deadlineMs, this.#scheduler.nowMs);
    // Set first, because a queued message may begin to leave at once.
    call.state = "waiting";
    try {
      if (this.#scheduler.send(type, flags, handler, id, timeout, prefix, codec, value, call)) {
        call.state = "sent";
      }
    } catch (error) {
      this.#end(call);
      throw error;
    }
  }

  /**
   * Ends a call from this side: it gets `error` at once, and the peer is sent a
   * cancel if anything was sent.
   *
   * @param code The code of that cancel.
   */
  cancel(
    call: OutgoingCall,
    error: unknown,
    code: "Cancelled" | "DeadlineExceeded",
    nowMs: number,
  ): void {
    this.#scheduler.nowMs = nowMs;
    const freed = call.state === "waiting" && call.id >= 0;
    if (call.state === "waiting") {
      if (freed) {
        this.#scheduler.drop(call.id, false);
        this.#end(call);
        if (call instanceof OpenedStream) call.close(error);
      } else {
        call.state = "ended";
        this.queue.onEnded();
      }
    } else if (call.state === "sent") {
      call.state = "abandoned";
      // The call has ended here; only its slot waits for the peer's response.
      call.time = call.time.unlimited();
      const reason = reasonText(error);
      if (call instanceof OpenedStream && call.send !== null) {
        call.send.terminate(FrameType.cancel, errorNumber(code), reason, error);
      } else {
        this.#scheduler.drop(call.id, false);
        this.#scheduler.frame(FrameType.cancel, errorNumber(code), call.id, 0, reason);
      }
      if (call instanceof OpenedStream) {
        this.#buffer.grant(call.receive?.close() ?? 0);
        this.#buffer.drop(call.id, true);
      }
      // A response that has begun to arrive is completed or replaced by an error: either frees the slot.
    } else return;
    call.onError(error, null);
    if (freed) this.queue.flow();
  }

  /** The bytes of a request or input were lost before they could be sent. */
  onPayloadLost(id: number): void {
    const call = this.calls.get(id);
    if (call === null) return;
    const begun = call instanceof OpenedStream ? "maybeExecuted" : "notExecuted";
    const error = payloadLost("caller", call.state === "waiting" ? "notSent" : begun);
    this.cancel(call, error, "Cancelled", this.#scheduler.nowMs);
  }

  /** A batch was handled: frees the numbers of names that nobody needs. */
  releaseNames(): void {
    this.names.giveBack(() => [...this.calls, ...this.queue.waiting()]);
  }

  /** Ends the calls whose time has run out. */
  expire(): void {
    this.calls.expire(this.#scheduler.nowMs, (call) => this.#expire(call));
    this.queue.expire();
  }

  /** Finds the request that a response belongs to. */
  checkResponse(id: number): OutgoingCall {
    const call = this.calls.get(id);
    if (call === null || call instanceof OpenedStream || call.state === "waiting") {
      throw notInFlight("sent a response for", id, "request");
    }
    return call;
  }

  /** A response has arrived. If its call was cancelled before, it is dropped. */
  onResponse(id: number, flags: number, reader: ByteReader): void {
    const call = this.checkResponse(id);
    const late = call.state === "abandoned";
    const told = (flags & FLAG_METADATA) === 0 || late ? null : this.#metadataOf(call, reader);
    this.#end(call);
    if (told !== null) call.onMetadata(told);
    if (!late) call.onResponse(flags & KIND_MASK, reader);
    this.queue.flow();
  }

  /** The peer has answered a call with an error. */
  onError(id: number, code: number, reader: ByteReader): void {
    const call = this.calls.get(id);
    if (call === null || call.state === "waiting") {
      throw notInFlight("sent an error for", id, "call");
    }
    const parts = readError(code, reader);
    if (parts === null) {
      throw protocolError("The peer sent an error frame that is too short for its text.");
    }
    if (parts.code === "UnknownHandler") this.names.onUnknown(call.handler);
    const late = call.state === "abandoned";
    this.#buffer.drop(id, true);
    this.#scheduler.drop(id, false);
    const told = parts.hasMetadata && !late ? this.#metadataOf(call, reader) : null;
    this.#end(call);
    const error = answeredError(parts);
    if (call instanceof OpenedStream) call.close(error);
    if (told !== null) call.onMetadata(told);
    if (!late) call.onError(error, parts.hasDetail ? reader : null);
    this.queue.flow();
  }

  /** The stream that takes outputs; `null` if it was cancelled. */
  outputTarget(id: number): OpenedStream | null {
    const call = this.calls.get(id);
    if (!(call instanceof OpenedStream) || call.state === "waiting") {
      throw notInFlight("sent an output for", id, "stream");
    }
    call.unansweredPings = 0;
    if (call.state === "abandoned") return null;
    if (call.receive !== null) return call;
    throw protocolError("The peer sent an output on a stream without outputs.");
  }

  /** The handler has ended a stream without an error. */
  onOutputEnd(id: number, count: number, reader: ByteReader): void {
    const call = this.calls.get(id);
    if (!(call instanceof OpenedStream) || call.state === "waiting") {
      throw notInFlight("ended the outputs of", id, "stream");
    }
    const late = call.state === "abandoned";
    if (!late && call.receive === null && count !== 0) {
      throw protocolError("The peer counted outputs of a stream without outputs.");
    }
    if (!late) call.receive?.checkEnd(count);
    const told = reader.remaining > 0 && !late ? this.#metadataOf(call, reader) : null;
    this.#scheduler.drop(id, false);
    this.#end(call);
    if (told !== null) call.onMetadata(told);
    if (!late) {
      if (call.receive === null) call.onEnd();
      else call.receive.onEnd(count);
    }
    const init = { origin: "remote", outcome: "executed" } as const;
    call.close(new InternodeError("Closed", "The handler has ended the stream.", init));
    this.queue.flow();
  }

  /** The peer takes more inputs. Credit for a stream that has ended meanwhile is not an error. Returns whether it has an effect. */
  onInputCredit(id: number, messages: number, bytes: number, windowBytes?: number): boolean {
    const call = this.calls.get(id);
    if (!(call instanceof OpenedStream) || call.state === "abandoned") return false;
    call.unansweredPings = 0;
    call.send?.onCredit(messages, bytes, windowBytes);
    return messages + bytes > 0;
  }

  /** The peer has answered the ping of a stream. */
  onStreamAlive(id: number): void {
    const call = this.calls.get(id);
    if (call instanceof OpenedStream) call.unansweredPings = 0;
  }

  /** The connection has ended: every call ends now. No handler has run those in `inPart`, which were sent only in part, nor any if the peer `ranNothing`. */
  close(cause: InternodeError, inPart: ReadonlySet<OutgoingCall>, ranNothing: boolean): void {
    const ended = this.calls.clear();
    // Older peers end a connection that they used for nothing so: see the protocol.
    const isUnused = ranNothing || cause.code === "NotListed";
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      ended.push(next.call);
    }
    for (const call of ended) {
      const { state } = call;
      call.state = "ended";
      if (state !== "waiting" && state !== "sent") continue;
      const begun = isUnused || inPart.has(call) ? "notExecuted" : "maybeExecuted";
      const error = lostCall(cause, state === "sent" ? begun : "notSent");
      if (call instanceof OpenedStream) call.close(error);
      call.onError(error, null);
    }
  }

  #expire(call: OutgoingCall): void {
    const isOpen = call instanceof OpenedStream && call.send !== null;
    // A message that has left only in part is dropped before the peer has a call.
    const inPart = call.state === "sent" && !isOpen && this.#scheduler.drop(call.id, false);
    const begun = inPart ? "notExecuted" : "maybeExecuted";
    const error = outOfTime(call.state === "waiting" ? "notSent" : begun);
    this.cancel(call, error, "DeadlineExceeded", this.#scheduler.nowMs);
  }

  /** Takes the metadata of an answer that ends a call; `null` if the two sides do not know it. */
  #metadataOf(call: OutgoingCall, reader: ByteReader): AnswerMetadata | null {
    if (!this.takesMetadata) return null;
    const metadata = takeAnswerMetadata(reader);
    if (call instanceof OpenedStream) call.checkMetadata(metadata);
    return metadata;
  }

  #end(call: OutgoingCall): void {
    call.state = "ended";
    this.calls.remove(call);
  }
}

function notInFlight(what: string, id: number, kind: string): InternodeError {
  return protocolError(`The peer ${what} id ${id}, which is not a ${kind} in flight.`);
}

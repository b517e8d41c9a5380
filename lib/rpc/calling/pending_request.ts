/**
 * A single request without a response yet.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { Codec } from "../../codec/format/codec.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import { type CallTime, UNLIMITED_TIME } from "../../session/frames/call_time.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import { type AnswerCallbacks, hasCallbacks } from "./answer_callbacks.ts";
import type { RequestDelegate } from "./call_delegate.ts";
import { callFailure } from "./call_failure.ts";
import { countFailed } from "../metering/count_outcome.ts";
import type { CallFacts, KnownCall } from "./call_facts.ts";
import { CallWatch, traceRequest, watchOf } from "./call_watch.ts";
import type { SingleContract } from "../contract/contract.ts";
import { decodePayload, invalidPayload } from "../contract/payload.ts";
import type { Span } from "../contract/tracer.ts";

/**
 * A promise of a response. It declares the fields of a session's call itself:
 * inheriting them would make each request 10 to 20 ns slower.
 */
export class PendingRequest<Request, Response> implements KnownCall {
  /** See {@linkcode OutgoingCall}. */
  id = -1;
  /** See {@linkcode OutgoingCall}. */
  handler = -1;
  /** See {@linkcode OutgoingCall}. */
  state: OutgoingCall["state"] = "idle";
  /** See {@linkcode OutgoingCall}. */
  time: CallTime = UNLIMITED_TIME;
  /** See {@linkcode OutgoingCall}. */
  priority = 0;
  readonly #contract: SingleContract<Request, Response>;
  readonly #delegate: RequestDelegate;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  /** An object of its own, because few calls have one and thousands of calls may be in flight. */
  #watch: CallWatch | null;

  constructor(
    contract: SingleContract<Request, Response>,
    delegate: RequestDelegate,
    subroute: string | undefined,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#contract = contract;
    this.#delegate = delegate;
    this.#resolve = resolve;
    this.#reject = reject;
    const { traces, spans } = delegate;
    this.#watch = traces.active || spans !== null
      ? watchOf(delegate, contract.name, subroute)
      : null;
  }

  /** See {@linkcode OutgoingCall}. */
  get deadlineMs(): number {
    return this.time.deadlineMs;
  }

  /** See {@linkcode KnownCall}. */
  get facts(): CallFacts {
    return { contract: this.#contract, attempt: 1, backsOff: false };
  }

  /** The call's span; `null` without a tracer. */
  get span(): Span | null {
    return this.#watch === null ? null : this.#watch.span;
  }

  /** Ends the call when the signal aborts. */
  watch(signal: AbortSignal): void {
    (this.#watch ??= new CallWatch()).listen(signal, this);
  }

  /** Tells the metadata of the answer to the functions among the options, if there are any. */
  tellTo(options: AnswerCallbacks): void {
    if (!hasCallbacks(options)) return;
    const { onHeaders, onTrailers } = options;
    (this.#watch ??= new CallWatch()).callbacks = { onHeaders, onTrailers };
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.giveUp(this.#watch?.reason);
  }

  /** Ends the call from this side, wherever it is. */
  giveUp(reason: unknown): void {
    this.#delegate.abort(this, reason);
  }

  /** Nobody asks. */
  onTransmitted(): void {}

  /** What came with the answer. */
  onMetadata(metadata: AnswerMetadata): void {
    const callbacks = this.#watch?.callbacks ?? null;
    if (callbacks !== null) this.#delegate.answers.tell(callbacks, metadata);
  }

  /** The answer. */
  onResponse(kind: number, reader: ByteReader): void {
    takeResponse(this, this.#contract.response, kind, reader);
  }

  /** Ends well. */
  succeed(response: Response): void {
    if (this.#watch !== null) this.#finish(this.#watch, undefined);
    const delegate = this.#delegate;
    if (delegate.figures.active) {
      delegate.figuresOf(this.#contract).succeed(delegate.beginTurn() - this.time.madeMs);
    }
    this.#resolve(response);
  }

  /** The failure. */
  onError(error: unknown, detail: ByteReader | null): void {
    if (this.#watch !== null && this.#watch.isReason(error)) this.fail(error);
    else this.fail(callFailure(error, this.#delegate.host, this.#contract, detail));
  }

  /** Fails with just this. */
  fail(failure: unknown): void {
    if (this.#watch !== null) this.#finish(this.#watch, failure);
    const delegate = this.#delegate;
    if (delegate.figures.active) countFailed(delegate, this.#contract, this.time, failure);
    this.#reject(failure);
  }

  /** @param failure `undefined`: it went well. */
  #finish(watch: CallWatch, failure: unknown): void {
    watch.end(this, failure);
    const delegate = this.#delegate, { startMs, subroute } = watch;
    if (startMs < 0 || !delegate.traces.active) return;
    traceRequest(delegate, this.#contract.name, subroute, startMs, failure, delegate.host, 1);
  }
}

/** What a response is for. */
interface AnsweredCall<Response> {
  /** Ends well. */
  succeed(response: Response): void;
  /** The failure. */
  onError(error: unknown, detail: ByteReader | null): void;
}

/** Decodes the answer to a call, which ends with it: well, or because it cannot be read. */
export function takeResponse<Response>(
  call: AnsweredCall<Response>,
  codec: Codec<Response>,
  kind: number,
  reader: ByteReader,
): void {
  let response: Response;
  try {
    response = decodePayload(codec, kind, reader);
  } catch (error) {
    call.onError(unreadableResponse(error), null);
    return;
  }
  call.succeed(response);
}

function unreadableResponse(error: unknown): InternodeError {
  const cause = invalidPayload(error);
  return new InternodeError(cause.code, `The response cannot be read: ${cause.message}`, {
    origin: isOwnError(error) ? error.origin : "remote",
    outcome: "executed",
    cause,
  });
}

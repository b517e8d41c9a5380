/**
 * A single request on its way.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { OutgoingCall } from "../session/outgoing_calls.ts";
import type { ByteReader } from "../wire/byte_reader.ts";
import { PayloadKind } from "../wire/frame.ts";
import { callFailure } from "./call_failure.ts";
import { type CallTraces, traceCode } from "./call_trace.ts";
import { startClientSpan } from "./client_span.ts";
import type { SingleContract } from "./contract.ts";
import { decodePayload, invalidPayload } from "./payload.ts";
import type { Span, Tracer } from "./tracer.ts";

/** What a pending call asks of its connection. */
export interface CallOwner {
  /** The peer's host URL. */
  readonly host: string;
  /** Who is told of ended calls. */
  readonly traces: CallTraces;
  /** Begins the spans of calls; `null`: nobody traces. */
  readonly spans: Tracer | null;
  /** The monotonic time in milliseconds. */
  now(): number;
  /** Ends the call with the reason of its signal. */
  abort(call: OutgoingCall, reason: unknown): void;
}

/**
 * A promise of a response. It has the fields of its session's calls itself: made
 * by a class above, each request would take 20 ns longer.
 */
export class PendingRequest<Request, Response> implements OutgoingCall {
  /** See {@linkcode OutgoingCall}. */
  id = -1;
  /** See {@linkcode OutgoingCall}. */
  state: OutgoingCall["state"] = "idle";
  /** See {@linkcode OutgoingCall}. */
  deadlineMs = Infinity;
  /** The call's span; `null`: nobody traces. */
  readonly span: Span | null;
  /** Where the response's bytes go; `null`: into memory of its own. */
  into: Uint8Array | null = null;

  readonly #contract: SingleContract<Request, Response>;
  readonly #owner: CallOwner;
  readonly #subroute: string;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  #signal: AbortSignal | null = null;
  readonly #startMs: number;

  /** */
  constructor(
    contract: SingleContract<Request, Response>,
    owner: CallOwner,
    subroute: string | undefined,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#contract = contract;
    this.#owner = owner;
    this.#subroute = subroute ?? "";
    this.#resolve = resolve;
    this.#reject = reject;
    this.#startMs = owner.traces.active ? owner.now() : -1;
    const { spans } = owner;
    this.span = spans === null
      ? null
      : startClientSpan(spans, contract.name, owner.host, this.#subroute);
  }

  /** Ends the call when the signal aborts. */
  watch(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener("abort", this);
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.#owner.abort(this, this.#signal?.reason);
  }

  /** Nobody asks. */
  onTransmitted(): void {}

  /** The answer. */
  onResponse(kind: number, reader: ByteReader): void {
    let response: Response;
    try {
      // Only contracts of raw bytes have one.
      response = this.into !== null && kind === PayloadKind.bytes
        ? fill(this.into, reader) as Response
        : decodePayload(this.#contract.response, kind, reader);
    } catch (error) {
      const cause = invalidPayload(error);
      const problem = new InternodeError(
        cause.code,
        `The response cannot be read: ${cause.message}`,
        {
          origin: error instanceof InternodeError ? error.origin : "remote",
          outcome: "executed",
          cause,
        },
      );
      this.onError(problem, null);
      return;
    }
    if (this.#signal !== null || this.#startMs >= 0 || this.span !== null) this.#finish(undefined);
    this.#resolve(response);
  }

  /** The failure. */
  onError(error: unknown, detail: ByteReader | null): void {
    const signal = this.#signal;
    // What a signal gives as its reason is the caller's own, even where it looks like an error of ours.
    if (signal !== null && signal.aborted && error === signal.reason) this.fail(error);
    else this.fail(callFailure(error, this.#owner.host, this.#contract, detail));
  }

  /** Fails with just this. */
  fail(failure: unknown): void {
    this.#finish(failure);
    this.#reject(failure);
  }

  /** @param failure `undefined`: it went well. */
  #finish(failure: unknown): void {
    this.#signal?.removeEventListener("abort", this);
    this.#signal = null;
    this.span?.end(failure);
    const { traces, host } = this.#owner;
    if (this.#startMs < 0 || !traces.active) return;
    traces.emit({
      direction: "outgoing",
      kind: "single",
      handler: this.#contract.name,
      subroute: this.#subroute,
      host,
      durationMs: this.#owner.now() - this.#startMs,
      error: traceCode(failure),
    });
  }
}

/** The response at the beginning of the caller's array. */
function fill(into: Uint8Array, reader: ByteReader): Uint8Array {
  const { remaining } = reader;
  if (remaining > into.length) {
    throw new InternodeError(
      "InvalidPayload",
      `it has ${remaining} bytes, and the array given as \`into\` has ${into.length}`,
      { origin: "caller" },
    );
  }
  return into.subarray(0, reader.readInto(into));
}

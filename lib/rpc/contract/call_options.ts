/**
 * The options of one call.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { type CallPriority, PRIORITIES } from "../../session/frames/priority.ts";
import type { HandlerContext } from "./handler.ts";
import { type ContextValues, valuesProblem } from "./context_values.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";

/** What a call takes over from the one around it: the context of the handler that makes it. */
export interface EnclosingCall extends Pick<HandlerContext, "deadline" | "metadata" | "signal"> {
  /** What ends the call with the one around it. Default: `signal`. */
  readonly cancelled?: AbortSignal | undefined;
  /** How urgent the call is unless it says so itself. Default: `"normal"`. */
  readonly priority?: CallPriority | undefined;
}

/** Options of a request or stream. */
export interface CallOptions {
  /**
   * How long the call may take in all, waiting for the connection included, in
   * milliseconds; `Infinity` for no limit. Default: the manager's
   * `defaultTimeoutMs` (60,000) for requests, `Infinity` for streams.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call at once when it aborts, with its reason; the handler is cancelled. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** The subroute: which of the handler's names is called, such as one of its disks. Default: `""`. */
  readonly subroute?: string | undefined;
  /** Strings that are sent with the call: at most 4,096 bytes in all. A `tracer` sets `traceparent` and `tracestate` (W3C Trace Context) in place of those given here, if there is room. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Is told the headers that the handler has set, before the response or the
   * failure is given; not called if there are none. Of several attempts, those
   * of the one whose answer the caller gets. What it throws is logged once. For
   * single requests; streams have `headers`. Default: none.
   */
  readonly onHeaders?: ((headers: Readonly<Record<string, string>>) => void) | undefined;
  /** The same for the trailers, after the headers. For single requests; streams have `trailers`. Default: none. */
  readonly onTrailers?: ((trailers: Readonly<Record<string, string>>) => void) | undefined;
  /**
   * Receives the response's bytes; the result is a view of it. Without it each
   * response has new memory, which from about 16 KiB on costs more than the
   * transfer of the bytes. For single requests whose response is raw bytes; a
   * response that does not fit fails the call with `InvalidPayload`,
   * `executed`. Do not use it until the call has ended; after that nothing
   * writes to it. Default: none.
   */
  readonly into?: Uint8Array | undefined;
  /**
   * Whether the outputs of a stream are lent: each is valid until the next is
   * asked for, as `for await` does at the end of its body, or until the reader
   * leaves. Then it is empty, and its memory is used for another one: copy what
   * is to be kept, or sent on. That saves the cost of new memory, most of what
   * large outputs cost. Outputs of at most 4,096 bytes are copies, which the
   * reader may keep. For streams whose outputs are raw bytes. Default: `false`, the reader may keep all.
   */
  readonly lendOutputs?: boolean | undefined;
  /**
   * The context of the handler that makes this call: the call gets no more time
   * than that handler has left, less a tenth of it and at most 10 ms for its own
   * answer; it ends when `context.cancelled` aborts, it goes on with the trace,
   * and it is as urgent unless option `priority` says otherwise.
   * Default: none.
   */
  readonly within?: EnclosingCall | undefined;
  /**
   * How urgent the call is. Where calls wait, for a slot of the connection or a
   * place of the handler, `"high"` goes first and `"low"` last, though one of
   * nine turns is for the less urgent; where too many wait, `"low"` is refused
   * first. Large requests and messages of streams share the connection in the
   * same way. Default: `"normal"`, or that of `within`.
   */
  readonly priority?: CallPriority | undefined;
  /** Values for the interceptors of this side, see `contextKey`. Nothing of them is sent. Default: none. */
  readonly values?: ContextValues | undefined;
  /** Whether to wait until the deadline for a peer that is known to be down. Default: `false`, the call fails at once. */
  readonly waitForReady?: boolean | undefined;
  /** How long to poll the socket for the response to a request, in microseconds, see `ConnectionOptions`; streams do not poll. Default: the manager's `spinUs` (0, never). */
  readonly spinUs?: number | undefined;
}

/** No options. */
export const NO_OPTIONS: CallOptions = {};

/**
 * Checks what a call is made of, as far as nothing can go on without it.
 *
 * @param called The contract, or the method of a service.
 * @throws {InternodeError} `InvalidArgument`.
 */
export function checkCalled(
  called: {
    readonly kind: string;
    readonly name?: string;
    readonly key?: { readonly name: string };
  },
  kind: "single" | "stream",
  options: object,
): void {
  if (typeof called !== "object" || called?.kind !== kind) {
    const what = kind === "single" ? "a single request" : "a stream";
    throw invalidArgument(
      `The contract or method of ${what} must be one of kind "${kind}", not ${shown(called)}.`,
    );
  }
  if (typeof options !== "object" || options === null) {
    optionsOf(`a call of ${shown(called.name ?? called.key?.name)}`, options);
  }
}

/**
 * What is wrong with the options that calls of both faces take.
 *
 * @param options What was given.
 * @param timeoutMs How long the call may take.
 * @returns The call's failure; `null` if nothing is wrong.
 */
export function optionProblem(
  { spinUs, waitForReady, metadata, values, priority }: Pick<
    CallOptions,
    "spinUs" | "waitForReady" | "metadata" | "values" | "priority"
  >,
  timeoutMs: number,
): InternodeError | null {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    if (typeof timeoutMs !== "number" || !(timeoutMs <= 0)) {
      return invalidArgument(`Option timeoutMs must be a number, not ${shown(timeoutMs)}.`);
    }
    return new InternodeError(
      "DeadlineExceeded",
      "The call's time had run out before it was made.",
      { origin: "caller" },
    );
  }
  if (
    spinUs !== undefined && !(typeof spinUs === "number" && spinUs >= 0 && spinUs < Infinity)
  ) {
    return invalidOption("spinUs", `must be a number of 0 or more, not ${shown(spinUs)}`);
  }
  if (waitForReady !== undefined && typeof waitForReady !== "boolean") {
    return invalidOption("waitForReady", `must be true or false, not ${shown(waitForReady)}`);
  }
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null)) {
    return invalidOption("metadata", `must be an object with texts, not ${shown(metadata)}`);
  }
  if (priority !== undefined && !PRIORITIES.includes(priority)) {
    return invalidOption("priority", `must be "high", "normal" or "low", not ${shown(priority)}`);
  }
  return valuesProblem(values);
}

/** The number of a priority that was checked. */
export function rankOf(priority: CallPriority | undefined): number {
  return priority === undefined ? 0 : PRIORITIES.indexOf(priority);
}

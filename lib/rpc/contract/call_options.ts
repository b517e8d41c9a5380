/**
 * What a caller can say about one call.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";

/** Options of a request or stream. */
export interface CallOptions {
  /**
   * How long the call may take in all, waiting for the connection included, in
   * milliseconds; `Infinity`: as long as it takes. Default: the manager's
   * `defaultTimeoutMs` (60,000) for requests, `Infinity` for streams.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call at once when it aborts, with its reason; the handler is told. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Which of the handler's names is meant, such as one of its disks. Default: `""`. */
  readonly subroute?: string | undefined;
  /** Texts that travel with the call: 4,096 bytes in all at most. A `tracer` sets `traceparent` and `tracestate` (W3C Trace Context) in place of those given here, where there is room. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Where the response's bytes go, which the result is then a view of; without
   * it each response has memory of its own, which costs more than the bytes'
   * way from some 16 KiB on. For single requests whose response is raw bytes;
   * one that does not fit fails the call as `InvalidPayload`, `executed`. Leave
   * it alone until the call ends; afterwards nothing writes to it. Default: none.
   */
  readonly into?: Uint8Array | undefined;
  /** Whether to wait until the deadline for a peer that is known to be down. Default: `false`, the call fails at once. */
  readonly waitForReady?: boolean | undefined;
  /** How long to poll the socket for the answer to a request, in microseconds, see `ConnectionOptions`; streams do not. Default: the manager's `spinUs` (0, never). */
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
 * @returns The call's failure; `null`: nothing is wrong.
 */
export function optionProblem(
  { spinUs, waitForReady, metadata }: Pick<CallOptions, "spinUs" | "waitForReady" | "metadata">,
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
  return null;
}

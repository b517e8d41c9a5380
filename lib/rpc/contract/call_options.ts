/**
 * What a caller can say about one call.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";

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
 * What is wrong with the times of a call, on either face.
 *
 * @param timeoutMs How long it may take.
 * @param spinUs How long it polls; `undefined`: as its node or client does.
 * @returns The call's failure; `null`: nothing is wrong.
 */
export function timesProblem(timeoutMs: number, spinUs: number | undefined): InternodeError | null {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    if (!(timeoutMs <= 0) || typeof timeoutMs !== "number") {
      return invalidArgument("timeoutMs must be a number");
    }
    return new InternodeError(
      "DeadlineExceeded",
      "The call's time had run out before it was made.",
      { origin: "caller" },
    );
  }
  if (spinUs === undefined || typeof spinUs === "number" && spinUs >= 0 && spinUs < Infinity) {
    return null;
  }
  return invalidArgument(`spinUs must be a number of 0 or more, not ${shown(spinUs)}`);
}

/**
 * Trace subscriptions.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { func } from "../../foreign/option_checks.ts";

/** A call that has ended. */
export interface CallTrace {
  /** Whether this node made the call or served it. */
  readonly direction: "outgoing" | "incoming";
  /** The contract's kind. */
  readonly kind: "single" | "stream";
  /** The contract's name. */
  readonly handler: string;
  /** The subroute, if any. */
  readonly subroute: string;
  /** The other side. */
  readonly host: string;
  /** Which attempt of its call it was, from 1: a client of a service reports each attempt, with the replica as `host`. 0, without a host, for a call that ended before a replica had it. Always 1 on the grid and for calls that were served. */
  readonly attempt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** How it ended: `null` for success, or the error's code, or `"Aborted"` if the caller's signal ended it. */
  readonly error: ErrorCode | "Aborted" | null;
}

/** How an outgoing call has ended; `undefined` for success. */
export function traceCode(failure: unknown): CallTrace["error"] {
  if (failure === undefined) return null;
  return isOwnError(failure) ? failure.code : "Aborted";
}

/** The subscribers to ended calls. Without any there is no cost. */
export class CallTraces {
  /** Whether there are subscribers. */
  active = false;
  readonly #logger: EventLogger | null;
  /** Each with whether an error of it was logged. A function that subscribes twice is there twice. */
  readonly #subscribers = new Set<
    { readonly subscriber: (call: CallTrace) => void; isTold: boolean }
  >();

  /** @param logger Logs subscribers that throw. Default: none. */
  constructor(logger: EventLogger | null = null) {
    this.#logger = logger;
  }

  /** Adds a subscriber; the returned function removes it. */
  subscribe(subscriber: (call: CallTrace) => void): () => void {
    const subscription = { subscriber: func("subscriber", subscriber), isTold: false };
    this.#subscribers.add(subscription);
    this.active = true;
    return () => {
      this.#subscribers.delete(subscription);
      this.active = this.#subscribers.size > 0;
    };
  }

  /** Calls all of them. An error of one affects neither the others nor the call, and is logged once. */
  emit(call: CallTrace): void {
    for (const seen of this.#subscribers) {
      const { subscriber } = seen;
      tell(() => subscriber(call), (error) => {
        if (seen.isTold) return;
        seen.isTold = true;
        this.#logger?.error(
          `A subscriber of trace() threw an error: ${
            sentence(textOf(error))
          } It is still called, ` +
            "and its further errors are not logged.",
          { event: "callback_failed", what: "trace", ...about(error) },
        );
      });
    }
  }
}

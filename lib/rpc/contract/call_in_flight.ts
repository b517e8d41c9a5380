/**
 * Calls that have not ended.
 *
 * @module
 */

import { notNegative, optionsOf, text, wholeNumber } from "../../foreign/option_checks.ts";

/**
 * Where a call stands.
 *
 * | state | who | meaning |
 * | --- | --- | --- |
 * | `connecting` | caller | waits for a connection, or for a replica that takes calls |
 * | `backOff` | caller | an attempt has failed, and the next one waits for its time |
 * | `slot` | caller | waits until the peer takes another call (its limit `maxCalls`), or until there is room for the message |
 * | `sending` | caller | has a slot, and its first message, a large one, waits until there is room at the peer |
 * | `running` | both | sent, and not answered yet; its handler runs |
 * | `credit` | both | a stream whose next message waits until the other side takes more |
 * | `queued` | handler | waits for a place of its handler (option `concurrency`) |
 * | `abandoned` | both | the call has ended. Here a handler still runs for it (incoming), or the peer has not confirmed its end yet, so that its slot is taken (outgoing) |
 */
export type CallInFlightState =
  | "connecting"
  | "backOff"
  | "slot"
  | "sending"
  | "running"
  | "credit"
  | "queued"
  | "abandoned";

/** How far the messages of a stream are. */
export interface StreamProgress {
  /** How many messages this side has sent. */
  readonly sent: number;
  /** How many have come from the other side. */
  readonly received: number;
  /** How many messages this side may send now; 0 where it sends none. */
  readonly sendCredit: number;
  /** How many messages the other side may send now; 0 where it sends none. */
  readonly receiveCredit: number;
  /** How many messages wait here to be sent. */
  readonly queuedMessages: number;
  /** How many bytes these have. */
  readonly queuedBytes: number;
  /** How many bytes have come that the reader has not taken, as they count for the connection's budget. */
  readonly unreadBytes: number;
}

/** A call that has not ended, or whose handler still runs. */
export interface CallInFlight {
  /** Whether this side made the call or serves it. */
  readonly direction: "outgoing" | "incoming";
  /** The contract's kind. */
  readonly kind: "single" | "stream";
  /** The contract's name. */
  readonly handler: string;
  /** The subroute; `""` if there is none. */
  readonly subroute: string;
  /** The other side: a peer's URL, a replica's address, or a client's name. `""` while a call of a service has no replica. */
  readonly host: string;
  /** Where it stands. */
  readonly state: CallInFlightState;
  /** How long ago it was made, or has arrived, in milliseconds. */
  readonly ageMs: number;
  /** How much of its time is left, in milliseconds; `Infinity` without a time-out. Never below 0. */
  readonly leftMs: number;
  /** Which attempt of its call it is, from 1. Above 1 only for calls of services. */
  readonly attempt: number;
  /** The messages of a stream; `null` for a single request, and before a stream is open. */
  readonly stream: StreamProgress | null;
}

/** Which calls are listed. */
export interface CallsOptions {
  /** How many at most; of more, the oldest. Default: 1,000. */
  readonly limit?: number | undefined;
  /** Only those that are at least so old, in milliseconds. Default: 0. */
  readonly minAgeMs?: number | undefined;
  /** Only those of the handler of this name. Default: all. */
  readonly handler?: string | undefined;
}

/** The same with everything filled in. */
export interface CallsQuery {
  /** See {@linkcode CallsOptions}. */
  readonly limit: number;
  /** See {@linkcode CallsOptions}. */
  readonly minAgeMs: number;
  /** See {@linkcode CallsOptions}; `null` for all. */
  readonly handler: string | null;
}

/**
 * Fills in what is missing.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function callsQuery(given: CallsOptions = {}): CallsQuery {
  const { limit = 1_000, minAgeMs, handler } = optionsOf("calls", given);
  return {
    limit: wholeNumber("limit", limit, 1),
    minAgeMs: notNegative("minAgeMs", minAgeMs, 0),
    handler: handler === undefined ? null : text("handler", handler),
  };
}

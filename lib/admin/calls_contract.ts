/**
 * Calls in flight, and calls that have ended, as admin tells of them.
 *
 * @module
 */

import type { Codec } from "../codec/format/codec.ts";
import { list } from "../codec/values/list.ts";
import { nullable, optional } from "../codec/values/presence.ts";
import { boolean, float, string } from "../codec/values/scalars.ts";
import { record } from "../codec/records/record.ts";
import {
  single,
  type SingleContract,
  stream,
  type StreamContract,
} from "../rpc/contract/contract.ts";
import type { StreamProgress } from "../rpc/contract/call_in_flight.ts";

/** Which calls in flight are listed. */
export interface CallsRequest {
  /** How many at most; of more, those that have taken longest. From 1 to 10,000. Default: 1,000. */
  readonly limit?: number | undefined;
  /** Only those that are at least so old, in milliseconds. Default: 0. */
  readonly minAgeMs?: number | undefined;
  /** Only those of the handler of this name. Default: all but those of admin. */
  readonly handler?: string | undefined;
  /** Only `"incoming"` or only `"outgoing"` ones. Default: both. */
  readonly direction?: string | undefined;
}

/** A call that has not ended, see `CallInFlight` of the package; a newer node may have other states. */
export interface AdminCall {
  /** `"outgoing"` if the node has made it, `"incoming"` if it serves it. */
  readonly direction: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name. */
  readonly handler: string;
  /** The subroute; `""` if there is none. */
  readonly subroute: string;
  /** The other side. */
  readonly host: string;
  /** Where it stands, such as `"running"`. */
  readonly state: string;
  /** How long ago it was made, or has arrived, in milliseconds. */
  readonly ageMs: number;
  /** How much of its time is left, in milliseconds; `Infinity` without a time-out. */
  readonly leftMs: number;
  /** Which attempt of its call it is, from 1. */
  readonly attempt: number;
  /** The messages of a stream; `null` for a single request, and before a stream is open. */
  readonly stream: StreamProgress | null;
}

/** The calls in flight. */
export interface CallsResponse {
  /** The node's wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The calls, those first that have taken longest. */
  readonly calls: readonly AdminCall[];
  /** How many there are, with those over the limit; `undefined` if the node is older than this field. */
  readonly inFlight?: number | undefined;
}

const call: Codec<AdminCall> = record({
  direction: string(),
  kind: string(),
  handler: string(),
  subroute: string(),
  host: string(),
  state: string(),
  ageMs: float(),
  leftMs: float(),
  attempt: float(),
  stream: nullable(record({
    sent: float(),
    received: float(),
    sendCredit: float(),
    receiveCredit: float(),
    queuedMessages: float(),
    queuedBytes: float(),
    unreadBytes: float(),
  })),
});

/** Asks for the calls in flight. */
export const callsContract: SingleContract<CallsRequest, CallsResponse> = single(
  "internode.calls",
  {
    docs: "The calls in flight, those first that have taken longest.",
    request: record({
      limit: optional(float()),
      minAgeMs: optional(float()),
      handler: optional(string()),
      direction: optional(string()),
    }),
    response: record({ timeMs: float(), calls: list(call), inFlight: optional(float()) }),
  },
);

/** Which calls a trace shows. */
export interface TraceRequest {
  /** Only those of the handler of this name. Default: all but those of admin. */
  readonly handler?: string | undefined;
  /** Only those that failed. Default: `false`. */
  readonly errorsOnly?: boolean | undefined;
  /** Only those that took at least so long, in milliseconds. Default: 0. */
  readonly slowerThanMs?: number | undefined;
  /** Only `"incoming"` or only `"outgoing"` ones. Default: both. */
  readonly direction?: string | undefined;
  /** Only those with this other side. Default: all. */
  readonly host?: string | undefined;
}

/** A call that has ended. */
export interface TracedCall {
  /** When it ended, by the node's wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** `"outgoing"` if the node has made it, `"incoming"` if it served it. */
  readonly direction: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name. */
  readonly handler: string;
  /** The subroute; `""` if there is none. */
  readonly subroute: string;
  /** The other side. */
  readonly host: string;
  /** Which attempt of its call it was, see `CallTrace`. */
  readonly attempt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** How it ended: `null` for success, or the error's code, or `"Aborted"`. */
  readonly error: string | null;
}

/** Some calls that have ended, in that order. */
export interface TraceBatch {
  /** How many were left out since the batch before, as they came faster than they were read. */
  readonly lost: number;
  /** The calls. */
  readonly calls: readonly TracedCall[];
}

/** Shows each call that has ended. */
export const traceContract: StreamContract<TraceRequest, never, TraceBatch> = stream(
  "internode.trace",
  {
    docs: "Each call that has ended, in batches.",
    initial: record({
      handler: optional(string()),
      errorsOnly: optional(boolean()),
      slowerThanMs: optional(float()),
      direction: optional(string()),
      host: optional(string()),
    }),
    output: record({
      lost: float(),
      calls: list(record({
        timeMs: float(),
        direction: string(),
        kind: string(),
        handler: string(),
        subroute: string(),
        host: string(),
        attempt: float(),
        durationMs: float(),
        error: nullable(string()),
      })),
    }),
    inputCapacity: 0,
    outputCapacity: 4,
  },
);

/**
 * How the target of a call answers it.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import type { InternodeError } from "../../errors.ts";
import type { LendingPool } from "../../wire/lending_pool.ts";
import type { AcceptedStream } from "./accepted_stream.ts";
import type { BulkLane } from "../sending/bulk_lane.ts";
import type { IncomingCall, IncomingCallTable } from "./incoming_call_table.ts";

/** What a session gives to those who answer the calls of its peer. */
export interface Responder {
  /** The calls that have no answer yet. */
  readonly calls: IncomingCallTable;
  /** Large messages of this side that wait, and those that there is no room for yet. */
  readonly bulk: BulkLane;
  /** The size of the last response, if it waits to be sent; else 0. */
  readonly waitingBytes: number;

  /** Notes a call that is answered later. */
  acceptCall(call: IncomingCall): void;
  /** Notes a stream and makes its directions. */
  acceptStream(stream: AcceptedStream, outputCredit: number, inputCredit: number): void;
  /** Answers a call at once. Throws when the value cannot be sent; the call is unanswered then. */
  respond<T>(id: number, codec: Codec<T>, value: T, lending?: LendingPool | null): void;
  /** Answers a call with an error. */
  respondError(id: number, error: InternodeError, detail: Uint8Array | null): void;
  /** Answers a call accepted before; says whether it still waited. */
  finishCall<T>(
    call: IncomingCall,
    codec: Codec<T>,
    value: T,
    nowMs: number,
    lending?: LendingPool | null,
  ): boolean;
  /** Answers a call accepted before with an error, behind all outputs accepted so far. */
  failCall(
    call: IncomingCall,
    error: InternodeError,
    detail: Uint8Array | null,
    nowMs: number,
  ): void;
  /** Ends a stream well, behind all outputs accepted so far. */
  finishStream(stream: AcceptedStream, nowMs: number, onEnded?: () => void): void;
}

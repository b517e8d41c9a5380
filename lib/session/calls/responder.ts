/**
 * How a handler target answers calls.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import type { InternodeError } from "../../errors.ts";
import type { LendingPool } from "../../wire/lending_pool.ts";
import type { AcceptedStream } from "./accepted_stream.ts";
import type { BulkLane } from "../sending/bulk_lane.ts";
import type { IncomingCall, IncomingCallTable } from "./incoming_call_table.ts";

/** What a session offers to the targets of calls. */
export interface Responder {
  /** The calls that have no response yet. */
  readonly calls: IncomingCallTable;
  /** The lane of large messages that wait to be sent. */
  readonly bulk: BulkLane;
  /** The size of the last response if it waits to be sent, or else 0. */
  readonly waitingBytes: number;

  /** Adds a call that is answered later. */
  acceptCall(call: IncomingCall): void;
  /** Adds a stream and makes its two directions. */
  acceptStream(stream: AcceptedStream, outputCredit: number, inputCredit: number): void;
  /** Answers a call at once. Throws if the value cannot be sent; the call then has no response yet. */
  respond<T>(
    id: number,
    codec: Codec<T>,
    value: T,
    lending?: LendingPool | null,
    metadata?: Uint8Array | null,
  ): void;
  /** Answers a call with an error. */
  respondError(
    id: number,
    error: InternodeError,
    detail: Uint8Array | null,
    metadata?: Uint8Array | null,
  ): void;
  /** Answers a call that was added before; returns whether it still waited. */
  finishCall<T>(
    call: IncomingCall,
    codec: Codec<T>,
    value: T,
    nowMs: number,
    lending?: LendingPool | null,
    metadata?: Uint8Array | null,
  ): boolean;
  /** Answers a call that was added before with an error, after all outputs accepted so far. */
  failCall(
    call: IncomingCall,
    error: InternodeError,
    detail: Uint8Array | null,
    nowMs: number,
    metadata?: Uint8Array | null,
  ): void;
  /** Ends a call that was added before, for a reason outside its handler; it is notified. */
  endCall(call: IncomingCall, error: InternodeError, nowMs: number): void;
  /** Ends a stream without an error, after all outputs accepted so far. Metadata is for one without outputs. */
  finishStream(
    stream: AcceptedStream,
    nowMs: number,
    onEnded?: () => void,
    metadata?: Uint8Array | null,
  ): void;
  /** Sends metadata of a stream with outputs, as one of them. Throws if it cannot be sent. */
  sendMetadata(
    stream: AcceptedStream,
    metadata: Uint8Array<ArrayBuffer>,
    nowMs: number,
    onLeft: () => void,
  ): void;
}

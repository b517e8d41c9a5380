/**
 * What calls need of the face that makes them.
 *
 * @module
 */

import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { AnyContract } from "../contract/contract.ts";
import type { AnswerTeller } from "./answer_callbacks.ts";
import type { Tracer } from "../contract/tracer.ts";
import type { CallFigures } from "../metering/call_figures.ts";
import type { FaceFigures } from "../metering/face_figures.ts";
import type { CallTraces } from "../tracing/call_trace.ts";

/** What a pending call needs of its connection. */
export interface CallDelegate {
  /** The peer's address; empty while it is not known. */
  readonly host: string;
  /** Receives ended calls. */
  readonly traces: CallTraces;
  /** Begins the spans of calls; `null` without a tracer. */
  readonly spans: Tracer | null;
  /** Counts calls, if anybody wants that. */
  readonly figures: FaceFigures;
  /** The figures of a contract's calls to this host. */
  figuresOf(contract: AnyContract): CallFigures;
  /** The monotonic time in milliseconds. */
  now(): number;
  /** Begins a turn and returns its time. */
  beginTurn(): number;
  /** Ends the call with the reason of its signal. */
  abort(call: OutgoingCall, reason: unknown): void;
}

/** What a single request needs besides. */
export interface RequestDelegate extends CallDelegate {
  /** Tells the metadata of answers. */
  readonly answers: AnswerTeller;
}

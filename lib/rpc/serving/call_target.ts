/**
 * The base of all targets of calls.
 *
 * @module
 */

import { memoryOf } from "../../codec/format/memory_cost.ts";
import { InternodeError } from "../../errors.ts";
import type { IncomingCall } from "../../session/calls/incoming_call_table.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { CallContext, type CallPlace } from "./call_context.ts";
import { auditRefused, type CallName, recordCall } from "./call_record.ts";
import type { ConcurrencyGate, WaitingCall } from "../admission/concurrency_gate.ts";
import type { CallSource } from "./call_source.ts";
import type { CallFigures } from "../metering/call_figures.ts";
import { OTHER } from "../metering/face_figures.ts";
import { type Serving, unknownHandler } from "./serving.ts";

/** What is called: a contract, or an unknown name, which may be for requests or streams. */
export interface Called {
  /** The handler's name. */
  readonly name: string;
  /** The contract's kind; `undefined` without a contract: the kind of the call counts then. */
  readonly kind?: CallName["kind"] | undefined;
}

/** A call that may have to wait for a slot of its handler. */
export interface GatedCall extends IncomingCall {
  /** The handler's context. */
  readonly context: CallContext;
  /** Begins it. */
  onStart: () => void;
  /** Called when it ends before its handler has begun. */
  onDropped: () => void;
}

/** Takes the calls of one connection under one name. This class refuses all of them, see {@linkcode CallTarget.refuse}. */
export class CallTarget<Target extends Called = Called> implements HandlerTarget, CallPlace {
  /** See {@linkcode CallPlace}. */
  readonly contract: Target;
  /** See {@linkcode CallPlace}. */
  readonly serving: Serving;
  /** See {@linkcode CallPlace}. */
  readonly source: CallSource;
  /** See {@linkcode CallPlace}. */
  readonly subroute: string;
  #figures: CallFigures | null = null;
  #generation = -1;
  #crowdedError: InternodeError | null = null;

  constructor(contract: Target, serving: Serving, source: CallSource, subroute: string) {
    this.contract = contract;
    this.serving = serving;
    this.source = source;
    this.subroute = subroute;
  }

  /** See {@linkcode CallPlace}. */
  get figures(): CallFigures {
    const { generation } = this.serving.figures;
    if (this.#figures !== null && this.#generation === generation) return this.#figures;
    return this.#findFigures();
  }

  #findFigures(): CallFigures {
    const { contract: { name, kind: known }, serving: { figures }, source: { host } } = this;
    this.#generation = figures.generation;
    // Names that no handler has come from outside.
    const handler = known === undefined ? OTHER : name;
    return this.#figures = figures.of({ side: "server", kind: known ?? "single", handler, host });
  }

  /** See {@linkcode HandlerTarget}: refuses the call; overridden for requests. */
  onRequest(
    responder: Responder,
    id: number,
    _kind: number,
    _reader: ByteReader,
    _deadlineMs: number,
    metadata: Metadata,
    _priority: number,
  ): void {
    this.refuse(responder, id, "single", metadata, this.refusalOf("single"));
  }

  /** See {@linkcode HandlerTarget}: refuses the call; overridden for streams. */
  onOpen(
    responder: Responder,
    id: number,
    _kind: number,
    _reader: ByteReader,
    _deadlineMs: number,
    metadata: Metadata,
    _outputCredit: number,
    _inputCredit: number,
    _priority: number,
  ): void {
    this.refuse(responder, id, "stream", metadata, this.refusalOf("stream"));
  }

  /** See {@linkcode HandlerTarget}. */
  onUnserved(error: InternodeError, kind: CallName["kind"], metadata: Metadata): void {
    this.record(error, kind, metadata);
  }

  /** Why calls of a kind are refused. */
  protected refusalOf(kind: CallName["kind"]): InternodeError {
    const what = kind === "single"
      ? "is a stream here, not a single request."
      : "is a single request here, not a stream.";
    return unknownHandler(`${this.contract.name} ${what}`);
  }

  /** Answers a call for which no handler runs. */
  protected refuse(
    responder: Responder,
    id: number,
    kind: CallName["kind"],
    metadata: Metadata,
    error: InternodeError,
  ): void {
    responder.respondError(id, error, null);
    this.record(error, kind, metadata);
  }

  /** Reports a call for which no handler runs to tracers, subscribers and the audit. */
  protected record(error: InternodeError, kind: CallName["kind"], metadata: Metadata): void {
    const { name, kind: expected = kind } = this.contract;
    if (this.serving.figures.active) this.figures.fail(error.code, 0);
    const call = { name, kind: expected, isUnknown: this.contract.kind === undefined };
    recordCall(this.serving, call, this.subroute, this.source.host, metadata)
      ?.fail(error.code, error);
    auditRefused(this.serving, call, this.subroute, this.source, error);
  }

  /**
   * Makes the context of a call whose payload was decoded.
   *
   * @param reader What it was decoded from.
   * @param bytes How many bytes it had.
   * @param priority How urgent the call is.
   */
  protected contextOf(
    contract: CallName,
    metadata: Metadata,
    deadlineMs: number,
    reader: ByteReader,
    bytes: number,
    priority: number,
  ): CallContext {
    const { serving, source, subroute } = this;
    const context = new CallContext(this, metadata, deadlineMs, reader.room, priority);
    if (serving.spans !== null || serving.traces.active) {
      context.record = recordCall(serving, contract, subroute, source.host, metadata);
    }
    const memory = memoryOf(reader, bytes);
    if (memory > 0) context.hold(memory);
    return context;
  }

  /** Why a call has to be refused that comes to this gate; `null`: it may enter or wait. */
  protected crowdedAt(gate: ConcurrencyGate | null, priority: number): InternodeError | null {
    if (gate === null || gate.hasRoom(priority, this.source.beginTurn())) return null;
    return this.#crowded;
  }

  /** Puts a call where it waits for its slot. */
  protected waitAt(gate: ConcurrencyGate, responder: Responder, call: GatedCall): void {
    const { contract, source } = this;
    const place: WaitingCall = {
      priority: call.context.rank,
      sinceMs: source.beginTurn(),
      deadlineMs: call.deadlineMs,
      isWanted: true,
      start: () => {
        call.hasBegun = true;
        source.beginTurn();
        call.onStart();
      },
      refuse: () => {
        const error = this.#crowded;
        responder.endCall(call, error, source.beginTurn());
        auditRefused(this.serving, contract as CallName, this.subroute, source, error);
      },
    };
    call.hasBegun = false;
    call.onDropped = () => gate.forget(place);
    gate.wait(place);
  }

  /** One error for all, because there may be thousands. */
  get #crowded(): InternodeError {
    if (this.#crowdedError !== null) return this.#crowdedError;
    const { name, kind } = this.contract, what = kind === "stream" ? "streams" : "calls";
    const message =
      `Too many ${what} of ${name} are running or waiting on this node. Try again later.`;
    const init = { origin: "remote", outcome: "notExecuted" } as const;
    return this.#crowdedError = new InternodeError("Overloaded", message, init);
  }
}

/**
 * Runs the handler of single requests.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { follow, type Then, thenOf } from "../../foreign/thenable.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import { bufferOf } from "../../foreign/plain_bytes.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { PayloadKind } from "../../wire/frame.ts";
import { CallTarget } from "./call_target.ts";
import type { CallContext } from "./call_context.ts";
import type { CallRecord } from "./call_record.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "../admission/concurrency_gate.ts";
import type { SingleContract } from "../contract/contract.ts";
import type { SingleHandlerFunction } from "../contract/handler.ts";
import { IncomingRequest } from "./incoming_request.ts";
import {
  decodePayload,
  hasNoRoom,
  invalidPayload,
  noRoom,
  unreadable,
} from "../contract/payload.ts";
import { ResponseRoom } from "./response_room.ts";
import { handlerFailure, logFailure, type Serving, unsendable } from "./serving.ts";

/** One registered handler, for the calls of one connection under one name. */
export class SingleTarget<Request, Response> extends CallTarget<SingleContract<Request, Response>> {
  readonly #handler: SingleHandlerFunction<Request, Response>;
  readonly #gate: ConcurrencyGate | null;
  readonly #lends: boolean;
  /** Made when the first response has to wait. */
  #room: ResponseRoom | null = null;
  /** The error for callers then. */
  #unread: InternodeError | null = null;

  constructor(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    gate: ConcurrencyGate | null,
    serving: Serving,
    source: CallSource,
    subroute: string,
    lends: boolean,
  ) {
    super(contract, serving, source, subroute);
    this.#handler = handler;
    this.#gate = gate;
    this.#lends = lends;
  }

  /** Decodes, runs the handler, and answers: in the same turn if the handler returns a plain value. */
  override onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    priority: number,
  ): void {
    const refusal = this.#refusal(responder, reader, priority);
    if (refusal !== null) {
      this.refuse(responder, id, "single", metadata, refusal);
      return;
    }
    const bytes = reader.remaining;
    let request: Request, lent: Uint8Array<ArrayBuffer> | null = null;
    try {
      if (this.#lends && kind === PayloadKind.bytes) {
        lent = this.serving.lending.borrow(reader);
        // Only contracts of raw bytes come here.
        request = lent as Request;
      } else request = decodePayload(this.contract.request, kind, reader);
    } catch (error) {
      const unread = unreadable("The request", error, "notExecuted");
      this.refuse(responder, id, "single", metadata, unread);
      return;
    }
    const context = this.contextOf(this.contract, metadata, deadlineMs, reader, bytes, priority);
    context.lent = lent;
    const gate = this.#gate;
    if (gate === null || gate.tryEnter(this.source.beginTurn())) {
      this.#run(responder, id, null, context, request);
    } else this.#wait(gate, responder, id, context, request);
  }

  /** Why a call is not even to be decoded; `null`: it is. */
  #refusal(responder: Responder, reader: ByteReader, priority: number): InternodeError | null {
    if (this.#room !== null && !this.#room.mayRun(responder)) {
      return this.#unread ??= unread(this.contract.name);
    }
    const overload = this.source.checkCapacity() ?? this.crowdedAt(this.#gate, priority);
    if (overload !== null) return overload;
    return hasNoRoom(reader) ? noRoom(this.contract.name) : null;
  }

  /** Waits for a place among the calls that may run at a time. */
  #wait(
    gate: ConcurrencyGate,
    responder: Responder,
    id: number,
    context: CallContext,
    request: Request,
  ): void {
    const call = new IncomingRequest(id, context);
    call.onStart = () => this.#run(responder, id, call, context, request);
    responder.acceptCall(call);
    this.waitAt(gate, responder, call);
  }

  /** @param accepted The call, if it is no longer answered in the turn it came. */
  #run(
    responder: Responder,
    id: number,
    accepted: IncomingRequest | null,
    context: CallContext,
    request: Request,
  ): void {
    this.serving.running++;
    this.source.onBegun();
    let result: Response | Promise<Response>;
    try {
      const { record } = context;
      result = record === null
        ? this.#handler(request, context)
        : this.#runIn(record, request, context);
    } catch (error) {
      this.#fail(responder, id, accepted, context, error);
      return;
    }
    const then = thenOf(result);
    if (then === null) this.#answer(responder, id, accepted, context, result as Response);
    else this.#follow(responder, id, accepted, context, result, then);
  }

  // The next two by themselves, as a function that makes a closure pays for it at each call.

  #runIn(
    record: CallRecord,
    request: Request,
    context: CallContext,
  ): Response | Promise<Response> {
    return record.run(() => this.#handler(request, context));
  }

  /** Answers when the handler's promise is settled. */
  #follow(
    responder: Responder,
    id: number,
    accepted: IncomingRequest | null,
    context: CallContext,
    result: Response | Promise<Response>,
    then: Then,
  ): void {
    let call = accepted;
    if (call === null) {
      call = new IncomingRequest(id, context);
      responder.acceptCall(call);
    }
    follow<Response>(
      result,
      then,
      (response) => this.#answer(responder, id, call, context, response),
      (error) => this.#fail(responder, id, call, context, error),
    );
  }

  #answer(
    responder: Responder,
    id: number,
    call: IncomingRequest | null,
    context: CallContext,
    response: Response,
  ): void {
    const codec = this.contract.response;
    let sent = true;
    try {
      const { draft } = context, metadata = draft === null ? null : draft.rest;
      // With metadata before it, the response is copied.
      const isKept = metadata === null && isLent(response, context);
      const lending = isKept ? this.serving.lending : null;
      if (call === null) responder.respond(id, codec, response, lending, metadata);
      else {
        const nowMs = this.source.beginTurn();
        sent = responder.finishCall(call, codec, response, nowMs, lending, metadata);
      }
      // What waits to be sent is lent until it has been.
      if (lending !== null && sent && responder.waitingBytes > 0) context.lent = null;
    } catch (error) {
      this.#failToSend(responder, id, call, context, error);
      return;
    }
    const { waitingBytes } = responder;
    if (waitingBytes > 0 || this.#room !== null) {
      (this.#room ??= new ResponseRoom()).onTaken(waitingBytes);
    }
    if (context.record !== null) context.record.end();
    if (sent && this.serving.figures.active) this.#count(call);
    this.#leave(context, true);
  }

  /** A call was answered. */
  #count(call: IncomingRequest | null): void {
    const nowMs = this.source.beginTurn();
    if (call === null) this.serving.figures.inline.add(this.figures, nowMs);
    else this.figures.succeed(nowMs - call.arrivedMs);
  }

  #failToSend(
    responder: Responder,
    id: number,
    call: IncomingRequest | null,
    context: CallContext,
    error: unknown,
  ): void {
    const problem = invalidPayload(error);
    if (problem.code === "Overloaded") (this.#room ??= new ResponseRoom()).onRefused(responder);
    const failure = unsendable(problem, "response");
    this.#end(responder, id, call, context, problem, failure, null);
  }

  #fail(
    responder: Responder,
    id: number,
    call: IncomingRequest | null,
    context: CallContext,
    thrown: unknown,
  ): void {
    const { error, detail } = handlerFailure(thrown, this.contract, context.stopping);
    this.#end(responder, id, call, context, thrown, error, detail);
  }

  /** @param thrown What has failed; the caller is told `error` of it. */
  #end(
    responder: Responder,
    id: number,
    call: IncomingRequest | null,
    context: CallContext,
    thrown: unknown,
    error: InternodeError,
    detail: Uint8Array | null,
  ): void {
    if (this.serving.figures.active && call?.pending !== false) this.#countFailed(call, error);
    const metadata = context.draft?.rest ?? null;
    if (call === null) responder.respondError(id, error, detail, metadata);
    else responder.failCall(call, error, detail, this.source.beginTurn(), metadata);
    logFailure(this.serving, this.contract, this.source, thrown);
    context.record?.fail(error.code, thrown);
    this.#leave(context, false);
  }

  #countFailed(call: IncomingRequest | null, { code }: InternodeError): void {
    const { inline } = this.serving.figures, nowMs = this.source.beginTurn();
    this.figures.fail(code, call === null ? inline.take(nowMs) : nowMs - call.arrivedMs);
  }

  #leave(context: CallContext, isAnswered: boolean): void {
    if (context.lent !== null) this.serving.lending.takeBack(context.lent);
    context.leave();
    this.source.onLeft();
    this.#gate?.leave(isAnswered);
  }
}

function isLent(response: unknown, { lent }: CallContext): boolean {
  return lent !== null && response instanceof Uint8Array && bufferOf(response) === bufferOf(lent);
}

function unread(name: string): InternodeError {
  const message = "Too many responses wait for this caller to read them, so " +
    `${name} does not run (limit sendBudgetBytes of this node). Try again later.`;
  return new InternodeError("Overloaded", message, { origin: "remote", outcome: "notExecuted" });
}

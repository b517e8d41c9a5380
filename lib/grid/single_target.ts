/**
 * Runs the handler of single requests.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { HandlerTarget } from "../session/handler_target.ts";
import type { Metadata } from "../session/metadata.ts";
import type { ResponderSide } from "../session/responder_side.ts";
import type { ByteReader } from "../wire/byte_reader.ts";
import type { ConcurrencyGate } from "./concurrency_gate.ts";
import type { SingleContract } from "./contract.ts";
import type { SingleHandlerFunction } from "./handler.ts";
import { IncomingRequest } from "./incoming_request.ts";
import { decodePayload, invalidPayload } from "./payload.ts";
import { type CallSource, handlerFailure, type Serving, traceIncoming } from "./serving.ts";

/** One registered handler, for the calls of one connection under one name. */
export class SingleTarget<Request, Response> implements HandlerTarget {
  readonly #contract: SingleContract<Request, Response>;
  readonly #handler: SingleHandlerFunction<Request, Response>;
  readonly #gate: ConcurrencyGate | null;
  readonly #serving: Serving;
  readonly #source: CallSource;
  readonly #subroute: string;

  /** */
  constructor(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    gate: ConcurrencyGate | null,
    serving: Serving,
    source: CallSource,
    subroute: string,
  ) {
    this.#contract = contract;
    this.#handler = handler;
    this.#gate = gate;
    this.#serving = serving;
    this.#source = source;
    this.#subroute = subroute;
  }

  /** Decodes, runs the handler, and answers: in this very turn if the handler returns a plain value. */
  onRequest(
    responder: ResponderSide,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
  ): void {
    let request: Request;
    try {
      request = decodePayload(this.#contract.request, kind, reader);
    } catch (error) {
      const message = `The request cannot be read: ${invalidPayload(error).message}`;
      responder.respondError(
        id,
        new InternodeError("InvalidPayload", message, { origin: "caller", outcome: "notExecuted" }),
        null,
      );
      return;
    }
    const call = new IncomingRequest(
      id,
      deadlineMs,
      this.#serving,
      this.#source,
      this.#subroute,
      metadata,
    );
    const gate = this.#gate;
    if (gate === null || gate.tryEnter()) {
      this.#run(responder, call, request);
      return;
    }
    const start = (): void => {
      this.#source.beginTurn();
      this.#run(responder, call, request);
    };
    if (gate.wait({ wanted: () => call.pending, start })) {
      responder.acceptCall(call);
    } else {
      const message =
        `Too many calls of ${this.#contract.name} run and wait on this node already. Try again later.`;
      responder.respondError(
        id,
        new InternodeError("Overloaded", message, { origin: "remote", outcome: "notExecuted" }),
        null,
      );
    }
  }

  /** This name belongs to single requests. */
  onOpen(responder: ResponderSide, id: number): void {
    const message = `${this.#contract.name} is a single request here, not a stream.`;
    responder.respondError(
      id,
      new InternodeError("UnknownHandler", message, { origin: "caller", outcome: "notExecuted" }),
      null,
    );
  }

  #run(responder: ResponderSide, call: IncomingRequest, request: Request): void {
    const startMs = this.#serving.tracer.active ? this.#serving.clock.now() : -1;
    let result: Response | Promise<Response>;
    try {
      result = this.#handler(request, call);
    } catch (error) {
      this.#fail(responder, call, error, startMs);
      return;
    }
    if (!isPromise(result)) {
      this.#answer(responder, call, result, startMs);
      return;
    }
    if (!call.pending) responder.acceptCall(call);
    result.then(
      (response) => this.#answer(responder, call, response, startMs),
      (error) => this.#fail(responder, call, error, startMs),
    );
  }

  #answer(
    responder: ResponderSide,
    call: IncomingRequest,
    response: Response,
    startMs: number,
  ): void {
    const codec = this.#contract.response;
    try {
      if (call.pending) responder.finishCall(call, codec, response, this.#source.beginTurn());
      else if (call.cancelled === null && !call.answered) {
        responder.respond(call.id, codec, response);
      }
      call.answered = true;
    } catch (error) {
      const problem = invalidPayload(error);
      const message = `The handler's response cannot be sent: ${problem.message}`;
      this.#fail(
        responder,
        call,
        new InternodeError(problem.code, message, { origin: "remote" }),
        startMs,
      );
      return;
    }
    this.#leave(call, startMs, null);
  }

  #fail(responder: ResponderSide, call: IncomingRequest, thrown: unknown, startMs: number): void {
    const { error, detail } = handlerFailure(thrown, this.#contract);
    if (call.pending) responder.failCall(call, error, detail, this.#source.beginTurn());
    else if (call.cancelled === null && !call.answered) {
      responder.respondError(call.id, error, detail);
    }
    call.answered = true;
    this.#serving.logger.debug(`Handler ${this.#contract.name} failed.`, {
      caller: this.#source.host,
      error: thrown,
    });
    this.#leave(call, startMs, error.code);
  }

  #leave(call: IncomingRequest, startMs: number, error: InternodeError["code"] | null): void {
    if (startMs >= 0) {
      const code = call.cancelled?.code ?? error;
      traceIncoming(
        this.#serving,
        this.#contract,
        this.#source.host,
        this.#subroute,
        startMs,
        code,
      );
    }
    this.#gate?.leave();
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null &&
    typeof (value as Promise<T>).then === "function";
}

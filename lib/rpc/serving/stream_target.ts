/**
 * Takes streams for their handler.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { contextOf, refuseWaiting } from "./arriving_call.ts";
import { recordUnserved } from "./call_record.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "./concurrency_gate.ts";
import type { StreamContract } from "../contract/contract.ts";
import type { StreamHandlerFunction } from "../contract/handler.ts";
import { IncomingStream } from "./incoming_stream.ts";
import { decodePayload, hasNoRoom, noRoom, unreadable } from "../contract/payload.ts";
import { callersFault, type Serving } from "./serving.ts";
import { StreamRun, type StreamRunOptions } from "./stream_run.ts";

/** One registered handler, for the streams of one connection under one name. */
export class StreamTarget<Initial, Input, Output> implements HandlerTarget {
  readonly #contract: StreamContract<Initial, Input, Output>;
  readonly #run: StreamRunOptions<Initial, Input, Output>;
  readonly #gate: ConcurrencyGate | null;
  readonly #serving: Serving;
  readonly #source: CallSource;
  readonly #subroute: string;

  /** */
  constructor(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    gate: ConcurrencyGate | null,
    serving: Serving,
    source: CallSource,
    subroute: string,
  ) {
    this.#contract = contract;
    this.#run = { contract, handler, gate, serving, source };
    this.#gate = gate;
    this.#serving = serving;
    this.#source = source;
    this.#subroute = subroute;
  }

  /** This name belongs to streams. */
  onRequest(
    responder: Responder,
    id: number,
    _kind: number,
    _reader: ByteReader,
    _deadlineMs: number,
    metadata: Metadata,
  ): void {
    const message = `${this.#contract.name} is a stream here, not a single request.`;
    this.#refuse(responder, id, metadata, callersFault("UnknownHandler", message));
  }

  /** Decodes the initial payload and starts the handler. */
  onOpen(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    outputCredit: number,
    inputCredit: number,
  ): void {
    const overload = this.#source.admit();
    if (overload !== null) {
      this.#refuse(responder, id, metadata, overload);
      return;
    }
    if (hasNoRoom(reader)) {
      this.#refuse(responder, id, metadata, noRoom(this.#contract.name));
      return;
    }
    const bytes = reader.remaining;
    let initial: Initial;
    try {
      initial = decodePayload(this.#contract.initial, kind, reader);
    } catch (error) {
      const unread = unreadable("The initial payload", error, "notExecuted");
      this.#refuse(responder, id, metadata, unread);
      return;
    }
    const context = contextOf(
      this.#serving,
      this.#contract,
      this.#source,
      this.#subroute,
      metadata,
      deadlineMs,
      reader,
      bytes,
    );
    const stream = new IncomingStream(id, this.#contract, context, this.#source, responder);
    responder.acceptStream(stream, outputCredit, inputCredit);
    if (inputCredit === 0) stream.input.end();
    const gate = this.#gate;
    if (gate === null || gate.tryEnter()) {
      new StreamRun(this.#run, stream, initial);
      return;
    }
    let waiting: Initial | undefined = initial;
    stream.hasBegun = false;
    stream.onDropped = () => waiting = undefined;
    const start = (): void => {
      stream.hasBegun = true;
      this.#source.beginTurn();
      new StreamRun(this.#run, stream, waiting as Initial);
    };
    if (gate.wait({ wanted: () => stream.pending, start })) return;
    refuseWaiting(
      this.#serving,
      this.#contract,
      this.#source,
      context,
      (error) => responder.failCall(stream, error, null, this.#source.beginTurn()),
    );
  }

  /** See {@linkcode HandlerTarget}. */
  onUnserved(error: InternodeError, _kind: "single" | "stream", metadata: Metadata): void {
    recordUnserved(this.#serving, this.#contract, this.#subroute, this.#source, metadata, error);
  }

  /** Answers a call for which no handler runs. */
  #refuse(responder: Responder, id: number, metadata: Metadata, error: InternodeError): void {
    responder.respondError(id, error, null);
    this.onUnserved(error, "stream", metadata);
  }
}

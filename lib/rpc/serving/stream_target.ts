/**
 * Passes streams to their handler.
 *
 * @module
 */

import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { CallTarget } from "./call_target.ts";
import type { CallSource } from "./call_source.ts";
import type { ConcurrencyGate } from "../admission/concurrency_gate.ts";
import type { StreamContract } from "../contract/contract.ts";
import type { StreamHandlerFunction } from "../contract/handler.ts";
import { IncomingStream } from "./incoming_stream.ts";
import { decodePayload, hasNoRoom, noRoom, unreadable } from "../contract/payload.ts";
import type { Serving } from "./serving.ts";
import { StreamRun, type StreamRunOptions } from "./stream_run.ts";

/** One registered handler, for the streams of one connection under one name. */
export class StreamTarget<Initial, Input, Output>
  extends CallTarget<StreamContract<Initial, Input, Output>> {
  readonly #run: StreamRunOptions<Initial, Input, Output>;
  readonly #gate: ConcurrencyGate | null;
  readonly #lends: boolean;

  constructor(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    gate: ConcurrencyGate | null,
    serving: Serving,
    source: CallSource,
    subroute: string,
    lends: boolean,
  ) {
    super(contract, serving, source, subroute);
    this.#run = { contract, handler, gate, serving, source };
    this.#gate = gate;
    this.#lends = lends;
  }

  /** Decodes the initial payload and starts the handler. */
  override onOpen(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    outputCredit: number,
    inputCredit: number,
    priority: number,
  ): void {
    const overload = this.source.checkCapacity() ?? this.crowdedAt(this.#gate, priority);
    if (overload !== null) {
      this.refuse(responder, id, "stream", metadata, overload);
      return;
    }
    if (hasNoRoom(reader)) {
      this.refuse(responder, id, "stream", metadata, noRoom(this.contract.name));
      return;
    }
    const bytes = reader.remaining;
    let initial: Initial;
    try {
      initial = decodePayload(this.contract.initial, kind, reader);
    } catch (error) {
      const unread = unreadable("The initial payload", error, "notExecuted");
      this.refuse(responder, id, "stream", metadata, unread);
      return;
    }
    const context = this.contextOf(this.contract, metadata, deadlineMs, reader, bytes, priority);
    const stream = new IncomingStream(
      id,
      this.contract,
      context,
      this.source,
      responder,
      this.#lends,
    );
    responder.acceptStream(stream, outputCredit, inputCredit);
    if (inputCredit === 0) stream.input.end();
    const gate = this.#gate;
    if (gate === null || gate.tryEnter(this.source.beginTurn())) {
      new StreamRun(this.#run, stream, initial);
      return;
    }
    stream.onStart = () => void new StreamRun(this.#run, stream, initial);
    this.waitAt(gate, responder, stream);
  }
}

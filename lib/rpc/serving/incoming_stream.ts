/**
 * A stream that is being served.
 *
 * @module
 */

import { memoryOf } from "../../codec/format/memory_cost.ts";
import { InternodeError } from "../../errors.ts";
import { AcceptedStream } from "../../session/calls/accepted_stream.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { STREAM_MEMORY } from "../../wire/lending_pool.ts";
import type { AnswerDraft } from "../../session/frames/answer_draft.ts";
import type { CallContext } from "./call_context.ts";
import type { CallSource } from "./call_source.ts";
import type { StreamContract } from "../contract/contract.ts";
import { MessageQueue, type QueueListener } from "./message_queue.ts";
import { accepted } from "../../session/sending/stream_queue.ts";
import { decodeMessage, unreadable } from "../contract/payload.ts";

/** The session's part of a stream, its inputs, and the handler's context. */
export class IncomingStream<Initial, Input, Output> extends AcceptedStream
  implements QueueListener {
  /** The handler's context. */
  readonly context: CallContext;
  /** The inputs. */
  readonly input: MessageQueue<Input>;
  /** The handler's outputs, which are ended when the call ends first; `null` until the handler has returned them. */
  run: { cutShort(): void } | null = null;
  /** Begins it once it has a slot; with it the decoded payload is dropped. */
  onStart: () => void = nothing;
  /** Called when it ends before that. */
  onDropped: () => void = nothing;

  readonly #contract: StreamContract<Initial, Input, Output>;
  readonly #source: CallSource;
  readonly #responder: Responder;

  constructor(
    id: number,
    contract: StreamContract<Initial, Input, Output>,
    context: CallContext,
    source: CallSource,
    responder: Responder,
    lends = false,
  ) {
    super(id, context.deadlineMs);
    this.lends = lends;
    this.#contract = contract;
    this.context = context;
    this.priority = context.rank;
    this.#source = source;
    this.#responder = responder;
    this.input = new MessageQueue(this, lends ? STREAM_MEMORY : null);
  }

  /** A message of the caller. One that cannot be read ends the stream. */
  override onMessage(kind: number, reader: ByteReader): void {
    const bytes = reader.remaining;
    let value: Input;
    try {
      value = decodeMessage(this.#contract.input, kind, reader, this.lends);
    } catch (error) {
      const problem = unreadable("An input", error, "executed");
      this.#responder.failCall(this, problem, null, this.#source.beginTurn());
      this.onCancelled(problem);
      return;
    }
    const memory = memoryOf(reader, bytes);
    this.receive?.holdMemory(reader.room, memory);
    this.input.push(value, bytes, memory);
  }

  /** The caller has ended the inputs. */
  override onEnd(): void {
    this.input.end();
  }

  /** The inputs end with the error; unread ones are dropped, because nothing limits them any longer. The signal aborts. */
  override onCancelled(error: InternodeError): void {
    this.input.giveUp(error);
    if (!this.hasBegun) {
      this.context.letGo();
      this.onStart = nothing;
      this.onDropped();
    } else this.context.abandon(this.arrivedMs);
    this.context.cancel(error, this.arrivedMs);
    this.run?.cutShort();
  }

  /** The signal aborts; inputs and outputs go on as long as the handler. */
  override onStopping(error: InternodeError): void {
    this.context.stop(error);
  }

  /**
   * Sends an output.
   *
   * @returns `null` if it is sent, or a promise that resolves when it is.
   */
  output(value: Output): Promise<void> | null {
    const send = this.send;
    if (send === null) {
      throw new InternodeError("InvalidArgument", "The caller's contract has no outputs.", {
        origin: "local",
      });
    }
    if (!this.pending) throw this.context.cancelReason ?? ENDED;
    const waiting = send.send(this.#contract.output, value);
    return waiting === null ? null : accepted(waiting);
  }

  /** The first output is about to leave: the headers leave before it. */
  beginOutputs(): void {
    const { context } = this, { draft } = context;
    context.onOutput();
    const metadata = draft === null ? null : draft.first;
    if (metadata !== null) this.#sendMetadata(draft!, metadata, false);
  }

  /** The last output has left: the trailers leave behind it. */
  endOutputs(): void {
    const { draft } = this.context, metadata = draft === null ? null : draft.rest;
    if (metadata !== null) this.#sendMetadata(draft!, metadata, true);
  }

  #sendMetadata(draft: AnswerDraft, metadata: Uint8Array<ArrayBuffer>, isRest: boolean): void {
    const nowMs = this.#source.beginTurn();
    this.#responder.sendMetadata(this, metadata, nowMs, () => draft.onLeft(isRest));
  }

  /** The handler is done. */
  finish(): void {
    this.input.giveUp(HANDLER_ENDED);
    const { record, figures, draft } = this.context;
    const metadata = this.send === null && draft !== null ? draft.rest : null;
    this.#responder.finishStream(this, this.#source.beginTurn(), () => {
      record?.end();
      figures?.succeed(this.#source.beginTurn() - this.arrivedMs);
    }, metadata);
  }

  /** The handler has failed: sends the error. */
  fail(error: InternodeError, detail: Uint8Array | null): void {
    this.input.giveUp(HANDLER_ENDED);
    const nowMs = this.#source.beginTurn(), { figures, draft } = this.context;
    if (this.pending) figures?.fail(error.code, nowMs - this.arrivedMs);
    this.#responder.failCall(this, error, detail, nowMs, draft === null ? null : draft.rest);
  }

  /** The handler has read an input. */
  onConsumed(bytes: number, memory: number): void {
    if (this.receive !== null && this.receive.consumed(bytes, memory)) {
      this.receive.report(this.#source.beginTurn());
    }
  }

  /** The handler reads no more inputs; its stream goes on. */
  onReturn(): void {}
}

const ENDED = new InternodeError("Closed", "The stream has ended.", { origin: "local" });
const HANDLER_ENDED = new InternodeError(
  "Closed",
  "The stream's handler has ended, so its unread inputs were dropped.",
  { origin: "local", outcome: "executed" },
);

function nothing(): void {}

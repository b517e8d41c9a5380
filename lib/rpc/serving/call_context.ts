/**
 * The context of a call for its handler.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import { type CallPriority, PRIORITIES } from "../../session/frames/priority.ts";
import type { CallFigures } from "../metering/call_figures.ts";
import { AnswerDraft } from "../../session/frames/answer_draft.ts";
import type { CallRecord } from "./call_record.ts";
import type { DecodedRoom } from "../../wire/decoded_memory.ts";
import type { CallSource } from "./call_source.ts";
import { type ContextValues, contextValues } from "../contract/context_values.ts";
import type { HandlerContext } from "../contract/handler.ts";
import type { Serving } from "./serving.ts";

/** Where a call is served. */
export interface CallPlace {
  /** What handlers of the node or server share. */
  readonly serving: Serving;
  /** The connection of the call. */
  readonly source: CallSource;
  /** The subroute. */
  readonly subroute: string;
  /** Counts the calls, if anybody wants that. */
  readonly figures: CallFigures;
  /** What is called. */
  readonly contract: { readonly name: string; readonly kind?: "single" | "stream" | undefined };
}

/** What only some calls have. */
class Extra {
  cancelReason: InternodeError | null = null;
  stopping: InternodeError | null = null;
  signal: AbortController | null = null;
  cancelled: AbortController | null = null;
  closing: AbortController | null = null;
  values: ContextValues | null = null;
  draft: AnswerDraft | null = null;
}

/** What of an answer has left. */
const Left = { nothing: 0, outputs: 1, all: 2 } as const;

/** The context given to handlers. It costs little until it is used. */
export class CallContext implements HandlerContext {
  /** See {@linkcode HandlerContext}. */
  readonly metadata: Metadata;
  /** When the caller's time runs out, on the node's monotonic clock; `Infinity` if never. */
  readonly deadlineMs: number;
  /** The record of the call for tracing; `null` without tracing. */
  record: CallRecord | null = null;
  /** The request, if its memory is lent to the handler; `null` if not. */
  lent: Uint8Array<ArrayBuffer> | null = null;
  /** How urgent the call is, one of `Priority`. */
  readonly rank: number;

  readonly #place: CallPlace;
  /** Counts the memory of what the handler was given. */
  readonly #room: DecodedRoom;
  /** How much of it that is. */
  #heldBytes = 0;
  #extra: Extra | null = null;
  #left: number = Left.nothing;

  /**
   * @param room Counts the memory of what the handler is given.
   * @param rank How urgent the call is, one of `Priority`.
   */
  constructor(
    place: CallPlace,
    metadata: Metadata,
    deadlineMs: number,
    room: DecodedRoom,
    rank: number,
  ) {
    this.#place = place;
    this.metadata = metadata;
    this.deadlineMs = deadlineMs;
    this.#room = room;
    this.rank = rank;
  }

  /** See {@linkcode HandlerContext}. */
  get priority(): CallPriority {
    return PRIORITIES[this.rank]!;
  }

  /** See {@linkcode HandlerContext}. */
  get subroute(): string {
    return this.#place.subroute;
  }

  /** Why the call ended before its handler; `null` if it did not. */
  get cancelReason(): InternodeError | null {
    return this.#extra === null ? null : this.#extra.cancelReason;
  }

  /** Why the handler should end soon although its caller still waits; `null` if it need not. */
  get stopping(): InternodeError | null {
    return this.#extra === null ? null : this.#extra.stopping;
  }

  /** Where the other end of the connection is, for messages. */
  get remote(): string {
    return this.#place.source.remote;
  }

  /** See {@linkcode HandlerContext}. */
  get caller(): string {
    return this.#place.source.host;
  }

  /** See {@linkcode HandlerContext}. */
  get identity(): PeerIdentity | undefined {
    return this.#place.source.identity;
  }

  /** What is called. */
  get called(): { readonly name: string; readonly kind: "single" | "stream" } {
    const { name, kind = "single" } = this.#place.contract;
    return { name, kind };
  }

  /** The node or server that serves the call, as its user has it. */
  get face(): object | null {
    return this.#place.serving.face;
  }

  /** See {@linkcode HandlerContext}. */
  get deadline(): number {
    if (this.deadlineMs === Infinity) return Infinity;
    const { clock } = this.#place.serving;
    return clock.wallNow() + this.deadlineMs - clock.now();
  }

  /** See {@linkcode HandlerContext}. */
  get signal(): AbortSignal {
    const extra = this.#more();
    return (extra.signal ??= this.#controller(extra.cancelReason ?? extra.stopping)).signal;
  }

  /** See {@linkcode HandlerContext}. */
  get cancelled(): AbortSignal {
    const extra = this.#more();
    return (extra.cancelled ??= this.#controller(extra.cancelReason)).signal;
  }

  /** See {@linkcode HandlerContext}. */
  get closing(): AbortSignal {
    const extra = this.#more(), { closing } = this.#place.serving;
    if (extra.closing === null) {
      extra.closing = closing.make();
      // After its end nobody would forget it any more.
      if (this.#left === Left.all) closing.forget(extra.closing);
    }
    return extra.closing.signal;
  }

  /** See {@linkcode HandlerContext}. */
  get values(): ContextValues {
    return this.#more().values ??= contextValues();
  }

  /** See {@linkcode HandlerContext}. */
  setHeaders(metadata: Metadata): void {
    if (this.#left !== Left.nothing) {
      const what = this.#left === Left.outputs ? "first output" : "answer";
      throw invalidArgument(
        `The headers of a call from ${this.caller} have left with its ${what}: set them before.`,
      );
    }
    this.#makeDraft().addHeaders(metadata);
  }

  /** See {@linkcode HandlerContext}. */
  setTrailers(metadata: Metadata): void {
    if (this.#left === Left.all) {
      throw invalidArgument(
        `The trailers of a call from ${this.caller} have left with its answer: set them before.`,
      );
    }
    this.#makeDraft().addTrailers(metadata);
  }

  /** The metadata that the handler has set; `null` if it has set none. */
  get draft(): AnswerDraft | null {
    return this.#extra === null ? null : this.#extra.draft;
  }

  /** The first output is about to leave. */
  onOutput(): void {
    this.#left = Left.outputs;
  }

  #makeDraft(): AnswerDraft {
    return this.#more().draft ??= new AnswerDraft();
  }

  /** The handler has ended. */
  leave(): void {
    this.#left = Left.all;
    if (this.#heldBytes > 0) this.letGo();
    const { serving } = this.#place, extra = this.#extra;
    serving.running--;
    if (extra !== null) {
      if (extra.closing !== null) serving.closing.forget(extra.closing);
      if (extra.cancelReason !== null) serving.abandoned.delete(this);
    }
    if (serving.onLeft !== null) serving.onLeft();
  }

  /** The call ends before its handler, which goes on; {@linkcode CallContext.cancel} follows. */
  abandon(arrivedMs: number): void {
    this.#place.serving.abandoned.set(this, arrivedMs);
  }

  /** Holds memory until the handler has ended. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#room.hold(bytes);
  }

  /** The handler has ended or will never begin: releases the memory. */
  letGo(): void {
    if (this.#heldBytes === 0) return;
    this.#room.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** This side is closing: the signal aborts too, and the handler may still answer. */
  stop(error: InternodeError): void {
    const extra = this.#more();
    extra.stopping = error;
    if (extra.signal !== null) abort(extra.signal, error);
  }

  /** The figures of such calls; `null` if nobody counts. */
  get figures(): CallFigures | null {
    const place = this.#place;
    return place.serving.figures.active ? place.figures : null;
  }

  /**
   * The call ended before its handler: aborts the signals that were made.
   *
   * @param arrivedMs When the call arrived.
   */
  cancel(error: InternodeError, arrivedMs: number): void {
    this.figures?.fail(error.code, this.#place.source.beginTurn() - arrivedMs);
    const extra = this.#more();
    extra.cancelReason = error;
    if (extra.cancelled !== null) abort(extra.cancelled, error);
    if (extra.signal !== null) abort(extra.signal, error);
    this.record?.fail(error.code, error);
  }

  /** Makes what aborts a signal, which has aborted already if there is a reason. */
  #controller(reason: InternodeError | null): AbortController {
    const controller = guardedController(
      this.#place.serving.logger,
      `a call from ${this.caller}`,
    );
    if (reason !== null) controller.abort(reason);
    return controller;
  }

  #more(): Extra {
    return this.#extra ??= new Extra();
  }
}

/** Where the other end of a call's connection is, for messages; empty for a context of a test. */
export function remoteOf(context: HandlerContext): string {
  return context instanceof CallContext ? context.remote : "";
}

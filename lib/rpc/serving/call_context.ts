/**
 * The context of a call for its handler.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { CallRecord } from "./call_record.ts";
import { type DecodedRoom, UNLIMITED_ROOM } from "../../wire/decoded_memory.ts";
import type { CallSource } from "./call_source.ts";
import type { HandlerContext } from "../contract/handler.ts";
import type { Serving } from "./serving.ts";

/** The context given to handlers. It costs little until it is used. */
export class CallContext implements HandlerContext {
  /** See {@linkcode HandlerContext}. */
  readonly subroute: string;
  /** See {@linkcode HandlerContext}. */
  readonly metadata: Metadata;
  /** When the caller's time runs out, on the node's monotonic clock; `Infinity` if never. */
  readonly deadlineMs: number;
  /** Why the call ended before its handler; `null` if it did not. */
  cancelled: InternodeError | null = null;
  /** Why the handler should end soon although its caller still waits; `null` if it need not. */
  stopping: InternodeError | null = null;
  /** The record of the call for tracing; `null` without tracing. */
  record: CallRecord | null = null;
  /** The request, if its memory is lent to the handler; `null` if not. */
  lent: Uint8Array<ArrayBuffer> | null = null;

  /** Counts the memory of what the handler was given. */
  room: DecodedRoom = UNLIMITED_ROOM;
  /** How much of it that is. */
  #heldBytes = 0;

  readonly #serving: Serving;
  readonly #source: CallSource;
  #controller: AbortController | null = null;
  #closing: AbortController | null = null;

  constructor(
    serving: Serving,
    source: CallSource,
    subroute: string,
    metadata: Metadata,
    deadlineMs: number,
  ) {
    this.#serving = serving;
    this.#source = source;
    this.subroute = subroute;
    this.metadata = metadata;
    this.deadlineMs = deadlineMs;
  }

  /** See {@linkcode HandlerContext}. */
  get caller(): string {
    return this.#source.host;
  }

  /** See {@linkcode HandlerContext}. */
  get identity(): PeerIdentity | undefined {
    return this.#source.identity;
  }

  /** See {@linkcode HandlerContext}. */
  get deadline(): number {
    if (this.deadlineMs === Infinity) return Infinity;
    const { clock } = this.#serving;
    return clock.wallNow() + this.deadlineMs - clock.now();
  }

  /** See {@linkcode HandlerContext}. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      const whose = `a call from ${this.caller}`;
      this.#controller = guardedController(this.#serving.logger, whose);
      const reason = this.cancelled ?? this.stopping;
      if (reason !== null) this.#controller.abort(reason);
    }
    return this.#controller.signal;
  }

  /** See {@linkcode HandlerContext}. */
  get closing(): AbortSignal {
    return (this.#closing ??= this.#serving.closing.make()).signal;
  }

  /** The handler has ended. */
  leave(): void {
    this.letGo();
    const serving = this.#serving;
    serving.running--;
    if (this.#closing !== null) serving.closing.forget(this.#closing);
    if (serving.onLeft !== null) serving.onLeft();
  }

  /** Holds memory until the handler has ended. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.room.hold(bytes);
  }

  /** The handler has ended or will never begin: releases the memory. */
  letGo(): void {
    if (this.#heldBytes === 0) return;
    this.room.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** This side is closing: the signal aborts too, and the handler may still answer. */
  stop(error: InternodeError): void {
    this.stopping = error;
    this.#abort(error);
  }

  #abort(error: InternodeError): void {
    if (this.#controller !== null) abort(this.#controller, error);
  }

  /** The call ended before its handler: aborts the signal, if it was made. */
  cancel(error: InternodeError): void {
    this.cancelled = error;
    this.#abort(error);
    this.record?.fail(error.code, error);
  }
}

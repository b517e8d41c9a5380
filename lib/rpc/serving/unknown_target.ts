/**
 * Answers calls for which there is no handler.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { recordUnserved } from "./call_record.ts";
import type { CallSource } from "./call_source.ts";
import type { Serving } from "./serving.ts";

/** What is called without being there. */
export interface UnknownName {
  /** The handler's name. */
  readonly name: string;
  /** The subroute; empty: none. */
  readonly subroute: string;
  /** What callers are told. */
  readonly message: string;
}

/** Stands where a handler is missing. Looks anew at each call, as one may be registered while connections are open. */
export class UnknownTarget implements HandlerTarget {
  readonly #called: UnknownName;
  readonly #serving: Serving;
  readonly #source: CallSource;
  readonly #find: () => HandlerTarget | null;
  #found: HandlerTarget | null = null;

  /**
   * @param called What is missing.
   * @param serving Who is told of the calls.
   * @param source Where they come from.
   * @param find Looks for a handler.
   */
  constructor(
    called: UnknownName,
    serving: Serving,
    source: CallSource,
    find: () => HandlerTarget | null,
  ) {
    this.#called = called;
    this.#serving = serving;
    this.#source = source;
    this.#find = find;
  }

  /** See {@linkcode HandlerTarget}. */
  onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
  ): void {
    const target = this.#target();
    if (target === null) this.#refuse(responder, id, "single", metadata);
    else target.onRequest(responder, id, kind, reader, deadlineMs, metadata);
  }

  /** See {@linkcode HandlerTarget}. */
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
    const target = this.#target();
    if (target === null) {
      this.#refuse(responder, id, "stream", metadata);
    } else {
      target.onOpen(
        responder,
        id,
        kind,
        reader,
        deadlineMs,
        metadata,
        outputCredit,
        inputCredit,
      );
    }
  }

  /** See {@linkcode HandlerTarget}. */
  onUnserved(error: InternodeError, kind: "single" | "stream", metadata: Metadata): void {
    const target = this.#target();
    if (target === null) this.#record(error, kind, metadata);
    else target.onUnserved?.(error, kind, metadata);
  }

  #target(): HandlerTarget | null {
    return this.#found ??= this.#find();
  }

  #refuse(
    responder: Responder,
    id: number,
    kind: "single" | "stream",
    metadata: Metadata,
  ): void {
    const error = new InternodeError("UnknownHandler", this.#called.message, {
      origin: "caller",
      outcome: "notExecuted",
    });
    responder.respondError(id, error, null);
    this.#record(error, kind, metadata);
  }

  #record(error: InternodeError, kind: "single" | "stream", metadata: Metadata): void {
    const { name, subroute } = this.#called;
    recordUnserved(this.#serving, { name, kind }, subroute, this.#source, metadata, error);
  }
}

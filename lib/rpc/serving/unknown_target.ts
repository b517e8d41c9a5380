/**
 * Refuses calls for which there is no handler.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { Responder } from "../../session/calls/responder.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { CallTarget } from "./call_target.ts";
import type { CallSource } from "./call_source.ts";
import type { HandlerTable } from "./handler_table.ts";
import { type Serving, unknownHandler } from "./serving.ts";

/** A handler that is called, and may be unknown. */
export interface UnknownName {
  /** The handler's name. */
  readonly name: string;
  /** The subroute; empty if there is none. */
  readonly subroute: string;
  /** The message for callers if it is unknown. */
  readonly message: string;
}

/** The target of an unknown name. It looks for the handler again at each call, because one may be registered while connections are open. */
export class UnknownTarget extends CallTarget {
  readonly #message: string;
  readonly #find: () => HandlerTarget | null;
  #found: HandlerTarget | null = null;

  /**
   * @param called The unknown name.
   * @param serving Traces the calls.
   * @param source Their connection.
   * @param find Looks for a handler.
   */
  constructor(
    { name, subroute, message }: UnknownName,
    serving: Serving,
    source: CallSource,
    find: () => HandlerTarget | null,
  ) {
    super({ name }, serving, source, subroute);
    this.#message = message;
    this.#find = find;
  }

  /** See {@linkcode HandlerTarget}. */
  override onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    priority: number,
  ): void {
    const target = this.#target();
    if (target === null) this.refuse(responder, id, "single", metadata, this.refusalOf());
    else target.onRequest(responder, id, kind, reader, deadlineMs, metadata, priority);
  }

  /** See {@linkcode HandlerTarget}. */
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
    const target = this.#target();
    if (target === null) {
      this.refuse(responder, id, "stream", metadata, this.refusalOf());
      return;
    }
    target.onOpen(
      responder,
      id,
      kind,
      reader,
      deadlineMs,
      metadata,
      outputCredit,
      inputCredit,
      priority,
    );
  }

  /** See {@linkcode HandlerTarget}. */
  override onUnserved(error: InternodeError, kind: "single" | "stream", metadata: Metadata): void {
    const target = this.#target();
    if (target === null) super.onUnserved(error, kind, metadata);
    else target.onUnserved?.(error, kind, metadata);
  }

  #target(): HandlerTarget | null {
    return this.#found ??= this.#find();
  }

  /** The handler is unknown. */
  protected override refusalOf(): InternodeError {
    return unknownHandler(this.#message);
  }
}

/**
 * Makes the target for the calls of one connection under one name.
 *
 * @param table Where the handler is.
 * @param called The name.
 * @param serving What handlers need of their node.
 * @param source The connection.
 * @returns The target; for an unknown handler, one that refuses each call.
 */
export function targetIn(
  table: HandlerTable,
  called: UnknownName,
  serving: Serving,
  source: CallSource,
): HandlerTarget {
  const { name, subroute } = called;
  const find = (): HandlerTarget | null => table.target(name, subroute, serving, source);
  return find() ?? new UnknownTarget(called, serving, source, find);
}

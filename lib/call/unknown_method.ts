/**
 * Answers calls for a method that a server does not have.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { HandlerTarget } from "../session/handler_target.ts";
import type { Metadata } from "../session/metadata.ts";
import type { ResponderSide } from "../session/responder_side.ts";
import type { ByteReader } from "../wire/byte_reader.ts";

/**
 * Stands where a handler is missing. The wire knows only the fingerprint, so
 * the answer leaves it to the caller to say which method was meant. Looks anew
 * at each call, as a handler may be registered while connections are open.
 */
export class UnknownMethod implements HandlerTarget {
  readonly #hex: string;
  readonly #find: () => HandlerTarget | null;
  #found: HandlerTarget | null = null;

  /**
   * @param hex The method's fingerprint.
   * @param find Looks for a handler.
   */
  constructor(hex: string, find: () => HandlerTarget | null) {
    this.#hex = hex;
    this.#find = find;
  }

  /** See {@linkcode HandlerTarget}. */
  onRequest(
    responder: ResponderSide,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
  ): void {
    const target = this.#target();
    if (target === null) this.#refuse(responder, id);
    else target.onRequest(responder, id, kind, reader, deadlineMs, metadata);
  }

  /** See {@linkcode HandlerTarget}. */
  onOpen(
    responder: ResponderSide,
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
      this.#refuse(responder, id);
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

  #target(): HandlerTarget | null {
    return this.#found ??= this.#find();
  }

  #refuse(responder: ResponderSide, id: number): void {
    const message = `This server has no such method (key ${this.#hex}). Serve it there, ` +
      "or correct the names of component and method: both sides must use the same.";
    responder.respondError(
      id,
      new InternodeError("UnknownHandler", message, { origin: "caller", outcome: "notExecuted" }),
      null,
    );
  }
}

/**
 * A handler, as a session sees it.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { Metadata } from "../frames/metadata.ts";
import type { Responder } from "./responder.ts";

/** Where the calls for one name go. Must not throw. */
export interface HandlerTarget {
  /**
   * A request has arrived. The target answers at once with `responder.respond`
   * or `responder.respondError`, or registers an `IncomingCall` with
   * `responder.acceptCall` and answers later.
   *
   * @param id The call.
   * @param kind One of `PayloadKind`.
   * @param reader The payload, valid until this returns.
   * @param deadlineMs Its deadline, on the session's clock; `Infinity` if there is none.
   * @param priority How urgent it is, one of `Priority`.
   */
  onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    priority: number,
  ): void;
  /**
   * A stream was opened. The target registers its end with
   * `responder.acceptStream`, or answers with `responder.respondError`.
   *
   * @param outputCredit How many messages the handler may send at first; 0 for none.
   * @param inputCredit How many messages the caller may send at first; 0 for none.
   */
  onOpen(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
    outputCredit: number,
    inputCredit: number,
    priority: number,
  ): void;
  /**
   * The session has answered a call itself, because it came too late or while
   * this side closes: no handler runs. Default: ignored.
   *
   * @param error What the caller was told.
   * @param kind Whether it was a request or the opening of a stream.
   */
  onUnserved?(error: InternodeError, kind: "single" | "stream", metadata: Metadata): void;
}

/**
 * What is wrong with calls of the peer.
 *
 * @module
 */

import { NO_TIMEOUT } from "../../wire/frame.ts";
import { type ErrorCode, InternodeError } from "../../errors.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { MAX_STREAM_CREDIT } from "../../wire/limits.ts";
import { protocolError } from "../frames/wire_error.ts";

/** Checks what an opening begins with: how many outputs, then how many inputs may be sent at first. */
export function checkCredits(reader: ByteReader): void {
  if (reader.remaining < 8) throw protocolError("The peer opened a stream without its credits.");
  const outputCredit = reader.view.getUint32(reader.position, true);
  const inputCredit = reader.view.getUint32(reader.position + 4, true);
  if (outputCredit > MAX_STREAM_CREDIT || inputCredit > MAX_STREAM_CREDIT) {
    throw protocolError(
      `The peer opened a stream with capacities ${inputCredit} and ${outputCredit}; at most ${MAX_STREAM_CREDIT} are allowed.`,
    );
  }
}

/** The breach of a call whose slot is too high. */
export function idOutOfRange(id: number, maxCalls: number): InternodeError {
  return protocolError(
    `The peer sent a call with id ${id}, which is out of range: maxCalls is ${maxCalls}.`,
  );
}

/** The breach of a call whose slot has one already. */
export function idInUse(id: number): InternodeError {
  return protocolError(`The peer sent a call with id ${id}, whose slot is in use.`);
}

/** The error of a call for which no handler runs. */
export function notServed(code: ErrorCode, message: string): InternodeError {
  return new InternodeError(code, message, { origin: "remote", outcome: "notExecuted" });
}

/** When the time of a call runs out that had so much left when it came. */
export function deadlineOf(timeout: number, nowMs: number): number {
  return timeout === NO_TIMEOUT ? Infinity : nowMs + timeout;
}

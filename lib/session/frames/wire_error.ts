/**
 * Errors on the wire.
 *
 * @module
 */

import {
  type ErrorCode,
  type ErrorOrigin,
  type ErrorOutcome,
  InternodeError,
} from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { plainText, quoted } from "../../foreign/plain_text.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import { INTERACTIVE_BYTES } from "../../wire/frame.ts";

/** Error codes by their number in an error, cancel or goodbye frame; PROTOCOL.md lists them. */
const CODES: readonly (ErrorCode | undefined)[] = [
  undefined,
  "Unreachable",
  "Disconnected",
  "DeadlineExceeded",
  "Cancelled",
  "UnknownHandler",
  "HandlerFailed",
  "InvalidPayload",
  "MessageTooLarge",
  "Overloaded",
  "PermissionDenied",
  "ProtocolError",
  "Closed",
  "InvalidArgument",
  "GoingAway",
  "NotListed",
  "Unauthenticated",
];
const OUTCOMES: readonly ErrorOutcome[] = ["notSent", "notExecuted", "maybeExecuted", "executed"];

/** The longest error text that is sent, in UTF-8 bytes; the rest is cut off. */
const MAX_ERROR_TEXT_BYTES = 4096;
/** The longest name of a thrown error that is sent, in UTF-8 bytes; the rest is cut off. */
const MAX_ERROR_NAME_BYTES = 255;
/** The longest text of a goodbye: during the handshake, batches are small. */
export const MAX_GOODBYE_TEXT_BYTES = 2048;
/** The argument of a goodbye whose sender has run no call of the receiver's; 0 does not say. */
export const RAN_NOTHING = 1;
/** Outcome, flags and the text's length. */
const HEAD_BYTES = 4;
/** The longest detail: with the longest text and name it fits into one frame of the interactive lane. */
export const MAX_ERROR_DETAIL_BYTES: number = INTERACTIVE_BYTES - HEAD_BYTES -
  MAX_ERROR_TEXT_BYTES - 1 - MAX_ERROR_NAME_BYTES;
const FLAG_DETAIL = 1;
const FLAG_NAME = 2;
const FLAG_METADATA = 4;
/** The name of errors if no name is sent. */
const USUAL_NAME = "Error";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The number of an error code in a goodbye or a cancel. Both kinds of refused connections have the same number, as the peer is not told which it was. */
export function errorNumber(code: ErrorCode): number {
  return CODES.indexOf(code === "Unauthenticated" ? "PermissionDenied" : code);
}

/** The number of an error code in the error of a call. */
export function callErrorNumber(code: ErrorCode): number {
  return CODES.indexOf(code);
}

/** The error code of a number; one from a later version of the protocol is read as `fallback`. */
export function errorCode(number: number, fallback: ErrorCode): ErrorCode {
  return CODES[number] ?? fallback;
}

/** The UTF-8 bytes of a text, cut between two characters to at most `maxBytes`. */
export function errorText(
  text: string,
  maxBytes: number = MAX_ERROR_TEXT_BYTES,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.min(text.length * 3, maxBytes));
  const { written } = encoder.encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/** The text of a goodbye, as it is sent. */
export function goodbyeText(text: string): Uint8Array<ArrayBuffer> {
  return errorText(text, MAX_GOODBYE_TEXT_BYTES);
}

/** The text of a cancel's reason, as it is sent. */
export function reasonText(reason: unknown): Uint8Array<ArrayBuffer> {
  return errorText(textOf(reason));
}

/**
 * Writes the payload of an error frame: u8 outcome, u8 flags (1: detail, 2:
 * name, 4: metadata), u16 text length, the text, u8 name length, the name, the
 * metadata, the detail. A detail of more than {@linkcode
 * MAX_ERROR_DETAIL_BYTES} is left out.
 *
 * @param error Its `remoteName` is sent unless it is the usual one.
 * @param detail The detail's bytes, already encoded, or `null`.
 * @param maxTextBytes How much of the text is sent at most, in UTF-8. Default: 4,096.
 * @param metadata Both blocks of the answer's metadata. Default: none.
 */
export function writeError(
  writer: ByteWriter,
  error: InternodeError,
  detail: Uint8Array | null,
  maxTextBytes: number = MAX_ERROR_TEXT_BYTES,
  metadata: Uint8Array | null = null,
): void {
  const { outcome, message, remoteName = USUAL_NAME } = error;
  const text = errorText(message, maxTextBytes);
  const name = remoteName === USUAL_NAME ? null : errorText(remoteName, MAX_ERROR_NAME_BYTES);
  const told = detail !== null && detail.length <= MAX_ERROR_DETAIL_BYTES ? detail : null;
  writer.ensure(HEAD_BYTES);
  const { view, position } = writer;
  view.setUint8(position, OUTCOMES.indexOf(outcome));
  view.setUint8(
    position + 1,
    (told === null ? 0 : FLAG_DETAIL) | (name === null ? 0 : FLAG_NAME) |
      (metadata === null ? 0 : FLAG_METADATA),
  );
  view.setUint16(position + 2, text.length, true);
  writer.position = position + HEAD_BYTES;
  writer.append(text);
  if (name !== null) {
    writer.ensure(1);
    writer.view.setUint8(writer.position++, name.length);
    writer.append(name);
  }
  if (metadata !== null) writer.append(metadata);
  if (told !== null) writer.append(told);
}

/** An error frame taken apart. */
export interface WireError {
  /** What happened. */
  readonly code: ErrorCode;
  /** How far the call got. */
  readonly outcome: ErrorOutcome;
  /** The text, safe to show. */
  readonly message: string;
  /** The name of the error that a handler threw; `undefined` if no handler threw. */
  readonly name: string | undefined;
  /** Whether a detail follows in the reader, behind the metadata. */
  readonly hasDetail: boolean;
  /** Whether the answer's metadata follows in the reader. */
  readonly hasMetadata: boolean;
}

/**
 * Reads the payload of an error frame, up to the metadata and the detail.
 *
 * @param number The frame's `code`.
 * @returns The parts; `null` for a malformed payload.
 */
export function readError(number: number, reader: ByteReader): WireError | null {
  if (reader.remaining < HEAD_BYTES) return null;
  const { view, position, bytes } = reader;
  const code = errorCode(number, "HandlerFailed");
  const flags = view.getUint8(position + 1);
  const textAt = position + HEAD_BYTES, textEnd = textAt + view.getUint16(position + 2, true);
  let end = textEnd, name = USUAL_NAME;
  if ((flags & FLAG_NAME) !== 0) {
    if (reader.end <= textEnd) return null;
    end += 1 + view.getUint8(textEnd);
    name = plainText(decoder.decode(bytes.subarray(textEnd + 1, Math.min(end, reader.end))));
  }
  if (reader.end < end) return null;
  reader.position = end;
  return {
    code,
    outcome: OUTCOMES[view.getUint8(position)] ?? "maybeExecuted",
    message: plainText(decoder.decode(bytes.subarray(textAt, textEnd))),
    name: code === "HandlerFailed" ? name : undefined,
    hasDetail: (flags & FLAG_DETAIL) !== 0,
    hasMetadata: (flags & FLAG_METADATA) !== 0,
  };
}

/** The error of a call that the peer has answered with it. */
export function answeredError({ code, message, outcome, name }: WireError): InternodeError {
  return new InternodeError(code, message, {
    origin: "remote",
    // Whatever the peer says, the call was sent.
    outcome: outcome === "notSent" ? "notExecuted" : outcome,
    remoteName: name,
    remoteMessage: name === undefined ? undefined : message,
  });
}

/** Reads the text of a goodbye or cancel frame, safe to show; bytes that are not UTF-8 become U+FFFD. */
export function readText(reader: ByteReader): string {
  const end = Math.min(reader.end, reader.position + MAX_ERROR_TEXT_BYTES);
  return plainText(decoder.decode(reader.bytes.subarray(reader.position, end)));
}

/** The error that ends a connection whose peer broke the protocol. */
export function protocolError(message: string): InternodeError {
  return new InternodeError("ProtocolError", message, {
    origin: "remote",
    outcome: "maybeExecuted",
  });
}

/** A batch that ends too early. */
export function frameCutShort(): InternodeError {
  return protocolError("The peer sent a batch that ends within a frame's header.");
}

/** A frame that ends beyond its batch. */
export function frameTooLong(length: number): InternodeError {
  return protocolError(`The peer sent a frame of ${length} bytes that ends beyond its batch.`);
}

/** The error that ends a connection because handling received bytes failed: a fault of the peer or of this side. */
export function receivingFailed(cause: unknown): InternodeError {
  if (isOwnError(cause)) return cause;
  return new InternodeError("ProtocolError", `Receiving failed: ${sentence(textOf(cause))}`, {
    origin: "local",
    outcome: "maybeExecuted",
    cause,
  });
}

/** The error that ends a connection that was lost. */
export function disconnected(message: string, origin: "network" | "remote"): InternodeError {
  return new InternodeError("Disconnected", message, { origin, outcome: "maybeExecuted" });
}

/** Whether a channel failed as a dial may: it was given out before the other end had accepted this side. */
export function isDialFailure(error: unknown): error is InternodeError {
  return isOwnError(error) && (error.code === "Unauthenticated" || error.code === "Unreachable");
}

/** The reason that a peer gives when it closes. */
export const PEER_CLOSES = "The peer is closing.";
/** The reason that it gives after the grace time, which callers on its own side read, too. */
export const MANAGER_CLOSED =
  "This manager was closed, and the call did not end within the grace time.";
/** The error of calls to a peer that takes no more from this side. */
export function peerLeaves(reason: "closing" | "unlisted"): InternodeError {
  return reason === "closing"
    ? new InternodeError("Unreachable", PEER_CLOSES, { origin: "remote" })
    : new InternodeError("NotListed", "The peer has taken this host off its list of hosts.", {
      origin: "remote",
    });
}

const REFUSED_HERE = "The handshake was refused by this side: ";

/** The code of a refused connection: the peer has not proven who it is, is not allowed to connect, is not on the list of hosts, which may change, or is dialled by this side instead. */
export type RefusalCode = "Unauthenticated" | "PermissionDenied" | "NotListed" | "GoingAway";

/** Why a peer is refused. */
export interface Refusal {
  /** The code. */
  readonly code: RefusalCode;
  /** The reason. */
  readonly why: string;
}

/** The refusal of a peer that has not proven who it is. `null`, for no reason, stays `null`. */
export function unproven<Why extends string | null>(why: Why): Refusal | Extract<Why, null> {
  return why === null ? why as Extract<Why, null> : { code: "Unauthenticated", why };
}

/** The error that ends a connection that this side refuses. */
export function refusedHere({ code, why }: Refusal): InternodeError {
  return new InternodeError(code, REFUSED_HERE + sentence(why), { origin: "remote" });
}

/**
 * The error that ends a connection after the peer's goodbye.
 *
 * @param number The goodbye's code.
 * @param text Its text, from {@linkcode readText}.
 * @param inHandshake Whether this side is still in the handshake.
 * @param refusedAs The code of a refusal: the number does not distinguish them.
 */
export function endedByPeer(
  number: number,
  text: string,
  inHandshake = false,
  refusedAs: RefusalCode = "PermissionDenied",
): InternodeError {
  const code = errorCode(number, "Disconnected");
  // An acceptor without a secret is done with the handshake before the dialler has checked it.
  if (inHandshake || code === "PermissionDenied") {
    const why = text.startsWith(REFUSED_HERE) ? text.slice(REFUSED_HERE.length) : text;
    const message = `The handshake was refused by the peer: ${sentence(why)}`;
    const isPassing = code === "NotListed" || code === "GoingAway";
    return new InternodeError(isPassing ? code : refusedAs, message, { origin: "remote" });
  }
  if (code === "NotListed") return peerLeaves("unlisted");
  if (code === "Closed") {
    const isUsual = text === "" || text === PEER_CLOSES || text === MANAGER_CLOSED;
    const who = isUsual ? "" : ` It says: ${sentence(text)}`;
    return disconnected(`The peer ended the connection, because it is closing.${who}`, "remote");
  }
  if (code !== "GoingAway") {
    const why = text === "" ? "." : `: ${sentence(text)}`;
    return disconnected(`The peer ended the connection (${code})${why}`, "remote");
  }
  const message = text === "" ? "The peer has replaced this connection by another one." : text;
  return new InternodeError(code, message, { origin: "remote", outcome: "maybeExecuted" });
}

/**
 * The error of a call whose connection has ended.
 *
 * @param error What ended the connection.
 * @param outcome How far the call had got.
 */
export function lostCall(error: InternodeError, outcome: ErrorOutcome): InternodeError {
  const { code, message, origin } = error;
  if (code === "GoingAway") return new InternodeError(code, message, { origin, outcome });
  // These messages already say that the connection has ended.
  const isWhole = code === "Closed" || code === "Disconnected";
  return new InternodeError(
    code === "Closed" ? code : "Disconnected",
    isWhole ? message : `The connection was lost: ${message}`,
    { origin, outcome, cause: error },
  );
}

/**
 * The error of a call that its caller has cancelled.
 *
 * @param number The code of its cancel.
 * @param reason The text of its cancel.
 * @param mayHaveRun Whether a handler may have run: not if the request was incomplete, or waited for a slot of its handler.
 */
export function cancelledByCaller(
  number: number,
  reason: string,
  mayHaveRun: boolean,
): InternodeError {
  const outcome = mayHaveRun ? "maybeExecuted" : "notExecuted";
  return new InternodeError(errorCode(number, "Cancelled"), reason, { origin: "caller", outcome });
}

/** The error of a call of this side whose time has run out. */
export function outOfTime(outcome: ErrorOutcome): InternodeError {
  const message = "The call's time ran out.";
  return new InternodeError("DeadlineExceeded", message, { origin: "network", outcome });
}

/** The error of a call whose time has run out on the side that serves it. */
export function timeIsUp(hasBegun: boolean): InternodeError {
  const message = hasBegun
    ? "The call's time ran out while its handler was running."
    : "The call's time ran out while it waited for a free slot of its handler (concurrency).";
  const outcome = hasBegun ? "executed" : "notExecuted";
  return new InternodeError("DeadlineExceeded", message, { origin: "remote", outcome });
}

/** The error of a call whose bytes were changed before they were sent. */
export function payloadLost(origin: ErrorOrigin, outcome: ErrorOutcome): InternodeError {
  return new InternodeError(
    "InvalidPayload",
    "The bytes could not be sent, because their buffer was transferred or shrunk while they waited. " +
      "Do not change the buffer until the call has ended, or pass a copy.",
    { origin, outcome },
  );
}

/** The message for a call of an unknown handler. */
export function noHandler(name: string, subroute: string): string {
  const where = subroute === "" ? "" : ` for subroute ${quoted(subroute)}`;
  return `There is no handler ${quoted(name)}${where} here.`;
}

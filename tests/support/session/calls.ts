/** Calls, streams and handlers that note what happens to them. */

import { assertEquals } from "@std/assert";
import type { Codec } from "../../../lib/codec/format/codec.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { AcceptedStream } from "../../../lib/session/calls/accepted_stream.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";
import { IncomingCall } from "../../../lib/session/calls/incoming_call_table.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import type { AnswerMetadata } from "../../../lib/session/frames/answer_metadata.ts";
import type { Metadata } from "../../../lib/session/frames/metadata.ts";
import { OpenedStream } from "../../../lib/session/calls/opened_stream.ts";
import { OutgoingCall } from "../../../lib/session/sending/outgoing_call_table.ts";
import type { Responder } from "../../../lib/session/calls/responder.ts";
import type { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { PayloadKind } from "../../../lib/wire/frame.ts";

/** A payload: bytes, null or absent. */
export type Payload = Uint8Array | null | undefined;

/** Payloads that travel as they are. */
export const rawCodec: Codec<Payload> = {
  raw: true,
  optional: true,
  nullable: true,
  encode: (value, writer) => writer.append(value!),
  decode: (reader) => reader.takeBytes(reader.remaining),
};

/** The same bytes, but written by the codec into the batch, as records are. */
export const encodedCodec: Codec<Payload> = { ...rawCodec, raw: false };

/** A codec that fails in the middle of its work. */
export const failingCodec: Codec<Payload> = {
  encode(_value, writer): void {
    writer.append(new Uint8Array(100));
    throw new InternodeError("InvalidPayload", "age must be a number", { origin: "caller" });
  },
  decode: rawCodec.decode,
};

export function takePayload(kind: number, reader: ByteReader): Payload {
  if (kind === PayloadKind.null) return null;
  if (kind === PayloadKind.absent) return undefined;
  return reader.takeBytes(reader.remaining).slice();
}

/** Bytes that tell their own place and whose they are. */
export function numbered(count: number, first = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = (first + at) % 251;
  return bytes;
}

/** A single request that notes how it ends, and that it does so once. */
export class TestCall extends OutgoingCall {
  endings = 0;
  response: Payload;
  error: InternodeError | null = null;
  detail: Uint8Array | null = null;
  readonly metadata: AnswerMetadata[] = [];
  onDone: () => void = () => {};

  constructor(deadlineMs = Infinity) {
    super();
    this.time = new CallTime(0, deadlineMs);
  }

  get done(): boolean {
    return this.endings > 0;
  }

  override onMetadata(metadata: AnswerMetadata): void {
    assertEquals(this.endings, 0, "metadata comes before the end");
    this.metadata.push(metadata);
  }

  override onResponse(kind: number, reader: ByteReader): void {
    assertEquals(++this.endings, 1, "a call ends once");
    this.response = takePayload(kind, reader);
    this.onDone();
  }

  override onError(error: unknown, detail: ByteReader | null): void {
    assertEquals(++this.endings, 1, "a call ends once");
    this.error = error as InternodeError;
    this.detail = detail === null ? null : detail.takeBytes(detail.remaining);
    this.onDone();
  }
}

/** A stream's caller. Reads at once unless `autoRead` is off. */
export class TestStream extends OpenedStream {
  autoRead = true;
  opened = 0;
  endings = 0;
  readonly received: Payload[] = [];
  /** Each with how many messages had come before. */
  readonly metadata: { readonly all: AnswerMetadata; readonly received: number }[] = [];
  readonly #unread: number[] = [];
  error: InternodeError | null = null;
  onDone: () => void = () => {};
  now: () => number = () => 0;

  constructor(deadlineMs = Infinity) {
    super();
    this.time = new CallTime(0, deadlineMs);
  }

  get done(): boolean {
    return this.endings > 0;
  }

  override onOpened(): void {
    assertEquals(++this.opened, 1, "a stream opens once");
  }

  override onMetadata(all: AnswerMetadata): void {
    assertEquals(this.endings, 0, "nothing comes after the end");
    this.metadata.push({ all, received: this.received.length });
  }

  override onMessage(kind: number, reader: ByteReader): void {
    assertEquals(this.endings, 0, "nothing comes after the end");
    this.#unread.push(reader.remaining);
    this.received.push(takePayload(kind, reader));
    if (this.autoRead) this.read();
  }

  /** Consumes what has come, or so many messages of it. */
  read(count = Infinity): void {
    for (; count > 0 && this.#unread.length > 0; count--) {
      const bytes = this.#unread.shift()!;
      if (this.receive?.consumed(bytes)) this.receive.report(this.now());
    }
  }

  override onEnd(): void {
    assertEquals(++this.endings, 1, "a stream ends once");
    this.onDone();
  }

  override onError(error: unknown): void {
    assertEquals(++this.endings, 1, "a stream ends once");
    this.error = error as InternodeError;
    this.onDone();
  }
}

/** A request whose handler answers later. */
export class TestIncoming extends IncomingCall {
  cancelled: InternodeError | null = null;

  readonly responder: Responder;
  readonly payload: Payload;
  readonly metadata: Metadata;

  constructor(
    responder: Responder,
    id: number,
    deadlineMs: number,
    payload: Payload,
    metadata: Metadata,
  ) {
    super(id, deadlineMs);
    this.responder = responder;
    this.payload = payload;
    this.metadata = metadata;
  }

  override onCancelled(error: InternodeError): void {
    assertEquals(this.cancelled, null, "a handler hears of it once");
    this.cancelled = error;
  }
}

/** A stream's handler. Reads at once unless `autoRead` is off. */
export class TestAccepted extends AcceptedStream {
  autoRead = true;
  ended = 0;
  cancelled: InternodeError | null = null;
  readonly received: Payload[] = [];
  readonly #unread: number[] = [];
  onInput: () => void = () => {};
  now: () => number = () => 0;

  readonly responder: Responder;
  readonly initial: Payload;
  readonly metadata: Metadata;

  constructor(
    responder: Responder,
    id: number,
    deadlineMs: number,
    initial: Payload,
    metadata: Metadata,
  ) {
    super(id, deadlineMs);
    this.responder = responder;
    this.initial = initial;
    this.metadata = metadata;
  }

  override onMessage(kind: number, reader: ByteReader): void {
    assertEquals(this.ended, 0, "nothing comes after the end");
    this.#unread.push(reader.remaining);
    this.received.push(takePayload(kind, reader));
    if (this.autoRead) this.read();
    this.onInput();
  }

  read(count = Infinity): void {
    for (; count > 0 && this.#unread.length > 0; count--) {
      const bytes = this.#unread.shift()!;
      if (this.receive?.consumed(bytes)) this.receive.report(this.now());
    }
  }

  override onEnd(): void {
    assertEquals(++this.ended, 1, "an input ends once");
    this.onInput();
  }

  override onCancelled(error: InternodeError): void {
    assertEquals(this.cancelled, null, "a handler hears of it once");
    this.cancelled = error;
  }
}

/** Answers in the same turn with the same payload. */
export class EchoTarget implements HandlerTarget {
  calls = 0;
  metadata: Metadata[] = [];
  deadlines: number[] = [];

  readonly codec: Codec<Payload>;

  constructor(codec: Codec<Payload> = rawCodec) {
    this.codec = codec;
  }

  onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
  ): void {
    this.calls++;
    this.metadata.push(metadata);
    this.deadlines.push(deadlineMs);
    responder.respond(id, this.codec, takePayload(kind, reader));
  }

  onOpen(responder: Responder, id: number): void {
    const error = new InternodeError("UnknownHandler", "no stream", {
      origin: "caller",
      outcome: "notExecuted",
    });
    responder.respondError(id, error, null);
  }
}

/** Keeps what comes, for the test to answer. */
export class KeepTarget implements HandlerTarget {
  readonly requests: TestIncoming[] = [];
  readonly streams: TestAccepted[] = [];
  autoRead = true;
  onStream: (stream: TestAccepted) => void = () => {};
  onCall: (call: TestIncoming) => void = () => {};
  now: () => number = () => 0;

  onRequest(
    responder: Responder,
    id: number,
    kind: number,
    reader: ByteReader,
    deadlineMs: number,
    metadata: Metadata,
  ): void {
    const payload = takePayload(kind, reader);
    const call = new TestIncoming(responder, id, deadlineMs, payload, metadata);
    responder.acceptCall(call);
    this.requests.push(call);
    this.onCall(call);
  }

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
    const initial = takePayload(kind, reader);
    const stream = new TestAccepted(responder, id, deadlineMs, initial, metadata);
    stream.autoRead = this.autoRead;
    stream.now = this.now;
    responder.acceptStream(stream, outputCredit, inputCredit);
    this.streams.push(stream);
    this.onStream(stream);
  }
}

/** Compares payloads without printing megabytes. */
export function assertPayload(actual: Payload, expected: Payload): void {
  assertEquals(brief(actual), brief(expected));
  if (!actual || !expected) return;
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assertEquals(at, -1, `payloads of ${expected.length} bytes differ at ${at}`);
}

function brief(payload: Payload): string {
  if (payload === null || payload === undefined) return String(payload);
  return `${payload.length} bytes: ${payload.subarray(0, 8).toHex()}`;
}

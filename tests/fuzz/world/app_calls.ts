/**
 * Calls and streams of a side that is fuzzed.
 *
 * @module
 */

import type { InternodeError } from "../../../lib/errors.ts";
import { AcceptedStream } from "../../../lib/session/calls/accepted_stream.ts";
import { IncomingCall } from "../../../lib/session/calls/incoming_call_table.ts";
import { OpenedStream } from "../../../lib/session/calls/opened_stream.ts";
import type { AnswerMetadata } from "../../../lib/session/frames/answer_metadata.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import { OutgoingCall } from "../../../lib/session/sending/outgoing_call_table.ts";
import type { ReceiveHalf } from "../../../lib/session/calls/receive_half.ts";
import type { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { isPayloadOf, lengthOf, streamKey } from "../pattern.ts";

/** What calls tell their side. */
export interface CallEvents {
  /** The session's clock. */
  readonly nowMs: number;
  /** Whether what comes is known to be the pattern's. */
  readonly verifies: boolean;
  /** Something must not have happened. It cannot be thrown, as the session would take it for the peer's fault. */
  breach(message: string): void;
  /** A call of this side has ended. */
  onEnded(): void;
}

/** A request. */
export class FuzzCall extends OutgoingCall {
  endings = 0;

  readonly owner: CallEvents;
  readonly key: number;
  readonly echoes: number | null;

  /**
   * @param key The payload's; the answer of an echo has the same.
   * @param echoes The length that the answer must have; `null` where it is not known.
   */
  constructor(
    owner: CallEvents,
    deadlineMs: number,
    key: number,
    echoes: number | null,
  ) {
    super();
    this.owner = owner;
    this.time = new CallTime(0, deadlineMs);
    this.key = key;
    this.echoes = echoes;
  }

  override onMetadata(metadata: AnswerMetadata): void {
    if (this.endings > 0) this.owner.breach("metadata of a request came after its end");
    void [metadata.headers, metadata.trailers];
  }

  override onResponse(kind: number, reader: ByteReader): void {
    this.end();
    const { owner, key, echoes } = this;
    if (owner.verifies && echoes !== null) {
      const isSame = lengthOf(kind, reader) === echoes && isPayloadOf(key, reader);
      if (!isSame) owner.breach("an answer is not what was sent to be echoed");
    }
    owner.onEnded();
  }

  override onError(): void {
    this.end();
    this.owner.onEnded();
  }

  /** Notes that it has ended. */
  end(): void {
    if (++this.endings > 1) this.owner.breach("a request has ended twice");
  }
}

/** What came of one direction of a stream, and what of it was not read. */
export class Received {
  readonly lengths: number[] = [];
  readonly #unread: number[] = [];

  readonly owner: CallEvents;
  readonly isInput: boolean;

  constructor(owner: CallEvents, isInput: boolean) {
    this.owner = owner;
    this.isInput = isInput;
  }

  /** Notes a message and checks it. */
  take(id: number, kind: number, reader: ByteReader): void {
    const key = streamKey(id, this.isInput, this.lengths.length);
    if (this.owner.verifies && !isPayloadOf(key, reader)) {
      this.owner.breach(
        `message ${this.lengths.length} of a stream has other bytes than were sent`,
      );
    }
    this.lengths.push(lengthOf(kind, reader));
    this.#unread.push(reader.remaining);
  }

  /** Consumes so many messages. */
  read(half: ReceiveHalf | null, count: number): void {
    for (; count > 0 && this.#unread.length > 0; count--) {
      const bytes = this.#unread.shift()!;
      if (half?.consumed(bytes)) half.report(this.owner.nowMs);
    }
  }
}

/** A stream that this side has opened. */
export class FuzzStream extends OpenedStream {
  autoRead = false;
  endings = 0;
  openings = 0;
  endedWell = false;
  hasTrailers = false;
  /** Its id, kept beyond its end. */
  lastId = -1;
  readonly sent: number[] = [];
  readonly received: Received;

  readonly owner: CallEvents;

  constructor(owner: CallEvents, deadlineMs: number) {
    super();
    this.owner = owner;
    this.time = new CallTime(0, deadlineMs);
    this.received = new Received(owner, false);
  }

  override onOpened(): void {
    this.lastId = this.id;
    if (++this.openings > 1) this.owner.breach("a stream has opened twice");
    if (this.endings > 0) this.owner.breach("a stream has opened after its end");
  }

  override onMetadata(metadata: AnswerMetadata): void {
    const { owner, received } = this;
    if (this.endings > 0) owner.breach("metadata of a stream came after its end");
    if (metadata.hasHeaders && received.lengths.length > 0) owner.breach("headers came late");
    const has = metadata.hasHeaders || metadata.hasTrailers;
    if (this.hasTrailers && has) owner.breach("metadata came behind the trailers");
    this.hasTrailers ||= metadata.hasTrailers;
    void [metadata.headers, metadata.trailers];
  }

  override onMessage(kind: number, reader: ByteReader): void {
    if (this.hasTrailers) this.owner.breach("an output came behind the trailers");
    if (this.endings > 0) this.owner.breach("an output came after the end");
    this.received.take(this.id, kind, reader);
    if (this.autoRead) this.received.read(this.receive, Infinity);
  }

  override onEnd(): void {
    this.endedWell = true;
    this.end();
    this.owner.onEnded();
  }

  override onError(): void {
    this.end();
    this.owner.onEnded();
  }

  /** Notes that it has ended. */
  end(): void {
    if (++this.endings > 1) this.owner.breach("a stream has ended twice");
  }
}

/** A request that is answered later. */
export class ServedCall extends IncomingCall {
  cancellations = 0;

  readonly owner: CallEvents;

  constructor(owner: CallEvents, id: number, deadlineMs: number) {
    super(id, deadlineMs);
    this.owner = owner;
  }

  override onCancelled(_error: InternodeError): void {
    if (this.pending) this.owner.breach("a call was cancelled while it was pending");
    if (++this.cancellations > 1) this.owner.breach("a call was cancelled twice");
  }
}

/** A stream of the peer's. */
export class ServedStream extends AcceptedStream {
  autoRead = false;
  echoes = false;
  endings = 0;
  cancellations = 0;
  /** Sends a message of so many bytes back, where it echoes. */
  onInput: (length: number) => void = () => {};
  onInputEnd: () => void = () => {};
  readonly sent: number[] = [];
  readonly received: Received;

  readonly owner: CallEvents;

  constructor(owner: CallEvents, id: number, deadlineMs: number) {
    super(id, deadlineMs);
    this.owner = owner;
    this.received = new Received(owner, true);
  }

  override onMessage(kind: number, reader: ByteReader): void {
    if (this.endings > 0 || this.cancellations > 0) {
      this.owner.breach("an input came after the end");
    }
    const length = lengthOf(kind, reader);
    this.received.take(this.id, kind, reader);
    if (this.autoRead) this.received.read(this.receive, Infinity);
    if (this.echoes) this.onInput(length);
  }

  override onEnd(): void {
    if (++this.endings > 1) this.owner.breach("an input has ended twice");
    if (this.echoes) this.onInputEnd();
  }

  override onCancelled(_error: InternodeError): void {
    if (this.pending) this.owner.breach("a stream was cancelled while it was pending");
    if (++this.cancellations > 1) this.owner.breach("a stream was cancelled twice");
  }
}

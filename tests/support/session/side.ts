import type { Refusal } from "../../../lib/session/frames/wire_error.ts";
import { assertEquals } from "@std/assert";
import type { Codec } from "../../../lib/codec/format/codec.ts";
import type { InternodeError } from "../../../lib/errors.ts";
import type { DrainReason } from "../../../lib/session/frames/drain_reason.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";
import type { Metadata } from "../../../lib/session/frames/metadata.ts";
import { Session } from "../../../lib/session/session.ts";
import type { Peer, SessionOptions } from "../../../lib/session/frames/session_options.ts";
import type { SessionDelegate } from "../../../lib/session/calls/session_delegate.ts";
import { BatchReader } from "../../../lib/wire/batch_reader.ts";
import { type Payload, rawCodec, TestCall, TestStream } from "./calls.ts";
import { WALL_MS } from "./options.ts";

/** One session and all that its owner hears. */
export class Side implements SessionDelegate {
  readonly session: Session;
  readonly options: SessionOptions;
  readonly handlers = new Map<string, HandlerTarget>();
  /** What was written and has not arrived: whole batches, or a stream of bytes. */
  readonly transit: Uint8Array[] = [];
  peer: Peer | null = null;
  opened = 0;
  closed: InternodeError | null = null;
  drainingHeard = 0;
  readonly drainReasons: DrainReason[] = [];
  admitted: string[] = [];
  refusal: string | null = null;
  /** Whether the turn ends after each handler. */
  endTurns = false;
  /** How many bytes have left. */
  bytesSent = 0;

  readonly #now: () => number;
  readonly #batches = new BatchReader();
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #copies: Uint8Array[] = [];
  /** What the end of a turn has left over. */
  #rest: { bytes: Uint8Array; at: number; end: number; view: DataView } | null = null;

  constructor(options: SessionOptions, now: () => number, wallMs = WALL_MS) {
    this.options = options;
    this.#now = now;
    this.session = new Session(options, this, now(), wallMs);
  }

  onOutput(): void {}

  checkPeer(name: string): Refusal | null {
    this.admitted.push(name);
    return this.refusal === null ? null : { code: "PermissionDenied", why: this.refusal };
  }

  onOpen(peer: Peer): void {
    this.opened++;
    this.peer = peer;
    this.#batches.open(this.session.batchChecksum);
  }

  resolve(name: string, subroute: string): HandlerTarget | null {
    return this.handlers.get(subroute === "" ? name : `${name}/${subroute}`) ?? null;
  }

  isTurnOver(): boolean {
    return this.endTurns;
  }

  onDraining(reason: DrainReason): void {
    this.drainReasons.push(reason);
    this.drainingHeard++;
  }

  onClosed(error: InternodeError): void {
    assertEquals(this.closed, null, "a session closes once");
    this.closed = error;
  }

  /** Whether a write is under way. */
  get writing(): boolean {
    return this.#pieces.length > 0;
  }

  /** Begins a write. The bytes are on their way from then on. */
  drain(): number {
    if (this.writing) return 0;
    const bytes = this.session.drain(this.#pieces, this.#now());
    this.#copies = this.#pieces.map((piece) => piece.slice());
    this.transit.push(...this.#copies);
    this.bytesSent += bytes;
    assertEquals(bytes, this.#copies.reduce((sum, piece) => sum + piece.length, 0));
    return bytes;
  }

  /** The write is done: what was handed out must not have changed since. */
  written(): void {
    if (!this.writing) return;
    this.#pieces.forEach((piece, index) => {
      const copy = this.#copies[index]!;
      if (piece.length !== copy.length || piece.some((byte, at) => byte !== copy[at])) {
        throw new Error("bytes handed out have changed before recycle");
      }
    });
    this.#pieces = [];
    this.session.recycle();
  }

  /** Takes a whole batch, or goes on with one. */
  receiveBatch(bytes: Uint8Array): void {
    this.#parse(bytes, 0, bytes.length, viewOf(bytes));
  }

  /** Takes bytes of a stream, as many as fit, and says how many. */
  receiveBytes(bytes: Uint8Array): number {
    const space = this.#batches.space();
    const count = Math.min(space.length, bytes.length);
    space.set(bytes.subarray(0, count));
    this.#batches.commit(count);
    this.parse();
    return count;
  }

  /** Parses whole batches that have come. */
  parse(): void {
    try {
      while (this.#rest === null && this.session.state !== "closed" && this.#batches.next()) {
        const { ring, start, end } = this.#batches;
        this.#parse(ring.bytes, start, end, ring.view);
      }
    } catch (error) {
      this.session.close(error as InternodeError, this.#now());
    }
  }

  /** Whether a turn has ended within a batch. */
  get interrupted(): boolean {
    return this.#rest !== null;
  }

  /** The next turn of the reader. */
  resume(): void {
    const rest = this.#rest;
    if (rest === null) return;
    this.#rest = null;
    this.#parse(rest.bytes, rest.at, rest.end, rest.view);
    if (this.options.envelope) this.parse();
  }

  #parse(bytes: Uint8Array, start: number, end: number, view: DataView): void {
    const at = this.session.receive(bytes, view, start, end, this.#now());
    if (at < end) this.#rest = { bytes, at, end, view };
  }

  /** Makes a request. */
  request(
    name: string,
    payload: Payload,
    init: {
      deadlineMs?: number;
      codec?: Codec<Payload>;
      metadata?: Metadata;
      subroute?: string;
      call?: TestCall;
    } = {},
  ): TestCall {
    const call = init.call ?? new TestCall(init.deadlineMs);
    const { outgoing } = this.session, nowMs = this.#now();
    const number = outgoing.nameNumber(name, init.subroute ?? "", nowMs);
    outgoing.request(call, number, init.codec ?? rawCodec, payload, init.metadata ?? null, nowMs);
    return call;
  }

  /** Opens a stream. */
  open(
    name: string,
    initial: Payload,
    init: {
      input?: number;
      output?: number;
      deadlineMs?: number;
      codec?: Codec<Payload>;
      metadata?: Metadata;
      stream?: TestStream;
    } = {},
  ): TestStream {
    const stream = init.stream ?? new TestStream(init.deadlineMs);
    stream.now = this.#now;
    const { outgoing } = this.session, nowMs = this.#now();
    const number = outgoing.nameNumber(name, "", nowMs);
    outgoing.open(
      stream,
      number,
      init.codec ?? rawCodec,
      initial,
      init.metadata ?? null,
      init.input ?? 0,
      init.output ?? 0,
      nowMs,
    );
    return stream;
  }

  /** Cancels a call of this side. */
  cancel(call: TestCall | TestStream, error: unknown = new Error("changed my mind")): void {
    this.session.outgoing.cancel(call, error, "Cancelled", this.#now());
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

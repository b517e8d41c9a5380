/**
 * Drives a session over a stream of bytes.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Peer, SessionOptions } from "../session/session_options.ts";
import { BatchReader } from "../wire/batch_reader.ts";
import { holdsGoodbye } from "../wire/goodbye.ts";
import type { Clock } from "./clock.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { ByteChannel } from "./transport.ts";

/** A peer that goes on sending so much after the goodbye is heard no more. */
const MAX_LATE_BYTES = 4 * 1024 * 1024;

/** A session on a {@linkcode ByteChannel}: one read and one write under way at a time. */
export class ByteLink extends Link {
  readonly #channel: ByteChannel;
  readonly #batches = new BatchReader();
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #piece = 0;
  /** Whether the peer has said goodbye after this side did. */
  #peerIsDone = false;
  /** How much has come since this side's goodbye. */
  #lateBytes = 0;
  /** Where the batch goes on that the end of a turn has interrupted; -1: there is none. */
  #resumeAt = -1;

  /** */
  constructor(
    channel: ByteChannel,
    options: SessionOptions,
    owner: LinkOwner,
    clock: Clock,
    inlineHandlerUs: number,
  ) {
    super(options, owner, clock, channel, inlineHandlerUs);
    this.#channel = channel;
    this.#read();
  }

  /** From the next batch on, checksums count. */
  override onOpen(peer: Peer): void {
    this.#batches.open(this.session.batchChecksum);
    super.onOpen(peer);
  }

  #read(): void {
    const space = this.#batches.ring.space(this.#batches.wanted);
    this.#channel.read(space).then(this.#onRead, this.#onReadError);
  }

  readonly #onRead = (count: number | null): void => {
    if (this.gone) return;
    if (count === null) return this.lose("The peer closed the connection.");
    this.bytesReceived += count;
    this.news = true;
    this.#batches.ring.commit(count);
    if (this.session.state === "closed") {
      // A socket closed with unread bytes resets, and the goodbye would be lost with it: read on until the peer leaves.
      this.#peerIsDone ||= this.#hearsGoodbye();
      this.#lateBytes += count;
      if (this.#lateBytes > MAX_LATE_BYTES) return this.leave();
      if (!this.#leaveWhenBothAreDone()) this.#read();
      return;
    }
    this.#parse();
  };

  /** Whether the peer, too, has said its last word. */
  #hearsGoodbye(): boolean {
    const batches = this.#batches;
    try {
      while (batches.next()) {
        if (holdsGoodbye(batches.ring.view, batches.start, batches.end)) return true;
      }
      return false;
    } catch {
      return true;
    }
  }

  /** When both sides end at the same time, neither may wait for the other to leave first. */
  #leaveWhenBothAreDone(): boolean {
    if (!this.#peerIsDone || this.writing || this.session.hasOutput) return false;
    this.leave();
    return true;
  }

  readonly #onReadError = (error: unknown): void => {
    this.lose(`Reading failed: ${text(error)}`);
  };

  readonly #parse = (): void => {
    if (this.gone) return;
    const batches = this.#batches, session = this.session;
    const nowMs = this.beginTurn();
    this.budget.start(nowMs);
    try {
      while (session.state !== "closed") {
        let at = this.#resumeAt;
        if (at < 0) {
          if (!batches.next()) break;
          at = batches.start;
        }
        const { bytes, view } = batches.ring;
        at = session.receive(bytes, view, at, batches.end, nowMs);
        if (at < batches.end) {
          this.#resumeAt = at;
          this.clock.defer(this.#parse);
          return;
        }
        this.#resumeAt = -1;
      }
    } catch (error) {
      this.close(error instanceof InternodeError ? error : unexpected(error));
    }
    if (!this.gone) this.#read();
  };

  /** Writes what there is; what comes meanwhile gathers and follows. */
  protected override write(nowMs: number): void {
    const pieces = this.#pieces;
    // From here on, as what leaves may let other messages follow, which must not start a write of their own.
    this.writing = true;
    if (this.session.drain(pieces, nowMs) === 0) {
      this.writing = false;
      return;
    }
    this.#piece = 0;
    this.#channel.write(pieces[0]!).then(this.#onWritten, this.#onWriteError);
  }

  readonly #onWritten = (count: number): void => {
    if (this.gone) return;
    this.bytesSent += count;
    const pieces = this.#pieces;
    const piece = pieces[this.#piece]!;
    if (count < piece.length) pieces[this.#piece] = piece.subarray(count);
    else this.#piece++;
    if (this.#piece < pieces.length) {
      this.#channel.write(pieces[this.#piece]!).then(this.#onWritten, this.#onWriteError);
      return;
    }
    pieces.length = 0;
    this.writing = false;
    this.session.recycle();
    // When that was the goodbye, the peer closes as soon as it has read it; the link's timer bounds the wait.
    if (this.session.hasOutput) this.beginTurn();
  };

  readonly #onWriteError = (error: unknown): void => {
    this.lose(`Writing failed: ${text(error)}`);
  };

  /** Ends the pending read and write. */
  protected override closeChannel(): void {
    this.#channel.close();
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unexpected(cause: unknown): InternodeError {
  return new InternodeError("ProtocolError", `Receiving failed: ${text(cause)}`, {
    origin: "local",
    outcome: "maybeExecuted",
    cause,
  });
}

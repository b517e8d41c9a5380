/**
 * Drives a session over a stream of bytes.
 *
 * @module
 */

import { isOwnError } from "../foreign/own_error.ts";
import { textOf } from "../foreign/text_of.ts";
import { isCount, NO_COUNT, notPromised, TRANSFERRED } from "./channel_answers.ts";
import { follow, thenOf } from "../foreign/thenable.ts";
import type { Peer, SessionOptions } from "../session/frames/session_options.ts";
import { receivingFailed } from "../session/frames/wire_error.ts";
import { BatchReader } from "../wire/batch_reader.ts";
import { STREAM_MEMORY } from "../wire/lending_pool.ts";
import type { OutgoingCall } from "../session/sending/outgoing_call_table.ts";
import type { Clock } from "../runtime/clock.ts";
import { GoodbyeListener } from "./goodbye_listener.ts";
import { Link, type LinkDelegate } from "./link.ts";
import { type PolledLink, Spinner } from "./spinner.ts";
import type { PollableChannel, SocketPoll } from "../transport/channel/transport.ts";

/**
 * A mark at the place where a read puts the length of a batch, and not a valid
 * length: when it has changed, the read is done. The first byte of a length may
 * look the same. But completed reads are reported before the microtasks in
 * which spins begin, so this is only a second safeguard.
 */
const NOT_READ = 0xffff_ffff, NOT_READ_BYTES = 4;

/** Larger writes go through the runtime even if the socket is polled; later output is gathered until that is done. */
const MOST_SENT_BYTES = 8 * 1024;

/** Polling does not wait for a batch larger than this. */
const POLLED_BATCH_BYTES = 32 * 1024;

/**
 * A session on a {@linkcode ByteChannel}: one read and one write at a time.
 *
 * If its socket is polled too, order is kept as follows. A read that has not
 * completed when a spin begins cannot complete during it, because the runtime
 * runs on this thread; so it gets the bytes after those that were polled. A
 * read that has completed but was not reported yet has overwritten the mark in
 * its buffer; the link then waits for it. And the socket is written to only
 * while the runtime is not writing.
 */
export class ByteLink extends Link implements PolledLink {
  readonly #channel: PollableChannel;
  readonly #batches = new BatchReader();
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #piece = 0;
  /** How long the piece is that is being written. */
  #writtenBytes = 0;
  readonly #goodbye = new GoodbyeListener(this.#batches);
  /** Where the batch continues that the end of a turn interrupted; -1 if there is none. */
  #resumeAt = -1;
  readonly #spinUs: number;
  #socket: SocketPoll | null = null;
  /** `undefined` until it is looked for; `null` if there is none. */
  #spinner: Spinner | null | undefined;
  /** Whether a read is pending. */
  #reading = false;
  #askedBytes = 0;
  /** The offset of the mark in the buffer of the read; -1 if it has none. */
  #markAt = -1;
  #markView: DataView | null = null;
  /** Whether parsing continues in a later turn. */
  #isInterrupted = false;
  /** The result of a read that completed while parsing was interrupted. */
  #held: (() => void) | null = null;
  /** The buffer for polls, until one receives something. */
  #space: Uint8Array<ArrayBuffer> | null = null;
  /** Whether everything that was read is parsed, and the next read follows. */
  #wantsMore = false;

  /** @param spinUs How long to poll for the next request after a response, in microseconds; 0 for no polling. */
  constructor(
    channel: PollableChannel,
    options: SessionOptions,
    delegate: LinkDelegate,
    clock: Clock,
    inlineHandlerUs: number,
    spinUs = 0,
  ) {
    super(options, delegate, clock, channel, inlineHandlerUs);
    this.#channel = channel;
    if ("onProgress" in channel) channel.onProgress = (direction) => this.onProgress(direction);
    this.#spinUs = spinUs;
    if (spinUs > 0) channel.prepareSocket?.();
    this.#read();
  }

  /** Checksums are verified from the next batch on. */
  override onOpen(peer: Peer): void {
    this.#batches.open(this.session.batchChecksum);
    if (this.#spinUs > 0) this.#makeSpinner();
    super.onOpen(peer);
  }

  /** See {@linkcode Link.spinFor}. */
  override spinFor(call: OutgoingCall, spinUs: number): void {
    const spinner = this.#spinner === undefined ? this.#makeSpinner() : this.#spinner;
    spinner?.ask(call, spinUs);
  }

  #makeSpinner(): Spinner | null {
    this.#socket = this.#channel.socket?.() ?? null;
    return this.#spinner = this.#socket === null
      ? null
      : new Spinner(this, this.clock, this.#spinUs);
  }

  /** Whether nothing must come first: a write, interrupted parsing, or a completed read. */
  startPolling(): boolean {
    if (this.gone || this.isBusy || this.writing || this.#isInterrupted) return false;
    if (this.session.state !== "open" || this.session.hasOutput) return false;
    if (!this.#reading || !this.#socket!.isReady) return false;
    const { ring } = this.#batches;
    // Bytes after a part of a batch may look like the mark.
    if (ring.length > 0 || this.#markAt < 0) return false;
    if (this.#markView!.getUint32(this.#markAt) !== NOT_READ) return false;
    if (!ring.hasAside) ring.setAside();
    this.#space = this.#batches.space();
    return true;
  }

  /** See {@linkcode PolledLink}. */
  poll(nowMs: number): number {
    const count = this.#socket!.receive(this.#space!);
    if (count <= 0) return count;
    this.bytesReceived += count;
    this.news = true;
    this.#batches.commit(count);
    if (this.#parse(nowMs)) {
      this.polledReads++;
      return count;
    }
    // The rest of a large batch takes its time.
    if (this.#batches.wanted > POLLED_BATCH_BYTES) return count;
    this.#space = this.#batches.space();
    return -1;
  }

  /** See {@linkcode PolledLink}. A read is under way whenever there are polls. */
  hasBytes(): boolean {
    return this.#socket!.hasBytes();
  }

  /** See {@linkcode PolledLink}. */
  onDeadline(): void {
    this.expire();
  }

  #read(): void {
    if (this.#reading) return;
    const batches = this.#batches, { ring } = batches, at = batches.largeMessage();
    if (at >= 0 && this.session.lends(ring.view, at)) {
      batches.readInto(STREAM_MEMORY.lend(ring.view.getUint32(at + 4, true)));
    }
    const space = batches.space();
    this.#reading = true;
    this.#askedBytes = space.length;
    this.#markAt = -1;
    // In the midst of a batch any bytes may come.
    if (ring.length === 0 && space.length >= NOT_READ_BYTES) {
      this.#markAt = ring.tail;
      this.#markView = ring.view;
      ring.view.setUint32(ring.tail, NOT_READ);
    }
    try {
      const pending = this.#channel.read(space);
      follow(pending, thenOf(pending) ?? notPromised, this.#onRead, this.#onReadError);
    } catch (error) {
      this.fail("Reading from the connection", error);
    }
  }

  readonly #onRead = (count: number | null): void => {
    this.#reading = false;
    if (this.gone) return;
    if (this.#isInterrupted) {
      this.#held = () => this.#onRead(count);
      return;
    }
    if (count === null) return this.lose("The peer closed the connection.");
    if (!isCount(count, this.#askedBytes)) {
      return this.lose(`Reading from the connection failed: ${NO_COUNT}`);
    }
    this.bytesReceived += count;
    this.news = true;
    const { ring } = this.#batches;
    this.#spinner?.onDelivered();
    if (this.#batches.isWithinLarge) this.#expectMore(count);
    if (ring.hasAside) ring.takeBack(count);
    else this.#batches.commit(count);
    if (this.session.state === "closed") {
      // A socket closed with unread bytes resets, and the goodbye would be lost with it: read on until the peer leaves.
      if (this.#goodbye.isTooMuch(count)) return this.leave();
      if (!this.#hearsLastWord()) this.#read();
      return;
    }
    this.#parse();
  };

  #expectMore(count: number): void {
    try {
      this.#channel.expectMore?.(count);
    } catch (error) {
      this.fail("The channel's expectMore", error);
    }
  }

  /** Whether this side leaves now, as both have said their last word. */
  #hearsLastWord(): boolean {
    this.#goodbye.listen();
    return this.#leaveWhenBothAreDone();
  }

  /** When both sides end at the same time, neither may wait for the other to leave first. */
  #leaveWhenBothAreDone(): boolean {
    if (!this.#goodbye.hasHeard || this.writing || this.session.hasOutput) return false;
    this.leave();
    return true;
  }

  readonly #onReadError = (error: unknown): void => {
    if (this.#isInterrupted) this.#held = () => this.#onReadError(error);
    else this.lose(`Reading from the connection failed: ${textOf(error)}`, error);
  };

  /**
   * Parses what has come, and returns whether there was a whole batch.
   *
   * @param readMs When it was read, if the clock was looked at.
   */
  #parse(readMs?: number): boolean {
    this.#isInterrupted = false;
    if (this.gone) return false;
    let hasParsed = false;
    const batches = this.#batches, session = this.session;
    const nowMs = this.beginReading(readMs);
    if (!this.budget.start(nowMs, readMs !== undefined)) {
      this.endReading();
      return this.#goOnLater();
    }
    session.keepalive.onReceived(nowMs);
    try {
      while (session.state !== "closed") {
        let at = this.#resumeAt;
        if (at < 0) {
          if (!batches.next()) break;
          at = batches.start;
          if (this.budget.isSpent) {
            this.#resumeAt = at;
            return this.#goOnLater();
          }
        }
        hasParsed = true;
        const { bytes, view } = batches.ring;
        if (batches.isLarge) batches.looks = session.lends(view, batches.start);
        at = session.receive(bytes, view, at, batches.end, nowMs, batches.payload);
        if (at < batches.end) {
          this.#resumeAt = at;
          return this.#goOnLater();
        }
        this.#resumeAt = -1;
        batches.payload = null;
      }
    } catch (error) {
      if (!isOwnError(error)) this.onFault?.(error);
      this.close(receivingFailed(error));
    } finally {
      this.endReading();
    }
    if (this.gone) return true;
    const held = this.#held;
    this.#held = null;
    if (held !== null) held();
    else if (session.state !== "closed" || !this.#hearsLastWord()) this.#wantsMore = true;
    return hasParsed || session.state === "closed";
  }

  readonly #goOn = (): void => void this.#parse();

  #goOnLater(): true {
    this.#isInterrupted = true;
    this.budget.later(this.#goOn);
    return true;
  }

  /** Reads on: behind what the turn has written, as somebody waits for that. */
  protected override onTurnEnd(turnMs: number): void {
    if (this.#wantsMore) {
      this.#wantsMore = false;
      this.#read();
    }
    if (this.session.state === "open") this.#spinner?.onTurnEnd(turnMs);
  }

  /** Writes what there is; what comes meanwhile gathers and follows. */
  protected override write(nowMs: number): void {
    const pieces = this.#pieces;
    // From here on, as what leaves may let other messages follow, which must not start a write of their own.
    this.writing = true;
    let bytes: number;
    try {
      bytes = this.session.drain(pieces, nowMs);
    } catch (error) {
      // A fault of ours. Without an end everything would wait here for ever.
      return this.fail("Sending over the connection", error);
    }
    if (bytes === 0) {
      this.writing = false;
      return;
    }
    this.#piece = 0;
    const socket = bytes > MOST_SENT_BYTES ? null : this.#socket;
    if (socket === null || !this.#send(socket)) this.#writePiece();
  }

  /** Writes at once; `false`: the socket has no room for all of it, and the rest is to be written by the runtime. */
  #send(socket: SocketPoll): boolean {
    if (!socket.isReady) return false;
    while (this.#piece < this.#pieces.length) {
      const { length } = this.#pieces[this.#piece]!;
      const count = socket.send(this.#pieces[this.#piece]!);
      this.#advance(count, length);
      if (count < length) return false;
    }
    this.#finishWrite();
    return true;
  }

  #writePiece(): void {
    const piece = this.#pieces[this.#piece]!;
    // A user has taken its memory away. Its head has left, and nothing else may follow it.
    if (piece.length === 0) return this.lose(`Writing to the connection failed: ${TRANSFERRED}`);
    this.#writtenBytes = piece.length;
    try {
      const pending = this.#channel.write(piece);
      follow(pending, thenOf(pending) ?? notPromised, this.#onWritten, this.#onWriteError);
    } catch (error) {
      this.fail("Writing to the connection", error);
    }
  }

  /** So many bytes of the piece were written, which had that many. */
  #advance(count: number, length: number): void {
    this.bytesSent += count;
    const piece = this.#pieces[this.#piece]!;
    if (count === length) this.#piece++;
    else if (piece.length > 0) this.#pieces[this.#piece] = piece.subarray(count);
  }

  readonly #onWritten = (count: number): void => {
    if (this.gone) return;
    const length = this.#writtenBytes;
    if (!isCount(count, length)) return this.lose(`Writing to the connection failed: ${NO_COUNT}`);
    this.#advance(count, length);
    if (this.#piece < this.#pieces.length) {
      this.session.keepalive.onTaken(this.clock.now());
      return this.#writePiece();
    }
    this.#finishWrite();
    // Nobody could poll meanwhile.
    if (this.#socket !== null) this.beginTurn();
  };

  #finishWrite(): void {
    const pieces = this.#pieces;
    // One by one, as an array whose length is set to 0 has to grow anew.
    while (pieces.length > 0) pieces.pop();
    this.writing = false;
    this.session.recycle();
    if (this.#leaveWhenBothAreDone()) return;
    // When that was the goodbye, the peer closes as soon as it has read it; the link's timer bounds the wait.
    if (this.session.hasOutput || this.isWatched) this.beginTurn();
  }

  readonly #onWriteError = (error: unknown): void => {
    this.lose(`Writing to the connection failed: ${textOf(error)}`, error);
  };

  /** Ends the pending read and write. */
  protected override closeChannel(): void {
    this.#channel.close();
    const { ended } = this.#channel;
    if (ended === undefined) this.finish();
    else ended.then(this.finish, this.finish);
  }
}

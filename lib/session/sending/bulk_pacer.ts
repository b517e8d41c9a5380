/**
 * How much bulk may be in flight.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { protocolError } from "../frames/wire_error.ts";
import { PathEstimate } from "./path_estimate.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** How much may always be in flight besides small messages, which would have to wait for it. */
const SHARED_BYTES = 128 * 1024;
/** How much may always be in flight while there are no small messages. */
const ALONE_BYTES = 1024 * 1024;
/** How much a piece of a message has at most where it keeps small messages waiting. */
export const SHORT_PIECE_BYTES: number = 64 * 1024;
/** How many times the estimated capacity of the path is tried while there are no small messages, and besides them where trying takes no time. */
const PROBE = 1.5;
/** The same besides small messages over a long distance, where each of them would wait longer by that. */
const FAR_PROBE = 1.08;
/** Besides small messages more is tried in one of this many round trips. */
const PROBE_EACH = 8;
/** How long after the last small message others are expected. */
const EXPECT_MS = 1_000;

/** A frame in flight. */
interface Flight {
  /** The count of all bytes up to its end. */
  readonly endBytes: number;
  readonly sentMs: number;
  /** How many bytes had arrived when it was sent. */
  readonly arrivedBytes: number;
  /** When that was heard, or the time when it was sent if nothing was under way. */
  readonly arrivedMs: number;
  /** Whether most of the room in flight was in use when it was sent. */
  readonly isPaced: boolean;
}

/**
 * Keeps bulk from filling the buffers between the two sides, where small
 * messages would have to wait for megabytes. The peer acknowledges how much has
 * arrived. As much as the path holds may be in flight, by what {@linkcode
 * PathEstimate} has learned, and more while there are no small messages:
 *
 * | the path is    | alone              | besides small messages                      |
 * | -------------- | ------------------ | ------------------------------------------- |
 * | near           | 1.5 times          | once; 1.5 times in each eighth round trip   |
 * | far, growing   | twice or 1.5 times | twice or 1.125 times                        |
 * | far, known     | 1.5 times          | once; 1.08 times in each eighth round trip  |
 * | measured again | half               | half                                        |
 *
 * At least 128 KiB may always be in flight, and alone 1 MiB unless the path is measured again.
 */
export class BulkPacer {
  /** When the last small message was sent; set by its sender. */
  interactiveMs: number = -Infinity;

  #sentBytes: number = DOUBLE_ZERO;
  #arrivedBytes: number = DOUBLE_ZERO;
  /** When that was heard. */
  #arrivedMs: number = DOUBLE_ZERO;
  /** How many bytes had arrived when there was last nothing under way, and when that ended. */
  #begunBytes: number = DOUBLE_ZERO;
  #begunMs: number = DOUBLE_ZERO;
  /** How many bytes might be in flight at the last look; `Infinity` before the first. */
  #roomBytes = Infinity;
  readonly #path = new PathEstimate();
  readonly #flights = new Fifo<Flight>();

  /** How many bytes have arrived in all. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** How many bytes are in flight or not acknowledged. */
  get underWayBytes(): number {
    return this.#sentBytes - this.#arrivedBytes;
  }

  /** How many bytes a piece of a message may have. */
  get pieceBytes(): number {
    return this.#path.isFast ? Infinity : SHORT_PIECE_BYTES;
  }

  /** Whether more may be sent now. */
  isOpen(nowMs: number): boolean {
    this.#roomBytes = this.#roomAt(nowMs);
    return this.underWayBytes < this.#roomBytes;
  }

  #roomAt(nowMs: number): number {
    const path = this.#path, { bytes } = path;
    if (path.isMeasuring) return Math.max(SHARED_BYTES, path.quietBytes);
    if (nowMs - this.interactiveMs >= EXPECT_MS) {
      return Math.max(ALONE_BYTES, (path.isFar ? Math.max(PROBE, path.gain) : PROBE) * bytes);
    }
    if (path.isFar && path.gain > 1) return Math.max(SHARED_BYTES, path.gain * bytes);
    const probes = Math.floor(nowMs / Math.max(1, path.delayMs)) % PROBE_EACH === 0;
    const probe = path.isFar ? FAR_PROBE : PROBE;
    return Math.max(SHARED_BYTES, probes ? probe * bytes : bytes);
  }

  /** A bulk frame is being sent. */
  onSent(bytes: number, nowMs: number): void {
    const isPaced = this.underWayBytes * 2 >= this.#roomBytes;
    if (this.underWayBytes === 0) {
      this.#begunBytes = this.#arrivedBytes;
      this.#begunMs = this.#arrivedMs = nowMs;
    }
    this.#sentBytes += bytes;
    this.#flights.push({
      endBytes: this.#sentBytes,
      sentMs: nowMs,
      arrivedBytes: this.#arrivedBytes,
      arrivedMs: this.#arrivedMs,
      isPaced,
    });
  }

  /** The peer has acknowledged how much has arrived in all, modulo 2³². */
  onArrived(count: number, nowMs: number): void {
    const bytes = count - this.#arrivedBytes | 0;
    // A later acknowledgement may have overtaken this one, which waited in a batch.
    if (bytes <= 0) return;
    if (bytes > this.underWayBytes) {
      throw protocolError("The peer acknowledged more bulk bytes than this side has sent.");
    }
    this.#arrivedBytes += bytes;
    this.#arrivedMs = nowMs;
    let latest: Flight | undefined;
    for (let next = this.#flights.peek(); next !== undefined; next = this.#flights.peek()) {
      if (next.endBytes > this.#arrivedBytes) break;
      latest = this.#flights.shift();
    }
    if (latest !== undefined) this.#learn(latest, nowMs);
  }

  #learn(flight: Flight, nowMs: number): void {
    const delayMs = nowMs - flight.sentMs;
    if (delayMs <= 0) return;
    this.#path.learn({
      nowMs,
      delayMs,
      knownBytes: flight.arrivedBytes,
      knownMs: flight.arrivedMs,
      arrivedBytes: this.#arrivedBytes,
      begunBytes: this.#begunBytes,
      begunMs: this.#begunMs,
      isPaced: flight.isPaced,
    });
  }
}

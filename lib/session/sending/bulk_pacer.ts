/**
 * How much bulk may be in flight.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { protocolError } from "../frames/wire_error.ts";

/** How much may always be in flight besides small messages, which would have to wait for it. */
const SHARED_BYTES = 128 * 1024;
/** How much may always be in flight while there are no small messages. */
const ALONE_BYTES = 1024 * 1024;
/** How many times the estimated capacity of the path is tried, to find out whether it holds more. */
const PROBE = 1.5;
/** Besides small messages this is tried in one of this many round trips. */
const PROBE_EACH = 8;
/** How long after the last small message others are expected. */
const EXPECT_MS = 1_000;
/** How long an estimate of bandwidth or delay is kept, in case the path changes. */
const MEMORY_MS = 10_000;

/** A frame in flight. */
interface Flight {
  /** The count of all bytes up to its end. */
  readonly endBytes: number;
  readonly sentMs: number;
  /** How many bytes had arrived when it was sent. */
  readonly arrivedBytes: number;
}

/**
 * Keeps bulk from filling the buffers between the two sides, where small
 * messages would have to wait for megabytes. The peer acknowledges how much has
 * arrived. As much as the path holds may be in flight, estimated by the best
 * bandwidth and the shortest delay measured recently, and more while there are
 * no small messages. The idea is that of BBR (Cardwell and others, 2016), one
 * layer up.
 */
export class BulkPacer {
  /** When the last small message was sent; set by its sender. */
  interactiveMs: number = -Infinity;

  #sentBytes = 0;
  #arrivedBytes = 0;
  #pathBytes = 0;
  #delayMs = Infinity;
  #delaySinceMs = 0;
  #bytesPerMs = 0;
  #bandwidthSinceMs = 0;
  readonly #flights = new Fifo<Flight>();

  /** How many bytes have arrived in all. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** How many bytes are in flight or not acknowledged. */
  get underWayBytes(): number {
    return this.#sentBytes - this.#arrivedBytes;
  }

  /** Whether more may be sent now. */
  isOpen(nowMs: number): boolean {
    const { underWayBytes } = this;
    if (nowMs - this.interactiveMs >= EXPECT_MS) {
      return underWayBytes < Math.max(ALONE_BYTES, PROBE * this.#pathBytes);
    }
    const probes = Math.floor(nowMs / Math.max(1, this.#delayMs)) % PROBE_EACH === 0;
    return underWayBytes <
      Math.max(SHARED_BYTES, probes ? PROBE * this.#pathBytes : this.#pathBytes);
  }

  /** A bulk frame is being sent. */
  onSent(bytes: number, nowMs: number): void {
    this.#sentBytes += bytes;
    this.#flights.push({
      endBytes: this.#sentBytes,
      sentMs: nowMs,
      arrivedBytes: this.#arrivedBytes,
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
    if (delayMs <= this.#delayMs || nowMs - this.#delaySinceMs > MEMORY_MS) {
      this.#delayMs = delayMs;
      this.#delaySinceMs = nowMs;
    }
    const bytesPerMs = (this.#arrivedBytes - flight.arrivedBytes) / delayMs;
    if (bytesPerMs >= this.#bytesPerMs || nowMs - this.#bandwidthSinceMs > MEMORY_MS) {
      this.#bytesPerMs = bytesPerMs;
      this.#bandwidthSinceMs = nowMs;
    }
    this.#pathBytes = this.#bytesPerMs * this.#delayMs;
  }
}

/**
 * Requests at a fixed rate, and raw messages at the same one.
 *
 * @module
 */

import type { Channel, Connection } from "@internode/grid";
import { echo } from "../rpc/contracts.ts";
import { dialFloor, type FloorHost, writeAll } from "../rpc/floor.ts";
import { type Cpu, cpuSince, ownCpu } from "../support/process_cpu.ts";

/** What is sent at each moment that something is due. */
export type Load = "request" | "raw" | "nothing";

/** What to send, and how often. */
export interface RateOrder {
  readonly load: Load;
  readonly perSecond: number;
  /** Payload, in bytes. */
  readonly size: number;
  readonly seconds: number;
}

/** What came of it, on the side that asks. */
export interface RateMeasured {
  /** How many were sent, and answered. */
  readonly count: number;
  readonly cpu: Cpu;
}

/** Timers come each millisecond at most. */
const LEAST_PAUSE_MS = 1;

/**
 * Sends as many as are due, at the intervals of a timer, and waits for the last answer.
 *
 * @param connection For requests.
 * @param floor For raw messages: what is due at one moment leaves in one write.
 * @param order What to send.
 */
export async function sendAtRate(
  connection: Connection,
  floor: FloorHost,
  { load, perSecond, size, seconds }: RateOrder,
): Promise<RateMeasured> {
  const payload = new Uint8Array(size);
  const raw = load === "raw" ? await RawEcho.dial(floor, size, perSecond) : null;
  let count = 0, answered = 0, failed: unknown = null;
  const onAnswer = (): void => void answered++,
    onError = (error: unknown): void => {
      failed ??= error;
    };
  const send = (due: number): void => {
    if (raw !== null) return raw.send(due);
    if (load === "nothing") return void (answered += due);
    for (let n = 0; n < due; n++) connection.request(echo, payload).then(onAnswer, onError);
  };
  const total = Math.round(perSecond * seconds),
    pauseMs = Math.max(LEAST_PAUSE_MS, 1000 / perSecond);
  const before = ownCpu(), startMs = performance.now();
  while (count < total && failed === null) {
    const due = Math.min(
      total - count,
      Math.floor((performance.now() - startMs) / 1000 * perSecond) - count,
    );
    if (due > 0) {
      count += due;
      send(due);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  while ((raw?.answered ?? answered) < count && failed === null) {
    await new Promise((resolve) => setTimeout(resolve, LEAST_PAUSE_MS));
  }
  const cpu = cpuSince(before);
  raw?.close();
  if (failed !== null) throw failed;
  return { count, cpu };
}

/** Messages over a raw echo. */
class RawEcho {
  answered = 0;
  readonly #channel: Channel;
  readonly #size: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #receivedBytes = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(channel: Channel, size: number, most: number) {
    this.#channel = channel;
    this.#size = size;
    this.#bytes = new Uint8Array(size * most);
  }

  static async dial(floor: FloorHost, size: number, most: number): Promise<RawEcho> {
    const echo = new RawEcho(await dialFloor(floor), size, most);
    echo.#receive();
    return echo;
  }

  send(count: number): void {
    const channel = this.#channel, bytes = this.#bytes.subarray(0, count * this.#size);
    if (channel.kind === "messages") channel.send(bytes);
    else this.#writing = this.#writing.then(() => writeAll(channel, bytes));
  }

  close(): void {
    this.#channel.close();
  }

  #receive(): void {
    const channel = this.#channel;
    if (channel.kind === "messages") {
      channel.start({
        onMessage: (bytes) => this.#onBytes(bytes.length),
        onDrain: () => {},
        onClose: () => {},
      });
      return;
    }
    const into = new Uint8Array(64 * 1024);
    const read = async (): Promise<void> => {
      for (let n = await channel.read(into); n !== null; n = await channel.read(into)) {
        this.#onBytes(n);
      }
    };
    read().catch(() => {});
  }

  #onBytes(count: number): void {
    this.#receivedBytes += count;
    this.answered = Math.floor(this.#receivedBytes / this.#size);
  }
}

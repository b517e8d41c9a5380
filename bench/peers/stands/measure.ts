/**
 * Measures one peer for a moment: so many echoes at a time, each followed by the next.
 *
 * @module
 */

import process from "node:process";
import { keepBusy } from "../../support/keep_busy.ts";
import type { EchoClient } from "./peer.ts";

/** What is asked for again and again. */
export interface Work {
  /** Payload of each request and of its answer, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
}

/** What the asking process is told: to ask for so long. */
export interface Order extends Work {
  /** For how many seconds. */
  readonly seconds: number;
  /** How many requests a second are to be expected. */
  readonly expectedPerSecond: number;
}

/** What comes of starting what echoes. */
export interface ServerStarted {
  /** Why it cannot run here. */
  readonly missing?: string;
  /** Where it is, if it runs. */
  readonly address: string;
}

/** What the asking process saw. */
export interface Moment {
  /** Requests answered. */
  readonly count: number;
  /** How long that took, in seconds. */
  readonly seconds: number;
  /** The middle of the times a request took, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** Processor time of this process, in microseconds. */
  readonly cpuUs: number;
}

/** So many requests a second are timed at most, as reading the clock costs as much as a fast one. */
const TIMED_PER_SECOND = 20_000;

/**
 * Asks for so many seconds.
 *
 * What was seen before decides how many requests are timed: every so-many-th.
 * @throws {Error} if something else comes back than was sent.
 */
export async function measureEchoes(
  client: EchoClient,
  { size, inflight, seconds, expectedPerSecond }: Order,
): Promise<Moment> {
  const payload = Uint8Array.from({ length: size }, (_, index) => index * 31);
  const timedEach = Math.max(1, Math.round(expectedPerSecond / TIMED_PER_SECOND));
  const ask = async (): Promise<void> => {
    const reply = await client.echo(payload);
    if (reply.length !== size) throw new Error(`of ${size} bytes ${reply.length} came back`);
  };
  assertSame(await client.echo(payload), payload);
  const cpu = process.cpuUsage();
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  const { count, times } = await keepBusy(ask, inflight, timedEach, endMs);
  const elapsed = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  return {
    count,
    seconds: elapsed,
    p50Us: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Us: times[Math.floor(times.length * 0.99)] ?? 0,
    cpuUs: user + system,
  };
}

function assertSame(reply: Uint8Array, payload: Uint8Array): void {
  if (reply.length === payload.length && reply.every((byte, at) => byte === payload[at])) return;
  throw new Error("the bytes that came back are not those that were sent");
}

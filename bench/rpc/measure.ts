/**
 * Measures what users call: the public API of a connected node.
 *
 * @module
 */

import type { Connection } from "@internode/grid";
import { client, type ServiceConnection } from "@internode/grid/call";
import { makeLockArgs } from "../support/lock_args.ts";
import { acquire, bulk, Echo, echo, lentEcho, streams } from "./contracts.ts";
import { type Busy, keepBusy, TIMED_EACH } from "../support/keep_busy.ts";
import type { RpcOptions } from "./options.ts";

/** Echoes of this size, and so many of them, keep both directions of a connection busy; they just fit the send budget. */
export const BULK_BYTES = 4 * 1024 * 1024;
export const BULK_IN_FLIGHT = 2;

/** What was measured. */
export interface Measured {
  /** Requests, or messages of streams. */
  readonly count: number;
  /** Requests, or messages of streams, in each second. */
  readonly perSecond: number;
  /** The middle of the times a request took, in microseconds; for streams the time between two messages. */
  readonly p50Us: number;
  /** The same, the slowest hundredth. */
  readonly p99Us: number;
  /** With mode `beside-bulk`: what large requests moved meanwhile, one direction. */
  readonly bulkBytesPerSecond?: number;
}

/** What is called: a node, and a service. */
export interface Callees {
  /** The connection to the node. */
  readonly connection: Connection;
  /** The client of the service. */
  readonly service: ServiceConnection;
}

/** Runs one mode for so many seconds. */
export async function measure(
  callees: Callees,
  options: RpcOptions,
  seconds: number,
): Promise<Measured> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const run = RUNS[options.mode];
  const { count, times, bulkBytes } = await run(callees, options, endMs);
  const elapsed = (performance.now() - startMs) / 1000;
  times.sort((a, b) => a - b);
  return {
    count,
    perSecond: Math.round(count / elapsed),
    p50Us: round(times[Math.floor(times.length * 0.5)] ?? 0),
    p99Us: round(times[Math.floor(times.length * 0.99)] ?? 0),
    ...bulkBytes === undefined ? {} : { bulkBytesPerSecond: Math.round(bulkBytes / elapsed) },
  };
}

interface Run extends Busy {
  readonly bulkBytes?: number;
}

type Runner = (callees: Callees, options: RpcOptions, endMs: number) => Promise<Run>;

const RUNS: { readonly [M in RpcOptions["mode"]]: Runner } = {
  "single": ({ connection }, options, endMs) =>
    runRequests((payload) => connection.request(echo, payload), options, endMs),
  "lent": ({ connection }, options, endMs) =>
    runRequests((payload, into) => connection.request(lentEcho, payload, { into }), options, endMs),
  "typed": ({ connection }, options, endMs) => {
    let next = 0;
    const args = makeLockArgs(LOCK_ARGS, "usual");
    const request = () => connection.request(acquire, args[next++ % LOCK_ARGS]!);
    return runRequests(request, options, endMs);
  },
  "call": ({ service }, options, endMs) => {
    const { echo } = client(Echo, service);
    return runRequests((payload) => echo(payload), options, endMs);
  },
  "beside-bulk": async ({ connection }, options, endMs) => {
    let over = false, bulkBytes = 0;
    const large = new Uint8Array(BULK_BYTES);
    const move = async (): Promise<void> => {
      const into = new Uint8Array(BULK_BYTES);
      for (; !over; bulkBytes += BULK_BYTES) await connection.request(bulk, large, { into });
    };
    const moving = Promise.all(Array.from({ length: BULK_IN_FLIGHT }, move));
    let run: Run;
    try {
      run = await runRequests((payload) => connection.request(echo, payload), options, endMs);
    } finally {
      over = true;
      await moving;
    }
    return { ...run, bulkBytes };
  },
  "stream-out": (callees, options, endMs) => takeAll(callees, options, endMs, false),
  "bytes-out": (callees, options, endMs) => takeAll(callees, options, endMs, true),
  "bytes-byob": async ({ connection }, { size, inflight }, endMs) => {
    const payload = new Uint8Array(size), watch = new Stopwatch(endMs, eachOf(size));
    const { readable } = connection.stream(streams(inflight).out, payload);
    const reader = readable.getReader({ mode: "byob" });
    let bytes = 0, buffer = new Uint8Array(size);
    do {
      const { value } = await reader.read(buffer);
      bytes += value!.length;
      buffer = new Uint8Array(value!.buffer);
    } while (!watch.isOver());
    await reader.cancel();
    return { count: bytes / size, times: watch.times };
  },
  "stream-in": (callees, options, endMs) => sendAll(callees, options, endMs, "in"),
  "bytes-in": (callees, options, endMs) => sendAll(callees, options, endMs, "bytes"),
  "stream-both": async ({ connection }, { size, inflight }, endMs) => {
    const payload = new Uint8Array(size);
    const stream = connection.stream(streams(inflight).both, payload);
    let count = 0, over = false;
    const send = async (): Promise<void> => {
      while (!over) {
        await stream.send(payload);
        count++;
      }
      stream.end();
    };
    const sending = send();
    const watch = new Stopwatch(endMs);
    for await (const _ of stream) {
      count++;
      if (watch.isOver()) over = true;
    }
    await sending;
    return { count, times: watch.times };
  },
};

/** So many different lock arguments are sent. */
const LOCK_ARGS = 64;

/** Takes messages of the handler. */
async function takeAll(
  { connection }: Callees,
  { size, inflight }: RpcOptions,
  endMs: number,
  lendOutputs: boolean,
): Promise<Run> {
  const payload = new Uint8Array(size), watch = new Stopwatch(endMs, eachOf(size));
  let count = 0;
  for await (const _ of connection.stream(streams(inflight).out, payload, { lendOutputs })) {
    count++;
    if (watch.isOver()) break;
  }
  return { count, times: watch.times };
}

/** Sends messages to a handler. */
async function sendAll(
  { connection }: Callees,
  { size, inflight }: RpcOptions,
  endMs: number,
  to: "in" | "bytes",
): Promise<Run> {
  const payload = new Uint8Array(size), watch = new Stopwatch(endMs, eachOf(size));
  const stream = connection.stream(streams(inflight)[to], payload);
  let count = 0;
  do {
    await stream.send(payload);
    count++;
  } while (!watch.isOver());
  stream.end();
  await stream.finished;
  return { count, times: watch.times };
}

/** Every so-many-th message is timed: of large ones each, so that they end in time. */
function eachOf(size: number): number {
  return size < 65_536 ? TIMED_EACH : 1;
}

/** So many at a time, each followed by the next. */
function runRequests(
  request: (payload: Uint8Array, into: Uint8Array) => Promise<unknown>,
  { size, inflight }: RpcOptions,
  endMs: number,
): Promise<Run> {
  const payload = new Uint8Array(size);
  const intos = Array.from({ length: inflight }, () => new Uint8Array(size));
  const ask = (place: number): Promise<unknown> => request(payload, intos[place]!);
  return keepBusy(ask, inflight, inflight === 1 ? 1 : TIMED_EACH, endMs);
}

/** Times the messages of a stream, a few at a time. */
class Stopwatch {
  readonly times: number[] = [];
  readonly #endMs: number;
  #count = 0;
  readonly #each: number;
  #lastMs = performance.now();

  constructor(endMs: number, each: number = TIMED_EACH) {
    this.#endMs = endMs;
    this.#each = each;
  }

  isOver(): boolean {
    if (++this.#count % this.#each !== 0) return false;
    const nowMs = performance.now();
    this.times.push((nowMs - this.#lastMs) * 1000 / this.#each);
    this.#lastMs = nowMs;
    return nowMs >= this.#endMs;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/**
 * Two processes, one connection, the public API: `deno task bench:rpc`.
 *
 * @module
 */

import { measureBareMux } from "./bare_mux.ts";
import { measureFloor, measureRoundTrips } from "./floor.ts";
import { type Callees, measure } from "./measure.ts";
import { readOptions } from "../../tools/command_line/command_line.ts";
import { parseRpcOptions, type RpcOptions, USAGE } from "./options.ts";
import { type RpcPeer, startPeer } from "./peer.ts";

/** What one run of the bench prints. */
export interface RpcResult {
  /** Over what. */
  readonly transport: string;
  /** Requests or streams. */
  readonly mode: string;
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests, or messages of the stream, in flight. */
  readonly inflight: number;
  /** How long was measured. */
  readonly seconds: number;
  /** Requests, or messages, in each second. */
  readonly perSecond: number;
  /** The middle of the times, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** With mode `beside-bulk`: what large requests moved on the same connection meanwhile, one direction. */
  readonly bulkBytesPerSecond?: number;
  /** What a raw echo over the same transport did in the same run, one direction. */
  readonly floorBytesPerSecond: number;
  /** Payload in one direction. */
  readonly bytesPerSecond: number;
  /** The middle of a raw echo's round trips of the same size, one at a time, in microseconds. */
  readonly floorP50Us: number;
  /** Of requests of up to 8 KiB with many in flight, over a stream of bytes: how many a multiplexer that does nothing else made in the same run. */
  readonly bareMuxPerSecond?: number;
  /** With `--paired`: the rate beside that of mode `single`, the middle of the ratios of each two runs that follow one another. */
  readonly ratioToSingle?: number;
}

/** Measures, with a warm-up before and the floor on both sides of it. */
export async function runRpc(options: RpcOptions): Promise<RpcResult> {
  await using peer = await startPeer(options);
  const { transport, mode, size, inflight, seconds } = options;
  await measure(peer, options, Math.min(1, seconds));
  const tripBytes = Math.max(1, Math.min(size, 65_536));
  const floorSeconds = Math.min(1, seconds / 2);
  const floorBefore = await measureFloor(peer.floor, floorSeconds);
  const tripsBefore = await measureRoundTrips(peer.floor, tripBytes, floorSeconds);
  const muxBefore = await bareMux(peer, options, floorSeconds);
  const measured = await measure(peer, options, seconds);
  const muxAfter = await bareMux(peer, options, floorSeconds);
  const paired = options.paired ? { ratioToSingle: await ratioToSingle(peer, options) } : {};
  const floorAfter = await measureFloor(peer.floor, floorSeconds);
  const tripsAfter = await measureRoundTrips(peer.floor, tripBytes, floorSeconds);
  const directions = mode === "stream-both" ? 2 : 1;
  return {
    transport,
    mode,
    size,
    inflight,
    seconds,
    ...measured,
    floorBytesPerSecond: Math.round((floorBefore + floorAfter) / 2),
    bytesPerSecond: Math.round(measured.perSecond * size / directions),
    floorP50Us: Math.round((middle(tripsBefore) + middle(tripsAfter)) / 2 * 10) / 10,
    ...muxBefore === null || muxAfter === null
      ? {}
      : { bareMuxPerSecond: Math.round((muxBefore + muxAfter) / 2) },
    ...paired,
  };
}

/** Larger ones go in pieces by turns, which a bare mux knows nothing of. */
const MAX_MUX_BYTES = 8 * 1024;

function bareMux(
  { floor }: RpcPeer,
  options: RpcOptions,
  seconds: number,
): Promise<number | null> {
  const { mode, size, inflight } = options;
  if (mode !== "single" || inflight === 1 || size > MAX_MUX_BYTES) return Promise.resolve(null);
  return measureBareMux(floor, options, seconds);
}

/** So many pairs of runs, the first of each pair now this mode and now the other. */
const PAIRS = 7;

async function ratioToSingle(callees: Callees, options: RpcOptions): Promise<number> {
  const single: RpcOptions = { ...options, mode: "single" };
  const seconds = options.seconds / 2;
  const rate = async (of: RpcOptions): Promise<number> =>
    (await measure(callees, of, seconds)).perSecond;
  await rate(single);
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const isFirst = pair % 2 === 0;
    const first = await rate(isFirst ? options : single);
    const second = await rate(isFirst ? single : options);
    ratios.push(isFirst ? first / second : second / first);
  }
  ratios.sort((a, b) => a - b);
  return Math.round(ratios[PAIRS >> 1]! * 1000) / 1000;
}

function middle(sorted: Float64Array): number {
  return sorted[sorted.length >> 1] ?? 0;
}

if (import.meta.main) {
  const options = readOptions(USAGE, parseRpcOptions);
  const result = await runRpc(options);
  console.log(options.json ? JSON.stringify(result) : result);
}

/**
 * Two processes, one connection, the public API: `deno task bench:rpc`.
 *
 * @module
 */

import { measureFloor, measureRoundTrips } from "./floor.ts";
import { measure } from "./rpc_measure.ts";
import { parseRpcOptions, type RpcOptions } from "./rpc_options.ts";
import { startPeer } from "./rpc_peer.ts";

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
  /** What a raw echo over the same transport did in the same run, one direction. */
  readonly floorBytesPerSecond: number;
  /** Payload in one direction. */
  readonly bytesPerSecond: number;
  /** The middle of a raw echo's round trips of the same size, one at a time, in microseconds. */
  readonly floorP50Us: number;
}

/** Measures, with a warm-up before and the floor on both sides of it. */
export async function runRpc(options: RpcOptions): Promise<RpcResult> {
  await using peer = await startPeer(options);
  const connection = peer.manager.connection(peer.host);
  const { transport, mode, size, inflight, seconds } = options;
  await measure(connection, options, Math.min(1, seconds));
  const tripBytes = Math.max(1, Math.min(size, 65_536));
  const floorBefore = await measureFloor(peer.floor, Math.min(1, seconds / 2));
  const tripsBefore = await measureRoundTrips(peer.floor, tripBytes, Math.min(1, seconds / 2));
  const measured = await measure(connection, options, seconds);
  const floorAfter = await measureFloor(peer.floor, Math.min(1, seconds / 2));
  const tripsAfter = await measureRoundTrips(peer.floor, tripBytes, Math.min(1, seconds / 2));
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
  };
}

function middle(sorted: Float64Array): number {
  return sorted[sorted.length >> 1] ?? 0;
}

if (import.meta.main) {
  const options = parseRpcOptions(Deno.args);
  const result = await runRpc(options);
  console.log(options.json ? JSON.stringify(result) : result);
}

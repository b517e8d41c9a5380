/**
 * Measures the points of the report's curves.
 *
 * @module
 */

import { type FloorHost, measureFloor, measureRoundTrips } from "../rpc/floor.ts";
import type { ReportRow } from "./row.ts";
import { measure } from "../rpc/measure.ts";
import { defaultRpcOptions, type RpcOptions } from "../rpc/options.ts";
import { startPeer } from "../rpc/peer.ts";

/** What is measured. */
export interface ReportWork {
  /** Over what. */
  readonly transports: readonly RpcOptions["transport"][];
  /** Payloads, in bytes. */
  readonly sizes: readonly number[];
  /** The most requests in flight; each power of two up to it is a point. */
  readonly maxInflight: number;
  /** How long each point takes, half as long for the floor. */
  readonly seconds: number;
}

/** More than this in flight a node refuses unless its limits are raised; that would be another measurement. */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024;
const MAX_WHOLE_BYTES = 64 * 1024;
const MAX_WRITE_BYTES = 256 * 1024;
const WARM_SECONDS = 0.5;

/** Measures all; `told` hears of each transport before it begins. */
export async function measureReport(
  { transports, sizes, maxInflight, seconds }: ReportWork,
  told: (transport: string) => void,
): Promise<ReportRow[]> {
  const rows: ReportRow[] = [];
  for (const transport of transports) {
    told(transport);
    const base = defaultRpcOptions(transport);
    await using peer = await startPeer(base);
    for (const size of sizes) {
      const most = Math.min(maxInflight, Math.floor(MAX_IN_FLIGHT_BYTES / size));
      await measure(peer, { ...base, size, inflight: Math.min(64, most) }, WARM_SECONDS);
      for (let inflight = 1; inflight <= most; inflight *= 2) {
        const measured = await measure(peer, { ...base, size, inflight }, seconds);
        const floorPerSecond = await floorRate(peer.floor, size, inflight, seconds / 2);
        rows.push({
          transport,
          size,
          inflight,
          ...measured,
          floorPerSecond: Math.round(floorPerSecond),
        });
      }
    }
  }
  return rows;
}

/** How many messages' bytes a second the floor carries: in one write if they are few, else in four, so that both directions are busy. */
async function floorRate(
  floor: FloorHost,
  size: number,
  inflight: number,
  seconds: number,
): Promise<number> {
  const bytes = size * inflight;
  if (bytes > MAX_WHOLE_BYTES) {
    const writeBytes = Math.min(bytes >> 2, MAX_WRITE_BYTES);
    return await measureFloor(floor, seconds, bytes, writeBytes) / size;
  }
  const times = await measureRoundTrips(floor, bytes, seconds);
  return times.length * inflight * 1e6 / times.reduce((sum, time) => sum + time, 0);
}

/**
 * Measures the points of the report's curves.
 *
 * @module
 */

import type { ReportRow } from "./row.ts";
import { defaultRpcOptions, type RpcOptions } from "../rpc/options.ts";
import { launcherFor, RpcPair } from "../rpc/peer.ts";

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
    await using launcher = await launcherFor([base]);
    await using pair = await RpcPair.start(base, launcher);
    for (const size of sizes) {
      const most = Math.min(maxInflight, Math.floor(MAX_IN_FLIGHT_BYTES / size));
      await pair.measure({ ...base, size, inflight: Math.min(64, most) }, WARM_SECONDS);
      for (let inflight = 1; inflight <= most; inflight *= 2) {
        const { perSecond, p50Us, p99Us } = await pair.measure(
          { ...base, size, inflight },
          seconds,
        );
        const floorPerSecond = await floorRate(pair, size, inflight, seconds / 2);
        rows.push({
          transport,
          size,
          inflight,
          perSecond,
          p50Us,
          p99Us,
          floorPerSecond: Math.round(floorPerSecond),
        });
      }
    }
  }
  return rows;
}

/** How many messages' bytes a second the floor carries: in one write if they are few, else in four, so that both directions are busy. */
async function floorRate(
  pair: RpcPair,
  size: number,
  inflight: number,
  seconds: number,
): Promise<number> {
  const bytes = size * inflight;
  if (bytes > MAX_WHOLE_BYTES) {
    const writeBytes = Math.min(bytes >> 2, MAX_WRITE_BYTES);
    const floor = await pair.floor({ seconds, inFlightBytes: bytes, writeBytes });
    return floor.bytesPerSecond / size;
  }
  const { count, totalUs } = await pair.roundTrips(bytes, seconds);
  return count * inflight * 1e6 / totalUs;
}

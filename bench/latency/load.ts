/**
 * Loads that a server may see: requests at a rate, of one size or several,
 * alone or beside bulk.
 *
 * @module
 */

import type { SizePart } from "../support/arrivals.ts";
import { makeLockArgs } from "../support/lock_args.ts";
import { type LoadOrder, type LoadResult, runLoad } from "../support/open_loop.ts";
import type { BareMux } from "../rpc/bare_mux.ts";
import { acquire, bulk, echo } from "../rpc/contracts.ts";
import { type FloorHost, measureFloor } from "../rpc/floor.ts";
import { BULK_BYTES, BULK_IN_FLIGHT, type Callees } from "../rpc/measure.ts";

/** All kinds: 64 B, three sizes, 64 B beside echoes of 4 MiB, lock arguments in and a small record out. */
export const LOAD_KINDS = ["small", "mixed", "beside-bulk", "typed"] as const;

/** One of them. */
export type LoadKind = typeof LOAD_KINDS[number];

/** A load of one kind, over the public API or over a bare multiplexer. */
export interface KindOrder extends LoadOrder {
  /** What is asked. */
  readonly kind: LoadKind;
  /** Whether this is the floor. */
  readonly isFloor: boolean;
}

const SMALL: readonly SizePart[] = [[64, 1]];
const MIXED: readonly SizePart[] = [[256, 0.8], [16 * 1024, 0.19], [1024 * 1024, 0.01]];

/** How large requests of a kind are, and how many are under way without a rate: some 1 MiB of them. */
export function sizesOf(kind: LoadKind): Pick<LoadOrder, "sizes" | "inflight"> {
  return kind === "mixed" ? { sizes: MIXED, inflight: 64 } : { sizes: SMALL, inflight: 1024 };
}

/** So many different lock arguments are sent. */
const LOCK_ARGS = 64;
/** After so long raw bytes look whether they are over. */
const RAW_SECONDS = 0.25;

/** Runs a kind over a bare multiplexer. That has no lanes, so bulk goes over a second connection. */
export async function runFloor(
  mux: BareMux,
  floor: FloorHost,
  order: KindOrder,
): Promise<LoadResult> {
  const isBeside = order.kind === "beside-bulk";
  const move = isBeside ? () => measureFloor(floor, RAW_SECONDS, BULK_BYTES) : null;
  return await besides(move, () => runLoad((payload) => mux.request(payload), order, isBeside));
}

/** Runs a kind over the public API. */
export async function runKind({ connection }: Callees, order: KindOrder): Promise<LoadResult> {
  const isBeside = order.kind === "beside-bulk";
  if (order.kind === "typed") {
    const args = makeLockArgs(LOCK_ARGS, "usual");
    return await runLoad(
      (_, index) => connection.request(acquire, args[index % LOCK_ARGS]!),
      order,
    );
  }
  const large = new Uint8Array(isBeside ? BULK_BYTES : 0);
  const move = isBeside ? (into: Uint8Array) => connection.request(bulk, large, { into }) : null;
  return await besides(
    move,
    () => runLoad((payload) => connection.request(echo, payload), order, isBeside),
  );
}

/** Bulk goes on until the load is over. */
async function besides(
  move: ((into: Uint8Array) => Promise<unknown>) | null,
  load: () => Promise<LoadResult>,
): Promise<LoadResult> {
  if (move === null) return await load();
  let over = false;
  const moveAll = async (): Promise<void> => {
    const into = new Uint8Array(BULK_BYTES);
    while (!over) await move(into);
  };
  const moving = Promise.all(Array.from({ length: BULK_IN_FLIGHT }, moveAll));
  try {
    return await load();
  } finally {
    over = true;
    await moving;
  }
}

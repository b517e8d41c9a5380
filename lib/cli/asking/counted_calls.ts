/**
 * What has ended between two readings of a host's figures.
 *
 * @module
 */

import {
  type AdminFigures,
  figuresKey,
  type FiguresResponse,
} from "../../admin/figures_contract.ts";

/** The calls of one handler with one other side, in one direction, that ended between two readings. */
export interface CountedCalls {
  /** What they are of. */
  readonly row: AdminFigures;
  /** How many ended. */
  readonly ended: number;
  /** How many of them failed, by code. */
  readonly failed: ReadonlyMap<string, number>;
}

/**
 * Subtracts an earlier reading from a later one.
 *
 * @returns One entry for each row of the later one; none where the host has begun anew in between.
 */
export function callsBetween(
  before: FiguresResponse,
  after: FiguresResponse,
): readonly CountedCalls[] {
  if (before.instance !== after.instance) return [];
  const earlier = new Map(before.rows.map((row) => [figuresKey(row), row]));
  return after.rows.map((row): CountedCalls => {
    const known = earlier.get(figuresKey(row));
    // Figures of a host that was away for long begin anew.
    const first = known !== undefined && known.ended <= row.ended ? known : undefined;
    const failed = Array.from(
      row.failed,
      ([code, count]) => [code, count - (first?.failed.get(code) ?? 0)] as const,
    );
    return {
      row,
      ended: row.ended - (first?.ended ?? 0),
      failed: new Map(failed.filter(([, count]) => count > 0)),
    };
  });
}

/**
 * One figure of the memory bench.
 *
 * @module
 */

/** What was measured, and what it should be at most. */
export interface MemoryFigure {
  /** Of what. */
  readonly name: string;
  /** Which process. */
  readonly side: string;
  /** What was measured, in bytes. */
  readonly bytes: number;
  /** What it should be at most, in bytes; `null`: nothing was asked of it. */
  readonly targetBytes: number | null;
  /** Whether it is. */
  readonly holds: boolean;
}

/** Judges a figure. */
export function figure(
  name: string,
  side: string,
  bytes: number,
  targetBytes: number | null,
): MemoryFigure {
  const rounded = Math.round(bytes);
  return {
    name,
    side,
    bytes: rounded,
    targetBytes,
    holds: targetBytes === null || rounded <= targetBytes,
  };
}

/**
 * The kinds of history there are.
 *
 * @module
 */

import { playGrid } from "./grid_history.ts";
import { playService } from "./service_history.ts";

/** A kind of history. */
export interface HistoryKind {
  readonly name: string;
  /** Plays one, and gives a digest of what happened. Rejects with what must not have. */
  readonly play: (seed: number) => Promise<string>;
}

/** Both faces, on both kinds of channel. */
export const HISTORIES: readonly HistoryKind[] = [
  { name: "grid, bytes", play: (seed) => playGrid(seed, "bytes") },
  { name: "grid, messages", play: (seed) => playGrid(seed, "messages") },
  { name: "service, bytes", play: (seed) => playService(seed, "bytes") },
  { name: "service, messages", play: (seed) => playService(seed, "messages") },
];

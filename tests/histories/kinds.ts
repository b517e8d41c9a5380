/**
 * The kinds of history there are.
 *
 * @module
 */

import { playMerge } from "./gathering/merge_history.ts";
import { playQuorum } from "./gathering/quorum_history.ts";
import { playGrid } from "./grid_history.ts";
import { playHosts } from "./hosts_history.ts";
import { playLeases } from "./leasing/lease_history.ts";
import { playFollowing } from "./resuming/follow_history.ts";
import { playReplicas } from "./resuming/replica_history.ts";
import { playUpload } from "./resuming/upload_history.ts";
import { playService } from "./service_history.ts";
import { playStore } from "./storing/store_history.ts";
import { playTopic } from "./topics/topic_history.ts";

/** A kind of history. */
export interface HistoryKind {
  readonly name: string;
  /** How many are played by the tests; `main.ts` plays any number. */
  readonly count: number;
  /** Plays one, and gives a digest of what happened. Rejects with what must not have. */
  readonly play: (seed: number) => Promise<string>;
}

/** Both faces, on both kinds of channel; a grid whose hosts change; and what is made of calls. */
export const HISTORIES: readonly HistoryKind[] = [
  { name: "grid, bytes", count: 125, play: (seed) => playGrid(seed, "bytes") },
  { name: "grid, messages", count: 125, play: (seed) => playGrid(seed, "messages") },
  { name: "service, bytes", count: 125, play: (seed) => playService(seed, "bytes") },
  { name: "service, messages", count: 125, play: (seed) => playService(seed, "messages") },
  { name: "changing hosts", count: 500, play: playHosts },
  { name: "quorums", count: 200, play: (seed) => playQuorum(seed) },
  { name: "merged streams", count: 200, play: (seed) => playMerge(seed) },
  { name: "leases", count: 200, play: (seed) => playLeases(seed) },
  { name: "resumed streams", count: 200, play: (seed) => playFollowing(seed) },
  { name: "resumed streams, replicas", count: 200, play: (seed) => playReplicas(seed) },
  { name: "resumed uploads", count: 200, play: (seed) => playUpload(seed) },
  { name: "replicated store", count: 200, play: (seed) => playStore(seed) },
  { name: "topics", count: 200, play: (seed) => playTopic(seed) },
];

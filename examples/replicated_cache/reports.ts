/**
 * What a replica is told when it starts, and what it says on its standard output.
 *
 * @module
 */

import type { ReplicaList } from "./replica_list.ts";

/** What a replica is told: the one argument of its process, as JSON. */
export interface ReplicaConfig {
  /** Where to listen; with port 0 anywhere. */
  readonly listen: string;
  /** Where to be listed. */
  readonly list: ReplicaList;
}

/** A line of JSON from a replica. */
export type ReplicaReport =
  /** It is listed, and so it listens. */
  | { readonly report: "ready"; readonly address: string }
  /** It is about to end, and has served so many calls. */
  | { readonly report: "ended"; readonly calls: number };

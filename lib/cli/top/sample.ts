/**
 * What is asked of a host for a live table.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import type { FiguresResponse } from "../../admin/figures_contract.ts";
import type { AdminStatus } from "../../admin/status_contract.ts";
import type { Problem } from "../asking/ask_all.ts";

/** What a host has said at one moment. */
export interface Sample {
  /** When it was asked, by this tool's clock, in milliseconds. */
  readonly atMs: number;
  /** What it is, and how it fares. */
  readonly status: AdminStatus;
  /** Its calls by handler and other side; `null` from a node that does not count them. */
  readonly figures: FiguresResponse | null;
}

/** What is known of a host. */
export interface HostState {
  /** Its URL. */
  readonly host: string;
  /** The earlier sample; `null`: there is none, so that there are no rates. */
  readonly before: Sample | null;
  /** The last sample; `null`: there is none. */
  readonly after: Sample | null;
  /** Why it does not answer; `null`: it does. */
  readonly problem: Problem | null;
}

/**
 * Asks a host.
 *
 * @param nowMs Tells the time of this tool's clock.
 */
export async function takeSample(client: AdminClient, nowMs: () => number): Promise<Sample> {
  const [status, figures] = await Promise.all([
    client.status({ options: false }),
    // A node of an older version has none.
    client.figures().catch(() => null),
  ]);
  return { atMs: nowMs(), status, figures };
}

/**
 * What is known of one node that is asked.
 *
 * @module
 */

import type { AdminCall } from "../../admin/calls_contract.ts";
import type { FiguresResponse } from "../../admin/figures_contract.ts";
import type { AdminStatus } from "../../admin/status_contract.ts";
import type { Health } from "../../operations/health.ts";

/** What a node has answered at one moment. */
export interface Reading {
  /** When it was asked, by the monotonic clock of this process, in milliseconds. */
  readonly askedMs: number;
  /** How long the answer took, in milliseconds. */
  readonly roundTripMs: number;
  /** What it says of itself. */
  readonly status: AdminStatus;
  /** Its calls by handler; `null` if it does not tell. */
  readonly figures: FiguresResponse | null;
  /** Its calls in flight; none if it does not tell. */
  readonly calls: readonly AdminCall[];
  /** Whether it can do its work; `null` if it does not tell. */
  readonly health: Health | null;
}

/** What is known of one node that is asked. */
export interface NodeView {
  /** The URL that it is asked by. */
  readonly host: string;
  /** Its answers, the newest last; at least those of the last seconds. */
  readonly readings: readonly Reading[];
  /** When it answered last, by the monotonic clock, in milliseconds; `null`: never. */
  readonly answeredMs: number | null;
  /** Why the last question failed; `null` if it did not. */
  readonly problem: NodeProblem | null;
}

/** Why a question has no answer. */
export interface NodeProblem {
  /** Whether the answer is only late. */
  readonly isLate: boolean;
  /** In words. */
  readonly message: string;
}

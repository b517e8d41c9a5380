/**
 * What all checks of the logs have in common.
 *
 * @module
 */

import type { NodeEvent } from "../log/log_event.ts";

/** Whose log a line is from. */
export interface Life {
  readonly node: number;
  /** Counts the node's starts, from 1. */
  readonly life: number;
}

/** Looks at all lines of all logs, life by life, and then says what is wrong. */
export interface Check {
  /** Takes the next line of a life's log. */
  take(life: Life, event: NodeEvent): void;
  /** Says what is wrong, one sentence for each violation. */
  finish(): string[];
}

/**
 * How far apart the times of two processes may be, in milliseconds. The order of
 * events in different logs is judged with it. A process whose clock was set by
 * more during the run makes that impossible, which `return_check.ts` tells.
 */
export const SKEW_MS = 5;

/**
 * A machine on the simulated network.
 *
 * @module
 */

import type { ChannelEnd } from "./channel_end.ts";
import type { Link } from "./link.ts";
import type { NodeClock } from "./node_clock.ts";

/** A machine: what of it outlives the process that runs there. */
export class SimulatedHost {
  /** Its canonical host URL. */
  readonly href: string;
  /** The links that leave it. */
  readonly links: Map<SimulatedHost, Link> = new Map();
  /** The ends of its connections, until both ends are over. */
  readonly ends: Set<ChannelEnd> = new Set();
  /** The clock of the process that runs on it; `null` while none does. */
  clock: NodeClock | null = null;
  /** Whether the machine itself is gone, so that not even a refusal comes from it. */
  down = false;
  /** Which side of a partition it is on; 0 when there is none. */
  side = 0;

  /** @param href Its canonical host URL. */
  constructor(href: string) {
    this.href = href;
  }
}

/**
 * A machine on the simulated network.
 *
 * @module
 */

import type { Link, LinkPlace } from "./link.ts";
import type { NodeClock } from "../time/node_clock.ts";

/**
 * How an end stands.
 *
 * ```text
 *            close()                    the process or machine died
 *  open ───────────────▶ closed    open ──────────────────────────▶ vanished
 *    │ RESET or cut                                │ END or RESET from the peer
 *    └─────────────────▶ lost                      └────────────▶ closed
 * ```
 */
export type EndState = "open" | "closed" | "lost" | "vanished";

/**
 * How a node dies:
 *
 * - `close`: the process is killed, the operating system ends its connections in order
 * - `reset`: the process is killed, its connections are reset and unsent bytes lost
 * - `silent`: the machine is gone; nothing tells the peers until it is back
 */
export type CrashKind = "close" | "reset" | "silent";

/** A connection, as its ends know it. */
export interface HostConnection {
  /** Breaks it: both ends hear of it, each in its time, and what was under way is lost. */
  cut(reason: string): void;
  /** Leaves the network when both ends are over; called after each change of an end. */
  retireIfOver(): void;
}

/** One end of a connection, as its machine knows it. */
export interface HostEnd {
  /** The machine at the other end. */
  readonly peer: SimulatedHost;
  /** The connection it is an end of. */
  readonly connection: HostConnection;
  /** How it stands. */
  readonly state: EndState;
  /** The process that holds this end has died; its machine goes on for it, unless it is gone too. */
  vanish(how: CrashKind): void;
}

/** A machine: what of it outlives the process that runs there. */
export class SimulatedHost implements LinkPlace {
  /** Its canonical host URL. */
  readonly href: string;
  /** The links that leave it. */
  readonly links: Map<SimulatedHost, Link> = new Map();
  /** The ends of its connections, until both ends are over. */
  readonly ends: Set<HostEnd> = new Set();
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

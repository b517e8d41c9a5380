/**
 * What happens in virtual time.
 *
 * @module
 */

import type { Timer } from "../../runtime/clock.ts";

/** One thing that will happen. */
export interface SimulatedEvent {
  /** When, in the queue's time. */
  time: number;
  /** Breaks ties: of two events at one time the one scheduled first comes first. */
  sequence: number;
  /** What is called; `null` once it has run or was cancelled. */
  callback: (() => void) | null;
  /** The node it happens to; `null` for the world between the nodes. */
  readonly owner: Freezable | null;
  /** Whether it comes from outside the node, such as arriving bytes. */
  readonly io: boolean;
  /** Its place in the heap or in its window, -1 when it is in neither. */
  place: number;
  /** Its number for {@linkcode EventQueue.cancel}. */
  readonly timer: Timer;
}

/** Something that can be frozen: its events then wait until it thaws. */
export interface Freezable {
  /** Whether its events must wait. */
  readonly frozen: boolean;
  /** Where they wait. */
  readonly parked: SimulatedEvent[];
}

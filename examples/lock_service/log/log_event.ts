/**
 * What the processes of the demo write into their logs.
 *
 * @module
 */

/** An event at a voter: what the proof of exclusion is made from. */
export type VoterEvent =
  /** The voter votes from now on. */
  | { event: "voting"; at: number }
  /** A lease was granted, until `until` unless it is refreshed or released. */
  | { event: "grant"; at: number; key: string; uid: string; write: boolean; until: number }
  /** A lease runs anew, and the token is remembered. */
  | { event: "refresh"; at: number; key: string; uid: string; token: number; until: number }
  | { event: "release"; at: number; key: string; uid: string }
  /** The voter found that a lease had run out. */
  | { event: "expire"; at: number; key: string; uid: string };

/** An event at a replica of the protected register. It is also what a replica reads after a restart. */
export type ReplicaEvent =
  /** Writes with a token older than this are refused from now on. */
  | { event: "fence"; at: number; key: string; token: number }
  /** A write was accepted. */
  | {
    event: "apply";
    at: number;
    key: string;
    fence: number;
    token: number;
    version: number;
    uid: string;
  }
  /** A write was refused for its old token. */
  | { event: "refuse"; at: number; key: string; token: number; floor: number; uid: string };

/** An event at someone who locks, reads and writes. `since` is when the operation began. */
export type OwnerEvent =
  | {
    event: "held";
    at: number;
    since: number;
    key: string;
    uid: string;
    write: boolean;
    token: number;
  }
  | {
    event: "read" | "wrote";
    at: number;
    since: number;
    key: string;
    uid: string;
    token: number;
    version: number;
  };

/** A call over the grid: `call` when it begins, `end` when it has ended, one way or another. */
export type CallEvent =
  | { event: "call"; at: number; id: number; name: string; host: string; boundMs: number }
  | { event: "end"; at: number; id: number; outcome: string };

/** The first and the last line of a process that ended by itself. */
export type LifeEvent =
  | { event: "start"; at: number }
  | { event: "bye"; at: number; clockStepMs: number };

/** What the supervisor did to a node. */
export type SupervisorEvent =
  | { event: "spawn"; at: number; node: number; life: number }
  | { event: "kill"; at: number; node: number; life: number; holding: boolean }
  | { event: "freeze"; at: number; node: number; life: number; holding: boolean }
  | { event: "thaw"; at: number; node: number; life: number };

/** Anything a node logs. */
export type NodeEvent = VoterEvent | ReplicaEvent | OwnerEvent | CallEvent | LifeEvent;

/** Anything that is logged. */
export type LogEvent = NodeEvent | SupervisorEvent;

/** Takes events down, in their order. */
export interface Log<Event extends LogEvent = LogEvent> {
  /** Returns when the event can no longer be lost with the process. */
  write(event: Event): void;
}

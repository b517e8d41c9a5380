/**
 * What the processes of the demo write into their logs.
 *
 * @module
 */

/** Whose lock it is about. */
export interface LockName {
  readonly key: string;
  /** Names this lock of this process; no other lock has the same. */
  readonly uid: string;
  /** Whether others may read at the same time. */
  readonly shared: boolean;
  /** The fencing token. */
  readonly token: number;
}

/** An event at a replica of the protected register. It is also what a replica reads after a restart. */
export type ReplicaEvent =
  /** What comes under tokens older than this is refused from now on, see `fence.ts`. */
  | { event: "fence"; at: number; key: string; token: number; shared: boolean }
  /** A write was accepted that came under the token `fence`. */
  | {
    event: "apply";
    at: number;
    key: string;
    fence: number;
    shared: boolean;
    token: number;
    version: number;
    uid: string;
  }
  /** A write was refused for its old token. */
  | { event: "refuse"; at: number; key: string; token: number; uid: string };

/** An event at someone who locks, reads and writes. `since` is when the operation began. */
export type OwnerEvent =
  | LockName & { event: "held"; at: number; since: number }
  /** It looked, no sooner than at this time, and the lock said that it is held. */
  | LockName & { event: "believed"; at: number }
  /** It found that it had lost the lock. */
  | LockName & { event: "lost"; at: number }
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

/** The first line of a process, that with which it begins to vote, and the last one if it ended by itself. */
export type LifeEvent =
  | { event: "start" | "voting"; at: number }
  | { event: "bye"; at: number; clockStepMs: number };

/** What the supervisor did to a node. */
export type SupervisorEvent =
  | { event: "spawn"; at: number; node: number; life: number }
  | { event: "kill"; at: number; node: number; life: number; holding: boolean }
  | { event: "freeze"; at: number; node: number; life: number; holding: boolean }
  | { event: "thaw"; at: number; node: number; life: number };

/** Anything a node logs. */
export type NodeEvent = ReplicaEvent | OwnerEvent | CallEvent | LifeEvent;

/** Anything that is logged. */
export type LogEvent = NodeEvent | SupervisorEvent;

/** Takes events down, in their order. */
export interface Log<Event extends LogEvent = LogEvent> {
  /** Returns when the event can no longer be lost with the process. */
  write(event: Event): void;
}

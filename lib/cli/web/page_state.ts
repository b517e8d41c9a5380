/**
 * What the live page is told, as JSON: no `NaN` and no `Infinity`, `null` stands
 * for what is not known.
 *
 * @module
 */

/**
 * How a node fares:
 *
 * - `up`: answers, and is ready
 * - `warning`: answers, and something is wrong
 * - `silent`: has not answered for some time
 * - `down`: cannot be reached
 * - `waiting`: was not reached yet
 * - `unasked`: known from others alone
 */
export type NodeState =
  | "up"
  | "warning"
  | "silent"
  | "down"
  | "waiting"
  | "unasked";

/** A node, a server, or whoever is at the other end of their connections. */
export interface PageNode {
  /** Its name, or the URL that it is asked by; each once. */
  readonly id: string;
  /** What it is: `"grid"`, `"server"`, or `"other"` for whoever is not asked. */
  readonly kind: string;
  /** How it fares. */
  readonly state: NodeState;
  /** What is wrong, each a sentence. */
  readonly problems: readonly string[];
  /** How long ago it answered, in milliseconds. */
  readonly answeredMs: number | null;
  /** How long a question and its answer take, in milliseconds. */
  readonly roundTripMs: number | null;
  /** What it has said of itself last. */
  readonly facts: NodeFacts | null;
  /** How its calls went lately; `null` while it does not answer. */
  readonly rates: NodeRates | null;
}

/** What a node says of itself. */
export interface NodeFacts {
  /** The version of this package that it runs. */
  readonly version: string;
  /** Its runtime's name and version. */
  readonly runtime: string;
  /** The number of its process. */
  readonly processId: number;
  /** How long ago it was made, in milliseconds. */
  readonly uptimeMs: number;
  /** `"open"`, `"closing"` or `"closed"`. */
  readonly phase: string;
  /** From which level on it logs. */
  readonly logLevel: string;
  /** Where it listens. */
  readonly addresses: readonly string[];
  /** How many of its peers are connected. */
  readonly connected: number;
  /** How many peers or clients it has. */
  readonly remotes: number;
  /** How late 99 of 100 turns of its event loop were at most, in milliseconds. */
  readonly loopDelayMs: number | null;
  /** The memory of its process, in bytes. */
  readonly memoryBytes: number;
  /** When its first certificate ends, in milliseconds since 1970; `null` without one. */
  readonly certificateMs: number | null;
  /** How many calls of its own have not ended. */
  readonly callsOut: number;
  /** How many calls it serves. */
  readonly callsIn: number;
}

/** How calls went in the last seconds. */
export interface NodeRates {
  /** Calls served a second. */
  readonly perSecond: number;
  /** How many of them failed. */
  readonly errorsPerSecond: number;
  /** What half of them did not exceed, in milliseconds. */
  readonly p50Ms: number | null;
  /** What 99 of 100 of them did not exceed, in milliseconds. */
  readonly p99Ms: number | null;
}

/** Two nodes that know each other, the one whose id is less first. */
export interface PageEdge {
  /** The one node's id. */
  readonly a: string;
  /** The other node's id. */
  readonly b: string;
  /** `"connected"` if a side that answers says so, else what it says, such as `"connecting"`; `"unknown"` if neither side answers. */
  readonly state: string;
  /** Why they are not connected. */
  readonly failure: string;
  /** How long a ping between them takes, in milliseconds. */
  readonly roundTripMs: number | null;
  /** Bytes a second from a to b. */
  readonly sentBytes: number;
  /** Bytes a second from b to a. */
  readonly receivedBytes: number;
}

/** One handler, on one node or on all. */
export interface PageHandler {
  /** The contract's name. */
  readonly handler: string;
  /** `"server"` where it is served, `"client"` where it is called. */
  readonly side: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The node; `""` for all together. */
  readonly node: string;
  /** Calls that ended a second. */
  readonly perSecond: number;
  /** How many of them failed. */
  readonly errorsPerSecond: number;
  /** Percentiles in milliseconds; `null` if no call has ended, -1 beyond what is measured. */
  readonly p50Ms: number | null;
  /** See `p50Ms`. */
  readonly p95Ms: number | null;
  /** See `p50Ms`. */
  readonly p99Ms: number | null;
  /** How many have not ended. */
  readonly inFlight: number;
}

/** A call that has not ended. */
export interface PageCall {
  /** The node that tells of it. */
  readonly node: string;
  /** `"outgoing"` or `"incoming"`. */
  readonly direction: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name, with the subroute. */
  readonly handler: string;
  /** The other side. */
  readonly host: string;
  /** Where it stands. */
  readonly state: string;
  /** How old it is, in milliseconds. */
  readonly ageMs: number;
  /** How much of its time is left, in milliseconds; `null` without a time-out. */
  readonly leftMs: number | null;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  /** Messages sent and received; `null` for a single request. */
  readonly messages: readonly [sent: number, received: number] | null;
}

/** Figures of one moment, of a node or of all: what charts draw. */
export interface ChartPoint {
  /** The wall clock of this tool, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Calls served a second. */
  readonly perSecond: number | null;
  /** How many of them failed. */
  readonly errorsPerSecond: number | null;
  /** What 99 of 100 of them did not exceed, in milliseconds; the slowest node's. */
  readonly p99Ms: number | null;
  /** How late the event loop was, in milliseconds; the slowest node's. */
  readonly loopDelayMs: number | null;
}

/** Points of one node; `""` stands for all nodes. */
export type Charts = Readonly<Record<string, readonly ChartPoint[]>>;

/** What is known at one moment. */
export interface PageState {
  /** Tells it from other messages. */
  readonly type: "state";
  /** The wall clock of this tool, in milliseconds since 1970. */
  readonly timeMs: number;
  /** How many nodes are asked. */
  readonly asked: number;
  /** Nodes, those that are asked first. */
  readonly nodes: readonly PageNode[];
  /** How many others there are that are not among `nodes`. */
  readonly hiddenNodes: number;
  /** Connections. */
  readonly edges: readonly PageEdge[];
  /** Handlers, of all nodes together and of each. */
  readonly handlers: readonly PageHandler[];
  /** The calls in flight that have taken longest. */
  readonly calls: readonly PageCall[];
  /** How many calls in flight there are. */
  readonly callsInFlight: number;
  /** The points that are new since the message before; all of the last minutes in the first one. */
  readonly charts: Charts;
}

/** A call that has ended. */
export interface PageTrace {
  /** When, by the node's wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The node that tells of it. */
  readonly node: string;
  /** `"outgoing"` or `"incoming"`. */
  readonly direction: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name, with the subroute. */
  readonly handler: string;
  /** The other side. */
  readonly host: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** How it ended: `null` for success, else the error's code. */
  readonly error: string | null;
}

/** Calls that have ended since the message before. */
export interface PageTraces {
  /** Tells it from other messages. */
  readonly type: "trace";
  /** The calls. */
  readonly calls: readonly PageTrace[];
  /** How many more there were. */
  readonly lost: number;
  /** Which nodes cannot be traced, and why. */
  readonly problems: readonly string[];
}

/** What the server sends. */
export type PageMessage = PageState | PageTraces;

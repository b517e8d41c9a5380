/**
 * What the supervisor and a node tell each other: lines of JSON over the
 * node's standard input and output.
 *
 * @module
 */

/** The first line that a node reads. */
export interface NodeConfig {
  /** The number of the node, from 0. */
  node: number;
  /** The number of this life of the node, from 1. */
  life: number;
  local: string;
  hosts: readonly string[];
  /** The secret all nodes share; `null`: each has a certificate in its folder. It travels this way as arguments can be seen by everyone. */
  secret: string | null;
  /** Where logs are kept. */
  folder: string;
  keys: number;
  workers: number;
  lifetimeMs: number;
  seed: number;
  careless: boolean;
}

/**
 * The further lines: start to use locks; stop that but keep serving; then
 * finish. The end of input means: exit at once.
 */
export type NodeCommand = "work" | "rest" | "finish";

/** The lines that a node prints. */
export type NodeReport =
  /** It listens. */
  | { report: "listening" }
  /** It votes. */
  | { report: "voting" }
  /** One of its workers holds a lock and is about to write; it has written or given up. */
  | { report: "writing" | "written" }
  /** What happened since the last such report, except `locks`, which is how many it holds. */
  | {
    report: "stats";
    calls: [step: number, count: number][];
    locks: number;
    reconnects: number;
  }
  /** None of its workers is running any more. */
  | { report: "resting" };

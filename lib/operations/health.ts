/**
 * Whether nodes, clients and servers can do their work.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { flag, optionsOf, positive, wholeNumber } from "../foreign/option_checks.ts";
import { type Inspectable, inspectionOf } from "../rpc/inspection/inspectable.ts";
import type { Inspection } from "../rpc/inspection/inspection.ts";

/** What is asked of nodes, clients and servers. */
export interface HealthOptions {
  /** How many other nodes each `Manager` must be connected with to be ready. Default: 0, so that the first of a new grid can be ready, and the last of an old one. */
  readonly minPeers?: number | undefined;
  /** How many connections with replicas that are not set aside each client must have to be ready. Default: 1. */
  readonly minReplicas?: number | undefined;
  /** Whether each `Manager` must listen to be ready. Default: `true`; `false` for a node without `listen`, whose connections come through `upgrade`. */
  readonly listening?: boolean | undefined;
  /** How late the event loop may have been at most in the last ten seconds to be alive, in milliseconds. Default: 10,000. */
  readonly maxLoopDelayMs?: number | undefined;
}

/** The answer to one of the two questions. */
export interface HealthVerdict {
  /** Whether all is well. */
  readonly ok: boolean;
  /** Why it is not; empty if all is well. */
  readonly problems: readonly string[];
}

/** Whether nodes, clients and servers can do their work. */
export interface Health {
  /** Whether they should get work: they listen, are connected with enough others, and do not close. */
  readonly ready: HealthVerdict;
  /** Whether the process works at all: if not, it helps to start it again. */
  readonly alive: HealthVerdict;
}

/** The same options, complete. */
export interface HealthBounds {
  /** See {@linkcode HealthOptions}. */
  readonly minPeers: number;
  /** See {@linkcode HealthOptions}. */
  readonly minReplicas: number;
  /** See {@linkcode HealthOptions}. */
  readonly listening: boolean;
  /** See {@linkcode HealthOptions}. */
  readonly maxLoopDelayMs: number;
}

/**
 * Fills in defaults and checks the values.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function healthBounds(given: HealthOptions): HealthBounds {
  const { minPeers = 0, minReplicas = 1, listening, maxLoopDelayMs } = given;
  return {
    minPeers: wholeNumber("minPeers", minPeers, 0),
    minReplicas: wholeNumber("minReplicas", minReplicas, 0),
    listening: flag("listening", listening, true),
    maxLoopDelayMs: positive("maxLoopDelayMs", maxLoopDelayMs, 10_000),
  };
}

/**
 * Looks whether nodes, clients and servers can do their work now.
 *
 * @param faces A `Manager`, clients of `connect`, servers of `serve`.
 * @param options What is asked of them.
 * @returns The two verdicts, each with what is wrong.
 * @throws {InternodeError} `InvalidArgument` for other faces or none, or an option that makes no sense.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { health } from "@internode/grid/operations";
 * import { assertEquals } from "@std/assert";
 *
 * const hosts = ["memory://well-1", "memory://well-2"];
 * await using grid = new Manager({ local: hosts[0]!, hosts });
 * assertEquals(health([grid]).ready.problems, ["memory://well-1 does not listen."]);
 * await grid.listen();
 * assertEquals(health([grid]).ready.ok, true);
 * assertEquals(health([grid], { minPeers: 1 }).ready.problems, [
 *   "memory://well-1 is connected with 0 peers of 1; at least 1 is needed (minPeers).",
 * ]);
 * ```
 */
export function health(faces: readonly Inspectable[], options: HealthOptions = {}): Health {
  const bounds = healthBounds(optionsOf("health", options));
  if (faces.length === 0) {
    throw invalidArgument("health needs a Manager, a client or a server to judge.");
  }
  return healthOf(faces.map((face) => inspectionOf(face)), bounds);
}

/** The same for what was looked up and checked before. */
export function healthOf(faces: readonly Inspection[], bounds: HealthBounds): Health {
  return {
    ready: verdict(faces.flatMap((face) => unready(face, bounds))),
    alive: verdict(faces.flatMap((face) => late(face, bounds))),
  };
}

function verdict(problems: readonly string[]): HealthVerdict {
  return { ok: problems.length === 0, problems };
}

function unready(face: Inspection, bounds: HealthBounds): readonly string[] {
  const who = nameOf(face);
  if (face.phase !== "open") return [`${who} is ${face.phase}.`];
  const problems: string[] = [];
  const listens = face.kind === "server" || face.kind === "grid" && bounds.listening;
  if (listens && face.addresses.length === 0) problems.push(`${who} does not listen.`);
  const shortage = face.kind === "server" ? null : shortageOf(face, bounds);
  if (shortage !== null) problems.push(`${who} ${shortage}`);
  return problems;
}

/** Whether there are too few peers or replicas. */
function shortageOf(face: Inspection, bounds: HealthBounds): string | null {
  const isGrid = face.kind === "grid";
  // A node's connection with itself proves nothing.
  const others = face.remotes().filter(({ host }) => !isGrid || host !== face.name);
  const connected = others.filter(({ state, replica }) =>
    state === "connected" && replica?.isSetAside !== true
  );
  const [least, option, what] = isGrid
    ? [bounds.minPeers, "minPeers", "peers"] as const
    : [bounds.minReplicas, "minReplicas", "replicas that take calls"] as const;
  if (connected.length >= least) return null;
  const verb = least === 1 ? "is" : "are";
  return `is connected with ${connected.length} ${what} of ${others.length}; ` +
    `at least ${least} ${verb} needed (${option}).`;
}

function late(face: Inspection, { maxLoopDelayMs }: HealthBounds): readonly string[] {
  if (face.phase === "closed") return [];
  const { maxMs } = face.loopDelay();
  if (maxMs <= maxLoopDelayMs) return [];
  return [
    `The event loop was held up for ${Math.round(maxMs)} ms within the last ten seconds; ` +
    `at most ${maxLoopDelayMs} ms are allowed (maxLoopDelayMs).`,
  ];
}

function nameOf({ kind, name }: Inspection): string {
  return kind === "grid" ? name : `The ${kind} ${name}`;
}

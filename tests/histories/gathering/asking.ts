/**
 * One gather of a history, and whether what it told is true.
 *
 * @module
 */

import { type HostResult, QuorumError } from "@internode/grid/patterns";

/** What is put in on purpose: quorums that do not meet, a replica that forgets, answers told of the wrong host, outcomes that promise too much, hosts that are left out. */
export type GatherFault =
  | "none"
  | "too few"
  | "forgets"
  | "wrong host"
  | "false outcome"
  | "leaves out";

/** What an answer tells. */
interface Told {
  readonly host: string;
}

/** So much later than its time-out a gather may end. */
const LATE_MS = 1;

/** One gather. */
export class Asking {
  readonly id: number;
  readonly hosts: readonly string[];
  readonly need: number;
  readonly faults: string[] = [];
  /** All results; `null`: they have not come, as its node has died. */
  finished: readonly HostResult<Told>[] | null = null;
  #error: unknown;
  readonly #runs = new Map<string, number>();

  constructor(id: number, hosts: readonly string[], need: number) {
    this.id = id;
    this.hosts = hosts;
    this.need = need;
  }

  /** What the whole was rejected with, if it was. */
  get error(): unknown {
    return this.#error;
  }

  /** A handler has begun. */
  ran(host: string): void {
    this.#runs.set(host, this.runs(host) + 1);
  }

  /** How often the handler has run on a host. */
  runs(host: string): number {
    return this.#runs.get(host) ?? 0;
  }

  /** The whole was decided. */
  onDecided(values: readonly Told[], error: unknown, lateMs: number): void {
    this.#error = error;
    if (lateMs > LATE_MS) this.faults.push(`it took ${lateMs} ms too long`);
    if (error !== undefined) return;
    const hosts = new Set(values.map(({ host }) => host));
    if (hosts.size < this.need) this.faults.push(`${hosts.size} hosts were enough`);
  }
}

/** Throws if a gather ended in a way that cannot be. */
export function judgeAsking(asking: Asking, fault: GatherFault): void {
  const { faults, hosts, error } = asking;
  for (const host of hosts) {
    if (asking.runs(host) > 1) faults.push(`${host} ran ${asking.runs(host)} times`);
  }
  const results = asking.finished === null ? null : spoiled(asking.finished, fault);
  if (results !== null) {
    const ended = results.map(({ host }) => host).sort();
    if (JSON.stringify(ended) !== JSON.stringify(hosts.toSorted())) {
      faults.push(`results of ${ended}`);
    }
    for (const result of results) judgeResult(asking, result);
  }
  if (error instanceof QuorumError && !mayHaveRun(error.outcome)) {
    if (hosts.some((host) => asking.runs(host) > 0)) faults.push(`as a whole ${error.outcome}`);
  }
  if (faults.length > 0) throw new Error(`gather ${asking.id}: ${faults.join("; ")}`);
}

function judgeResult(asking: Asking, result: HostResult<Told>): void {
  const { host } = result, runs = asking.runs(host);
  if (result.ok) {
    if (result.value.host !== host) asking.faults.push(`${host} told ${result.value.host}`);
    if (runs === 0) asking.faults.push(`${host} answered without a run`);
  } else if (!mayHaveRun(result.outcome) && runs > 0) {
    asking.faults.push(`${host} ran, and was ${result.outcome}: ${result.error}`);
  } else if (result.outcome === "executed" && runs === 0) {
    asking.faults.push(`${host} did not run, and was executed: ${result.error}`);
  }
}

function mayHaveRun(outcome: string): boolean {
  return outcome === "executed" || outcome === "maybeExecuted";
}

/** What a gather with that fault would have told. */
function spoiled(
  results: readonly HostResult<Told>[],
  fault: GatherFault,
): readonly HostResult<Told>[] {
  switch (fault) {
    case "wrong host":
      return results.map((result, at) => ({
        ...result,
        host: results[(at + 1) % results.length]!.host,
      }));
    case "false outcome":
      return results.map((result) => result.ok ? result : { ...result, outcome: "notExecuted" });
    case "leaves out":
      return results.filter(({ ok }) => ok);
    default:
      return results;
  }
}

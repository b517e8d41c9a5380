/**
 * The failure of a quorum.
 *
 * @module
 */

import type { ErrorOutcome } from "../../errors.ts";
import { counted, textOf } from "../../foreign/text_of.ts";
import { type HostResult, outcomeOf } from "./host_result.ts";

/** So many hosts are named in the message. */
const NAMED = 8;

/**
 * Fewer hosts than needed have answered well, and it is certain that no more
 * can. The message names each that did not, with code and outcome; `errors` are
 * the errors of those that failed.
 *
 * @example
 * ```ts
 * import { gather, QuorumError } from "@internode/grid/patterns";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const disks = [{ host: "disk-1" }, { host: "disk-2" }, { host: "disk-3" }];
 * const error = await assertRejects(
 *   async () =>
 *     await gather(disks, ({ host }) => {
 *       if (host === "disk-1") return Promise.resolve("a value");
 *       return Promise.reject(new Error("I/O error"));
 *     }, { need: 2 }),
 *   QuorumError,
 * );
 * assertEquals(error.results.map(({ host, ok }) => [host, ok]), [
 *   ["disk-1", true],
 *   ["disk-2", false],
 *   ["disk-3", false],
 * ]);
 * ```
 */
export class QuorumError extends AggregateError {
  /** How many were needed. */
  readonly need: number;
  /** What had come when it was certain, in the order in which it came. Hosts that had not answered by then are not among them. */
  readonly results: readonly HostResult<unknown>[];
  /** How far the calls got together: `notSent` or `notExecuted` only if no handler has run anywhere; `executed` if one has run, at least in part. */
  readonly outcome: ErrorOutcome;

  /**
   * Made by `gather`.
   *
   * @param what What was asked, for people.
   * @param need How many were needed.
   * @param hosts How many there are.
   * @param results What has come.
   * @param isOpen Whether hosts were asked that have not answered.
   */
  constructor(
    what: string,
    need: number,
    hosts: number,
    results: readonly HostResult<unknown>[],
    isOpen: boolean,
  ) {
    const good = results.filter((result) => result.ok && result.accepted).length;
    const bad = results.filter((result) => !(result.ok && result.accepted));
    const told = bad.slice(0, NAMED).map(reasonOf);
    if (bad.length > NAMED) told.push(`and ${bad.length - NAMED} more`);
    const listed = told.length === 0 ? "" : ` ${told.join("; ")}.`;
    super(
      bad.flatMap((result) => result.ok ? [] : [result.error]),
      `${what}: of ${counted(hosts, "host")}, ${need} had to answer well, and no more than ${
        hosts - bad.length
      } can; ${good} did.${listed}`,
    );
    this.name = "QuorumError";
    this.need = need;
    this.results = results;
    const outcome = outcomeOf(results);
    this.outcome = isOpen && outcome !== "executed" ? "maybeExecuted" : outcome;
  }
}

function reasonOf(result: HostResult<unknown>): string {
  const { host } = result;
  if (result.ok) return `${host}: its answer was not accepted`;
  const { code, outcome, error } = result;
  return `${host}: ${code ?? textOf(error)} (${outcome})`;
}

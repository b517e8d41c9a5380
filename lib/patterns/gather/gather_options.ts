/**
 * The options of `gather`.
 *
 * @module
 */

import {
  func,
  invalidOption,
  notNegative,
  optionsOf,
  wholeNumber,
} from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { checkSignal } from "../../foreign/signal.ts";
import type { CallOptions } from "../../rpc/contract/call_options.ts";
import type { Clock } from "../../runtime/clock.ts";
import { clockOf } from "../../runtime/given_clock.ts";
import type { OwnNode } from "./targets.ts";

/**
 * How many are asked at a time, and how many have to answer.
 *
 * @typeParam Value What hosts answer.
 */
export interface QuorumOptions<Value> {
  /**
   * How many hosts have to answer well. As soon as so many have, the whole
   * resolves; as soon as so many cannot any more, it rejects with a
   * `QuorumError`, also at once where there are fewer hosts. Default: 0, it
   * resolves when each host has answered or failed.
   */
  readonly need?: number | undefined;
  /** Whether an answer counts towards `need`. Anything but `true` is a no; what it throws makes that answer a failure. Default: each answer does. */
  readonly accept?: ((value: Value, host: string) => boolean) | undefined;
  /**
   * What becomes of the others once `need` is reached, or cannot be, or
   * whoever iterates leaves: `"cancel"` ends their calls, `"finish"` lets them
   * run to their own end, and asks those, too, that wait for their turn by
   * `concurrency` after `need` was reached. Default: `"cancel"`.
   */
  readonly rest?: "cancel" | "finish" | undefined;
  /**
   * Asks `need` hosts first, in their order; one more as soon as one fails, or
   * its answer does not count; and all others after this time, in milliseconds.
   * Needs `need`. Default: all are asked at once.
   */
  readonly hedgeDelayMs?: number | undefined;
  /** How many hosts are asked at a time. Default: all. */
  readonly concurrency?: number | undefined;
  /**
   * How long it may take in all, in milliseconds: hosts that are asked later
   * have less time. Default: for calls that of the manager or client, for each
   * of them (60,000); 60,000 for functions. `Infinity` for no limit.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends everything at once when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** For simulations. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** What of the options of one call makes sense for many. */
export type SharedCallOptions = Pick<
  CallOptions,
  "metadata" | "spinUs" | "subroute" | "values" | "waitForReady" | "within"
>;

/**
 * Options of `gather` for the hosts of a grid.
 *
 * @typeParam Response What hosts answer.
 */
export interface GatherOptions<Response> extends QuorumOptions<Response>, SharedCallOptions {
  /** The manager of this node, which then is asked, too, through memory, before the others; listed already, it is asked once. Default: none. */
  readonly self?: OwnNode | undefined;
}

/** What a function that asks one target is given. */
export interface AskOptions {
  /** Aborts when its answer is not needed any more. */
  readonly signal: AbortSignal;
  /** How much time is left, in milliseconds; `Infinity` for no limit. After it the target counts as failed, whatever its promise does. */
  readonly timeoutMs: number;
}

/** Options that were checked. */
export interface QuorumPlan<Value> {
  readonly need: number;
  readonly accept: ((value: Value, host: string) => boolean) | undefined;
  readonly finishes: boolean;
  /** `null`: all are asked at once. */
  readonly hedgeDelayMs: number | null;
  readonly concurrency: number;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/**
 * Checks the options.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function quorumPlan<Value>(given: QuorumOptions<Value>): QuorumPlan<Value> {
  const { need = 0, accept, rest = "cancel", hedgeDelayMs, concurrency, timeoutMs, signal, clock } =
    optionsOf("gather", given);
  wholeNumber("need", need, 0);
  if (accept !== undefined) func("accept", accept);
  if (rest !== "cancel" && rest !== "finish") {
    throw invalidOption("rest", `must be "cancel" or "finish", not ${shown(rest)}`);
  }
  if (hedgeDelayMs !== undefined) {
    notNegative("hedgeDelayMs", hedgeDelayMs, 0);
    if (need === 0) throw invalidOption("hedgeDelayMs", "needs option need, of 1 or more");
  }
  if (concurrency !== undefined && concurrency !== Infinity) {
    wholeNumber("concurrency", concurrency, 1);
  }
  if (timeoutMs !== undefined && (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs))) {
    throw invalidOption("timeoutMs", `must be a number, not ${shown(timeoutMs)}`);
  }
  checkSignal(signal);
  for (const name of ["into", "onHeaders", "onTrailers"] as const) {
    if ((given as CallOptions)[name] === undefined) continue;
    throw invalidOption(name, "is for one call, and gather makes many");
  }
  return {
    need,
    accept,
    finishes: rest === "finish",
    hedgeDelayMs: hedgeDelayMs ?? null,
    concurrency: concurrency ?? Infinity,
    timeoutMs,
    signal,
    clock: clockOf(clock),
  };
}

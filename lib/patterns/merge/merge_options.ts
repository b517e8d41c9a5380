/**
 * The options of `mergeStreams`.
 *
 * @module
 */

import type { CallOptions } from "../../rpc/contract/call_options.ts";
import { flag, func, invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { checkSignal } from "../../foreign/signal.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { clockOf } from "../../runtime/given_clock.ts";
import type { SharedCallOptions } from "../gather/gather_options.ts";
import type { OwnNode } from "../gather/targets.ts";

/** What outputs are ordered by: all numbers, all strings (by UTF-16 code units) or all bigints. */
export type OrderKey = number | string | bigint;

/** What becomes of the whole when one stream fails. */
export type OnError = "fail" | "skip";

/**
 * How streams become one.
 *
 * @typeParam Output What hosts send.
 * @typeParam Errors What becomes of the whole when one stream fails.
 */
export interface MergeOptions<Output, Errors extends OnError = OnError> {
  /**
   * The key of an output, by which all come in order. Each stream must give its
   * outputs in that order, or it has failed; where keys are equal, the targets'
   * order counts. Default: outputs come as they arrive.
   */
  readonly orderBy?: ((output: Output) => OrderKey) | undefined;
  /** Whether the order is from the highest key down. Default: `false`. */
  readonly descending?: boolean | undefined;
  /**
   * What becomes of the whole when the stream of one host fails: `"fail"`
   * throws what that stream has failed with, and cancels the others; `"skip"`
   * goes on without that host, and gives its failure in the place of an output.
   * To wait for the host instead, open streams of `resume`. Default: `"fail"`.
   */
  readonly onError?: Errors | undefined;
  /** Ends everything at once when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** For simulations. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** What of the options of one stream makes sense for many. */
export type SharedStreamOptions =
  & Omit<SharedCallOptions, "spinUs">
  & Pick<CallOptions, "timeoutMs">;

/**
 * Options of `mergeStreams` for the hosts of a grid.
 *
 * @typeParam Output What hosts send.
 * @typeParam Errors What becomes of the whole when one stream fails.
 */
export interface GridMergeOptions<Output, Errors extends OnError = OnError>
  extends MergeOptions<Output, Errors>, SharedStreamOptions {
  /** The manager of this node, on which then a stream is opened, too, through memory. Default: none. */
  readonly self?: OwnNode | undefined;
}

/**
 * Options of `mergeStreams` for the replicas of a service.
 *
 * @typeParam Output What replicas send.
 * @typeParam Errors What becomes of the whole when one stream fails.
 */
export interface ServiceMergeOptions<Output, Errors extends OnError = OnError>
  extends MergeOptions<Output, Errors>, Omit<SharedStreamOptions, "subroute"> {}

/** Options that were checked. */
export interface MergePlan<Output> {
  readonly orderBy: ((output: Output) => OrderKey) | null;
  readonly descending: boolean;
  readonly skips: boolean;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/**
 * Checks the options.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function mergePlan<Output>(given: MergeOptions<Output>): MergePlan<Output> {
  const { orderBy, descending, onError = "fail", signal, clock } = optionsOf("mergeStreams", given);
  if (orderBy !== undefined) func("orderBy", orderBy);
  if (onError !== "fail" && onError !== "skip") {
    const wish = (onError as unknown) === "wait" ? "; to wait, open streams of resume" : "";
    throw invalidOption("onError", `must be "fail" or "skip", not ${shown(onError)}${wish}`);
  }
  checkSignal(signal);
  return {
    orderBy: orderBy ?? null,
    descending: flag("descending", descending, false),
    skips: onError === "skip",
    signal,
    clock: clockOf(clock),
  };
}

/**
 * Calls and streams of services that are refused before anything is sent.
 *
 * @module
 */

import { flag, invalidOption, withMethods } from "../../foreign/option_checks.ts";
import { hasAborted, reasonOf, signalProblem } from "../../foreign/signal.ts";
import { shown } from "../../foreign/text_of.ts";
import { callbackProblem } from "../../rpc/calling/answer_callbacks.ts";
import { arrayProblem } from "../../rpc/calling/given_array.ts";
import { lendingProblem } from "../../rpc/calling/lent_outputs.ts";
import { optionProblem } from "../../rpc/contract/call_options.ts";
import { resolveHedge } from "../service/hedge_policy.ts";
import { resolveRetry } from "../service/retry_options.ts";
import type { AnyMethod } from "../service/service.ts";
import type { ServiceCallOptions } from "../service/service_call_options.ts";
import type { ClientCore } from "./client_core.ts";
import { closedError } from "./service_errors.ts";

/** What is wrong with a call before it is sent; `undefined` if nothing is. */
export function refusal(
  core: ClientCore,
  method: AnyMethod,
  options: ServiceCallOptions,
  timeoutMs: number,
): { readonly error: unknown } | undefined {
  const { signal, retry, hedge, balancer, shardKey, idempotent } = options;
  const notSignal = signal === undefined ? null : signalProblem(signal);
  if (notSignal !== null) return { error: notSignal };
  if (hasAborted(signal)) return { error: reasonOf(signal) };
  if (core.isClosing) return { error: closedError(method.contract.name) };
  try {
    if (retry !== undefined) resolveRetry(retry);
    if (hedge !== undefined) resolveHedge(hedge);
    if (balancer !== undefined) withMethods("balancer", balancer, "pick", "update");
    if (shardKey !== undefined) checkShardKey(shardKey);
    if (idempotent !== undefined) flag("idempotent", idempotent, false);
  } catch (error) {
    return { error };
  }
  const error = optionProblem(options, timeoutMs) ??
    arrayProblem(method.contract, options.into) ??
    lendingProblem(method.contract, options.lendOutputs) ??
    callbackProblem(method.contract.kind, options);
  return error === null ? undefined : { error };
}

function checkShardKey(key: unknown): void {
  if (typeof key === "string" || typeof key === "bigint" || Number.isFinite(key)) return;
  const why = `must be a finite number, a bigint or a text, not ${shown(key)}`;
  throw invalidOption("shardKey", why);
}

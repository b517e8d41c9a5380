/**
 * The gate that the options of a handler ask for.
 *
 * @module
 */

import { type NamesOf, strayName } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { AdaptiveConcurrency, HandleOptions } from "../contract/handler.ts";
import { AdaptiveGate } from "./adaptive_gate.ts";
import { ConcurrencyGate } from "./concurrency_gate.ts";

/** How many calls may wait, without and with an adaptive limit. */
const QUEUE = 1_024, ADAPTIVE_QUEUE = 10_240;
/** Where an adaptive limit begins, and where it ends. */
const INITIAL = 20, HIGHEST = 1_000;
/** How long calls may wait then, in milliseconds. */
const WAIT_MS = 100;
const LIMIT_OPTIONS: NamesOf<AdaptiveConcurrency> = {
  min: true,
  max: true,
  initial: true,
  maxWaitMs: true,
};

/**
 * Makes a gate.
 *
 * @param fail Makes the error for an option that makes no sense.
 * @returns The gate; `null` without a limit.
 */
export function makeGate(
  { concurrency = Infinity, queue }: Pick<HandleOptions, "concurrency" | "queue">,
  fail: (why: string) => Error,
): ConcurrencyGate | null {
  if (queue !== undefined && !isCount(queue, 0)) {
    throw fail(`queue must be a whole number of at least 0, or Infinity, not ${shown(queue)}`);
  }
  if (concurrency === "adaptive") return adaptive({}, queue, fail);
  if (isOptions(concurrency)) return adaptive(concurrency, queue, fail);
  if (!isCount(concurrency, 1)) {
    throw fail(
      `concurrency must be a whole number of at least 1, Infinity, "adaptive" or an object with ` +
        `the options of that, not ${shown(concurrency)}`,
    );
  }
  return concurrency === Infinity ? null : new ConcurrencyGate(concurrency, queue ?? QUEUE);
}

function adaptive(
  given: AdaptiveConcurrency,
  queue: number | undefined,
  fail: (why: string) => Error,
): AdaptiveGate {
  const stray = strayName(given, LIMIT_OPTIONS);
  if (stray !== null) throw fail(`concurrency has ${stray}`);
  const { min = 1, maxWaitMs = WAIT_MS } = given;
  checkLimit("min", min, fail);
  const { max = Math.max(min, HIGHEST) } = given;
  checkLimit("max", max, fail);
  const { initial = Math.min(max, Math.max(min, INITIAL)) } = given;
  checkLimit("initial", initial, fail);
  if (min > max) throw fail(`concurrency.min (${min}) must not be above concurrency.max (${max})`);
  if (initial < min || initial > max) {
    throw fail(`concurrency.initial (${initial}) must be from ${min} to ${max}`);
  }
  if (typeof maxWaitMs !== "number" || !(maxWaitMs > 0 && maxWaitMs < Infinity)) {
    throw fail(`concurrency.maxWaitMs must be a number above 0, not ${shown(maxWaitMs)}`);
  }
  return new AdaptiveGate({ min, max, initial, maxWaitMs, maxWaiting: queue ?? ADAPTIVE_QUEUE });
}

function checkLimit(name: string, count: number, fail: (why: string) => Error): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw fail(`concurrency.${name} must be a whole number of at least 1, not ${shown(count)}`);
}

function isCount(count: number, least: number): boolean {
  return count === Infinity || Number.isInteger(count) && count >= least;
}

function isOptions(concurrency: number | AdaptiveConcurrency): concurrency is AdaptiveConcurrency {
  return typeof concurrency === "object" && concurrency !== null && !Array.isArray(concurrency);
}

/**
 * From totals to rates.
 *
 * @module
 */

import { type AdminFigures, figuresKey, type FiguresResponse } from "./figures_contract.ts";

/** How calls of one handler with one other side went between two readings, and how many there are now. */
export interface CallRates {
  /** `"client"` for calls that the node has made, `"server"` for those that it has served. */
  readonly side: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name. */
  readonly handler: string;
  /** The other side; `""` where rows of several are taken together. */
  readonly host: string;
  /** How many calls ended in a second. */
  readonly perSecond: number;
  /** How many of them failed. */
  readonly errorsPerSecond: number;
  /** How long they took on average, in milliseconds; `NaN` if none has ended. */
  readonly meanMs: number;
  /** What half of them did not exceed, in milliseconds; `NaN` if none has ended. */
  readonly p50Ms: number;
  /** What 95 of 100 of them did not exceed. */
  readonly p95Ms: number;
  /** What 99 of 100 of them did not exceed. */
  readonly p99Ms: number;
  /** How many have not ended, at the second reading. */
  readonly inFlight: number;
}

/**
 * Makes rates of two readings of `AdminClient.figures`. Percentiles are
 * interpolated within buckets, each of which is twice as wide as the one
 * before; `Infinity` stands for more than the last bound.
 *
 * @param before The earlier reading; `null` for none: then the times are those of all calls so far, and there are no rates.
 * @param after The later one.
 * @param byHost Whether each other side has rows of its own; `false` adds them up for each handler. Default: `true`.
 * @returns The rates, in the order of the later reading. Rates of calls are 0 without an earlier reading, where the node has started again since, and where less than a millisecond has passed.
 *
 * @example
 * ```ts
 * import { AdminClient, callRates } from "@internode/grid/admin";
 *
 * async function busiest(tool: AdminClient): Promise<string> {
 *   const before = await tool.figures();
 *   await new Promise((resolve) => setTimeout(resolve, 1_000));
 *   const rates = callRates(before, await tool.figures(), false);
 *   const [most] = rates.toSorted((a, b) => b.perSecond - a.perSecond);
 *   return `${most?.handler}: ${most?.perSecond} a second, 99 of 100 within ${most?.p99Ms} ms`;
 * }
 * console.log(busiest.name);
 * ```
 */
export function callRates(
  before: FiguresResponse | null,
  after: FiguresResponse,
  byHost: boolean = true,
): readonly CallRates[] {
  const isSame = before !== null && before.instance === after.instance;
  const earlier = new Map(isSame ? before.rows.map((row) => [figuresKey(row), row]) : []);
  const seconds = isSame ? (after.atMs - before.atMs) / 1_000 : Infinity;
  const sums = new Map<string, Sum>();
  for (const row of after.rows) {
    const shown = byHost ? row : { ...row, host: "" }, key = figuresKey(shown);
    const sum = sums.get(key) ?? new Sum(shown);
    sums.set(key, sum);
    sum.add(row, earlier.get(figuresKey(row)));
  }
  const perSecond = seconds >= 0.001 ? 1 / seconds : 0;
  return Array.from(sums.values(), (sum) => sum.rates(perSecond, after.boundsMs));
}

/** What has changed, over several rows. */
class Sum {
  readonly #of: AdminFigures;
  readonly #buckets: number[] = [];
  #ended = 0;
  #totalMs = 0;
  #failed = 0;
  #inFlight = 0;

  constructor(of: AdminFigures) {
    this.#of = of;
  }

  add(row: AdminFigures, before: AdminFigures | undefined): void {
    // Figures of a host that was away for long begin anew.
    const earlier = before !== undefined && before.ended <= row.ended ? before : undefined;
    this.#ended += row.ended - (earlier?.ended ?? 0);
    this.#totalMs += row.totalMs - (earlier?.totalMs ?? 0);
    this.#failed += failuresOf(row) - (earlier === undefined ? 0 : failuresOf(earlier));
    this.#inFlight += row.inFlight;
    for (const [at, count] of row.buckets.entries()) {
      this.#buckets[at] = (this.#buckets[at] ?? 0) + count - (earlier?.buckets[at] ?? 0);
    }
  }

  rates(perSecond: number, boundsMs: readonly number[]): CallRates {
    const { side, kind, handler, host } = this.#of, ended = this.#ended;
    const percentile = (share: number): number => percentileOf(this.#buckets, boundsMs, share);
    return {
      side,
      kind,
      handler,
      host,
      perSecond: ended * perSecond,
      errorsPerSecond: this.#failed * perSecond,
      meanMs: ended === 0 ? NaN : this.#totalMs / ended,
      p50Ms: percentile(0.5),
      p95Ms: percentile(0.95),
      p99Ms: percentile(0.99),
      inFlight: this.#inFlight,
    };
  }
}

function failuresOf({ failed }: AdminFigures): number {
  return failed.values().reduce((sum, count) => sum + count, 0);
}

function percentileOf(
  buckets: readonly number[],
  boundsMs: readonly number[],
  share: number,
): number {
  const total = buckets.reduce((sum, count) => sum + count, 0), wanted = total * share;
  if (total === 0) return NaN;
  let seen = 0;
  for (const [at, count] of buckets.entries()) {
    const bound = boundsMs[at], under = boundsMs[at - 1] ?? 0;
    if (count > 0 && seen + count >= wanted) {
      return bound === undefined ? Infinity : under + (bound - under) * (wanted - seen) / count;
    }
    seen += count;
  }
  return Infinity;
}

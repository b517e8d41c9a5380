/**
 * Rows of the tables of latencies.
 *
 * @module
 */

import { Histogram } from "../support/histogram.ts";
import { median } from "../support/median.ts";
import type { LoadResult } from "../support/open_loop.ts";
import type { Pauses } from "../support/pauses.ts";
import { printMarkdownTable } from "../support/table.ts";

/** How late answers were in all rounds together, in microseconds. */
export interface Tail {
  /** The middle. */
  readonly p50Us: number;
  /** The slowest hundredth. */
  readonly p99Us: number;
  /** The slowest thousandth. */
  readonly p999Us: number;
  /** The slowest. */
  readonly maxUs: number;
  /** The slowest thousandth of a round, in the middle of the rounds: what stalls of the machine do not reach that are rarer than every other round, nor what is as rare of what is measured. */
  readonly roundUs: number;
  /** The slowest thousandth of how late the generator sent. */
  readonly lateUs: number;
  /** The part of requests that was held back, as too many were under way. */
  readonly held: number;
  /** The part that failed. */
  readonly failed: number;
  /** Processor time for each request, of both sides, in microseconds. */
  readonly cpuUs: number;
  /** Whether it could not follow. */
  readonly isOverloaded: boolean;
}

/** One load, and the same over what it is compared with. */
export interface LatencyRow {
  /** Who. */
  readonly who: string;
  /** Over what. */
  readonly transport: string;
  /** What was asked. */
  readonly kind: string;
  /** Which part of saturation, in percent. */
  readonly part: number;
  /** Requests a second that came. */
  readonly perSecond: number;
  /** How late their answers were. */
  readonly own: Tail;
  /** The same over a bare multiplexer. */
  readonly floor: Tail;
  /** Of a peer: the same over Internode, at the same rate. */
  readonly internode: Tail | null;
  /** For how long the machine let a busy process stand still, before all loads of this kind. */
  readonly machine: Pauses;
}

/** What all rounds of one load come to. */
export class Rounds {
  readonly #latency: Histogram = new Histogram();
  readonly #lateness: Histogram = new Histogram();
  /** The slowest thousandth of each round. */
  readonly #p999Us: number[] = [];
  #sent = 0;
  #held = 0;
  #failed = 0;
  #cpuUs = 0;
  #isOverloaded = false;

  /** Adds one. */
  add(result: LoadResult & { readonly cpuUs: number }): void {
    this.#isOverloaded ||= result.isOverloaded;
    if (result.sent === 0) return;
    const latency = new Histogram();
    latency.add(result.latency);
    this.#p999Us.push(latency.quantileUs(0.999));
    this.#latency.add(result.latency);
    this.#lateness.add(result.lateness);
    this.#sent += result.sent;
    this.#held += result.held;
    this.#failed += result.failed;
    this.#cpuUs += result.cpuUs * result.sent;
  }

  /** What they come to. */
  get tail(): Tail {
    const latency = this.#latency;
    return {
      p50Us: latency.quantileUs(0.5),
      p99Us: latency.quantileUs(0.99),
      p999Us: latency.quantileUs(0.999),
      maxUs: latency.maxUs,
      roundUs: median(this.#p999Us),
      lateUs: this.#lateness.quantileUs(0.999),
      held: this.#held / this.#sent,
      failed: this.#failed / this.#sent,
      cpuUs: this.#cpuUs / this.#sent,
      isOverloaded: this.#isOverloaded,
    };
  }
}

/** Prints the rows of one table; those of a peer have Internode beside it. */
export function showRows(title: string, rows: readonly LatencyRow[]): void {
  const hasPeers = rows.some(({ internode }) => internode !== null);
  const own = (name: string): string[] =>
    ["p50", "p99", "p99.9", "max", "p99.9 of a round"].map((q) => `${name}${q}`);
  const lines = [
    [
      title,
      "a second",
      ...own(""),
      "sent late",
      "CPU µs",
      ...hasPeers ? [...own("Internode "), "p99.9 beside it"] : [],
      ...own("floor "),
      "p99.9 beside it",
    ],
    ...rows.map(({ part, perSecond, own, floor, internode }) => [
      `${part} %${remark(own)}`,
      Math.round(perSecond).toLocaleString("en"),
      ...times(own),
      ms(own.lateUs),
      own.cpuUs.toFixed(own.cpuUs < 10 ? 2 : 0),
      ...internode === null ? [] : [...times(internode), ratio(own, internode)],
      ...times(floor),
      ratio(own, floor),
    ]),
  ];
  printMarkdownTable(lines, 1);
  const { p99Us, p999Us, maxUs } = rows[0]!.machine;
  console.log(
    `\nA busy process stood still, as a request would see it: p99 ${ms(p99Us)}, ` +
      `p99.9 ${ms(p999Us)}, at most ${ms(maxUs)}.\n`,
  );
}

function times({ p50Us, p99Us, p999Us, maxUs, roundUs }: Tail): string[] {
  return [p50Us, p99Us, p999Us, maxUs, roundUs].map(ms);
}

/** What of it is not as it should be. */
function remark({ isOverloaded, failed, held }: Tail): string {
  const part = (value: number): string => `${Number((value * 100).toPrecision(2))} %`;
  if (isOverloaded) return ", overloaded";
  if (failed > 0) return `, ${part(failed)} failed`;
  return held >= 0.01 ? `, ${part(held)} held back` : "";
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(us < 9_995 ? 2 : us < 99_950 ? 1 : 0)} ms`;
}

function ratio(own: Tail, other: Tail): string {
  return `${(own.p999Us / other.p999Us).toPrecision(3)} ×`;
}

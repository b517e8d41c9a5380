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

/** How late answers were, in microseconds: in the middle of the rounds, but for the slowest and for parts. */
export interface Tail {
  /** The middle. */
  readonly p50Us: number;
  /** The slowest hundredth. */
  readonly p99Us: number;
  /** The slowest thousandth. */
  readonly p999Us: number;
  /** The slowest of all rounds. */
  readonly maxUs: number;
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

/**
 * What all rounds of one load come to: the middle of what each shows, as a
 * machine that stands still for some milliseconds spoils a round and not most.
 */
export class Rounds {
  readonly #tails: (Tail & { readonly sent: number })[] = [];

  /** Adds one. */
  add({ cpuUs, isOverloaded, ...result }: LoadResult & { readonly cpuUs: number }): void {
    const latency = new Histogram(), lateness = new Histogram();
    latency.add(result.latency);
    lateness.add(result.lateness);
    this.#tails.push({
      p50Us: latency.quantileUs(0.5),
      p99Us: latency.quantileUs(0.99),
      p999Us: latency.quantileUs(0.999),
      maxUs: latency.maxUs,
      lateUs: lateness.quantileUs(0.999),
      held: result.held / result.sent,
      failed: result.failed / result.sent,
      cpuUs,
      isOverloaded,
      sent: result.sent,
    });
  }

  /** What they come to. */
  get tail(): Tail {
    const each = (figure: (tail: Tail) => number): number[] => this.#tails.map(figure);
    return {
      p50Us: median(each(({ p50Us }) => p50Us)),
      p99Us: median(each(({ p99Us }) => p99Us)),
      p999Us: median(each(({ p999Us }) => p999Us)),
      maxUs: Math.max(...each(({ maxUs }) => maxUs)),
      lateUs: median(each(({ lateUs }) => lateUs)),
      held: this.#mean(({ held }) => held),
      failed: this.#mean(({ failed }) => failed),
      cpuUs: this.#mean(({ cpuUs }) => cpuUs),
      isOverloaded: this.#tails.some(({ isOverloaded }) => isOverloaded),
    };
  }

  /** The mean of a figure of each request. */
  #mean(figure: (tail: Tail) => number): number {
    const sent = this.#tails.reduce((sum, tail) => sum + tail.sent, 0);
    return this.#tails.reduce((sum, tail) => sum + figure(tail) * tail.sent, 0) / sent;
  }
}

/** Prints the rows of one table; those of a peer have Internode beside it. */
export function showRows(title: string, rows: readonly LatencyRow[]): void {
  const hasPeers = rows.some(({ internode }) => internode !== null);
  const own = (name: string): string[] => ["p50", "p99", "p99.9", "max"].map((q) => `${name}${q}`);
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

function times({ p50Us, p99Us, p999Us, maxUs }: Tail): string[] {
  return [p50Us, p99Us, p999Us, maxUs].map(ms);
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

/**
 * One row of the comparison, and the tables that are made of rows.
 *
 * @module
 */

import { printMarkdownTable } from "../support/table.ts";
import type { Work } from "./stands/measure.ts";
import type { Round } from "./pair.ts";

/** One peer at one work: the middle of its rounds. */
export interface PeerRow extends Work {
  /** Its name. */
  readonly peer: string;
  /** Over what. */
  readonly transport: string;
  /** Requests answered in each second. */
  readonly perSecond: number;
  /** The middle of the times a request took, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** Processor time for each request, of both sides and of a broker, in microseconds. */
  readonly cpuUs: number;
  /** The part of it that the asking process took. */
  readonly clientCpuUs: number;
  /** The part of it that the answering process took, and the broker. */
  readonly serverCpuUs: number;
  /** Requests a second as a multiple of Internode's over TCP, the middle of the ratios of each round; `null`: that did not run. */
  readonly ratio: number | null;
  /** The same of the processor time for each request. */
  readonly cpuRatio: number | null;
}

/** Makes a row; `reference` has Internode's rounds over TCP at the same work. */
export function peerRow(
  what: Work & { readonly peer: string; readonly transport: string },
  rounds: readonly Round[],
  reference: readonly Round[],
): PeerRow {
  const middleOf = (pick: (round: Round) => number): number => middle(rounds.map(pick));
  const ratioOf = (pick: (round: Round) => number): number | null => {
    if (reference.length === 0) return null;
    const ratios = rounds.map((round, index) => pick(round) / pick(reference[index]!));
    return Number(middle(ratios).toPrecision(3));
  };
  return {
    ...what,
    perSecond: Math.round(middleOf(rate)),
    p50Us: tenths(middleOf((round) => round.p50Us)),
    p99Us: tenths(middleOf((round) => round.p99Us)),
    cpuUs: tenths(middleOf(cpuUs)),
    clientCpuUs: tenths(middleOf((round) => round.cpuUs / round.count)),
    serverCpuUs: tenths(middleOf((round) => round.serverCpuUs / round.count)),
    ratio: ratioOf(rate),
    cpuRatio: ratioOf(cpuUs),
  };
}

function rate({ count, seconds }: Round): number {
  return count / seconds;
}

function cpuUs({ count, cpuUs, serverCpuUs }: Round): number {
  return (cpuUs + serverCpuUs) / count;
}

/** Prints the rows of one work. */
export function showWork({ size, inflight }: Work, rows: readonly PeerRow[]): void {
  const many = inflight === 1 ? "one at a time" : `${inflight.toLocaleString("en")} in flight`;
  const lines = [
    [
      `${size.toLocaleString("en")} B, ${many}`,
      "over",
      "per second",
      "to Internode",
      "p50 µs",
      "p99 µs",
      "CPU µs, client",
      "server",
      "to Internode",
    ],
    ...rows.map((row) => [
      row.peer,
      row.transport,
      row.perSecond.toLocaleString("en"),
      showRatio(row.ratio),
      figure(row.p50Us),
      figure(row.p99Us),
      figure(row.clientCpuUs),
      figure(row.serverCpuUs),
      showRatio(row.cpuRatio),
    ]),
  ];
  printMarkdownTable(lines, 2);
  console.log();
}

/** Small ones as a fraction, since 1/250 says more than 0.004. */
function showRatio(ratio: number | null): string {
  if (ratio === null) return "";
  if (ratio < 0.2) return `1/${short(1 / ratio)}`;
  return `${ratio < 2 ? ratio.toFixed(2) : short(ratio)} ×`;
}

function short(value: number): string {
  return value < 20 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function figure(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

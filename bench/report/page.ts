/**
 * The report: one page that needs nothing beside itself.
 *
 * @module
 */

import { barChart } from "./bar_chart.ts";
import { lineChart, type Series } from "./line_chart.ts";
import type { PeerFigure, ReportRow } from "./row.ts";
import { escaped, shortBytes, shortCount, shortTime } from "./svg.ts";

/** What was measured, and on what. */
export interface Report {
  /** The curves' points. */
  readonly rows: readonly ReportRow[];
  /** What others did; may be empty. */
  readonly peers: readonly PeerFigure[];
  /** On what and when, a short sentence each. */
  readonly facts: readonly string[];
}

const STYLE = `
:root { color-scheme: light dark; --page: #fcfcfb; --ink: #0b0b0b; --soft: #52514e; --muted: #898781;
  --grid: #e1e0d9; --series-0: #2a78d6; --series-1: #eb6834; --series-2: #1baf7a;
  --series-3: #eda100; --series-4: #e87ba4; --series-5: #008300; }
@media (prefers-color-scheme: dark) {
  :root { --page: #1a1a19; --ink: #ffffff; --soft: #c3c2b7; --muted: #898781; --grid: #2c2c2a;
    --series-0: #3987e5; --series-1: #d95926; --series-2: #199e70; --series-3: #c98500;
    --series-4: #d55181; --series-5: #008300; }
}
body { margin: 0 auto; padding: 24px 20px 60px; max-width: 1120px; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 44px 0 4px; }
h3 { font-size: 15px; margin: 20px 0 2px; font-weight: 600; }
p { color: var(--soft); max-width: 78ch; margin: 4px 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 4px 28px; }
figure { margin: 12px 0 0; } figcaption { font-weight: 600; font-size: 14px; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
.grid { stroke: var(--grid); stroke-width: 1; } .tick { fill: var(--muted); }
.label { fill: var(--soft); } .end { text-anchor: end; } .middle { text-anchor: middle; }
.series path { fill: none; stroke: var(--colour); stroke-width: 2; stroke-linejoin: round; }
.series .dot { fill: var(--colour); } .series .touch { fill: transparent; }
.series g:hover .dot { r: 5px; } .key { fill: var(--colour); }
.dashed path { stroke-dasharray: 5 4; stroke-width: 1.5; } .dashed .dot { r: 1.5px; }
.faint path { stroke-width: 1.2; opacity: .75; } .faint .dot { r: 1.5px; }
.own { fill: var(--series-0); } .other { fill: var(--muted); }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 12px 3px 0; text-align: right; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
`;

/** Makes the page. */
export function reportPage({ rows, peers, facts }: Report): string {
  const sizes = distinct(rows.map(({ size }) => size));
  const transports = distinct(rows.map(({ transport }) => transport));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Internode: how fast it is</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Internode: how fast it is</h1>
<p>${facts.map(escaped).join(" ")}</p>
<p>Two processes and one connection, through the public API and a registered handler (memory: both
nodes in one process). Both axes are logarithmic, and the lower axis is how many requests are in
flight. “Raw” is an echo over the same transport in the same two processes that frames and looks at
nothing, with as many bytes in flight; of mutual TLS it is node:tls. Its time is the mean, that of
requests the middle (p50) and the slowest hundredth (p99).</p>
${
    sizes.map((size) => sizeSection(size, rows.filter((row) => row.size === size), transports))
      .join("\n")
  }
${peersSection(peers, rows)}
</body>
</html>
`;
}

function sizeSection(
  size: number,
  rows: readonly ReportRow[],
  transports: readonly string[],
): string {
  const curves = (of: (row: ReportRow) => number): Series[] =>
    transports.map((transport, colour) => ({
      name: transport,
      colour,
      style: "solid",
      points: points(rows, transport, of),
    }));
  const own = `requests of ${shortBytes(size)}`;
  const overview = [
    figure(`All transports: ${own} a second`, curves((row) => row.perSecond), shortCount),
    figure(`All transports: time of ${own}, p50`, curves((row) => row.p50Us), shortTime),
  ];
  const each = transports.flatMap((transport, colour) => {
    const one = (of: (row: ReportRow) => number) => points(rows, transport, of);
    const raw = { name: "raw", colour: null, style: "dashed" } as const;
    return [
      figure(`${transport}: ${own} a second`, [
        { name: transport, colour, style: "solid", points: one((row) => row.perSecond) },
        { ...raw, points: one((row) => row.floorPerSecond) },
      ], shortCount),
      figure(`${transport}: time of ${own}`, [
        { name: "p50", colour, style: "solid", points: one((row) => row.p50Us) },
        { name: "p99", colour, style: "faint", points: one((row) => row.p99Us) },
        { ...raw, points: one((row) => row.inflight * 1e6 / row.floorPerSecond) },
      ], shortTime),
    ];
  });
  return `<h2>${shortBytes(size)}</h2>
<div class="charts">${overview.join("")}</div>
<h3>Each beside the raw socket</h3>
<div class="charts">${each.join("")}</div>
<details><summary>The figures</summary>${table(rows)}</details>`;
}

function figure(title: string, series: readonly Series[], format: (y: number) => string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption>${
    lineChart({ title, series, format })
  }</figure>`;
}

function points(
  rows: readonly ReportRow[],
  transport: string,
  of: (row: ReportRow) => number,
): Series["points"] {
  return pointsOf(rows.filter((row) => row.transport === transport), of);
}

/** From left to right; what is 0 has no place on a logarithmic axis. */
function pointsOf<Row extends { readonly inflight: number }>(
  rows: readonly Row[],
  of: (row: Row) => number,
): Series["points"] {
  return rows.filter((row) => of(row) > 0)
    .map((row) => ({ x: row.inflight, y: of(row) }))
    .sort((one, other) => one.x - other.x);
}

function table(rows: readonly ReportRow[]): string {
  const cells = (values: readonly string[], tag: "td" | "th"): string =>
    `<tr>${values.map((value) => `<${tag}>${escaped(value)}</${tag}>`).join("")}</tr>`;
  const head = ["over", "in flight", "per second", "p50", "p99", "raw, per second", "to raw"];
  return `<div class="wide"><table>${cells(head, "th")}${
    rows.map((row) =>
      cells([
        row.transport,
        row.inflight.toLocaleString("en"),
        Math.round(row.perSecond).toLocaleString("en"),
        shortTime(row.p50Us),
        shortTime(row.p99Us),
        Math.round(row.floorPerSecond).toLocaleString("en"),
        `${(100 * row.perSecond / row.floorPerSecond).toFixed(1)} %`,
      ], "td")
    ).join("")
  }</table></div>`;
}

function peersSection(peers: readonly PeerFigure[], rows: readonly ReportRow[]): string {
  if (peers.length === 0) return "";
  return `<h2>Beside others</h2>
<p>The same echo by each, in turns in one run of their own. In the curves Internode is the one in
colour, over tcp and in the run of this page.</p>
<div class="charts">${peerCurves(peers, rows).join("")}</div>
${peerBars(peers).join("\n")}`;
}

/** For each size that they were measured at with different numbers in flight. */
function peerCurves(peers: readonly PeerFigure[], rows: readonly ReportRow[]): string[] {
  return distinct(peers.map(({ size }) => size)).flatMap((size) => {
    const others = peers.filter((row) => row.size === size && !isOwn(row));
    if (distinct(others.map(({ inflight }) => inflight)).length < 2) return [];
    const own = rows.filter((row) => row.size === size);
    const curves = (of: (row: ReportRow | PeerFigure) => number): Series[] => [
      { name: "internode", colour: 0, style: "solid", points: points(own, "tcp", of) },
      ...distinct(others.map(({ peer }) => peer)).map((peer): Series => ({
        name: peer,
        colour: null,
        style: "faint",
        points: pointsOf(others.filter((row) => row.peer === peer), of),
      })),
    ];
    const what = `requests of ${shortBytes(size)}`;
    return [
      figure(`Beside others: ${what} a second`, curves((row) => row.perSecond), shortCount),
      figure(`Beside others: time of ${what}, p50`, curves((row) => row.p50Us), shortTime),
    ];
  });
}

function peerBars(peers: readonly PeerFigure[]): string[] {
  const works = distinct(peers.map(({ size, inflight }) => `${size} ${inflight}`));
  return works.map((work) => {
    const [size, inflight] = work.split(" ").map(Number) as [number, number];
    const title = `${shortBytes(size)}, ${
      inflight === 1 ? "one at a time" : `${inflight.toLocaleString("en")} in flight`
    }: requests a second`;
    const bars = peers.filter((row) => row.size === size && row.inflight === inflight)
      .map((row) => ({
        name: `${row.peer}, ${row.transport}`,
        value: row.perSecond,
        note: `${shortCount(row.perSecond)}; p50 ${shortTime(row.p50Us)}, p99 ${
          shortTime(row.p99Us)
        }`,
        own: isOwn(row),
      }));
    return `<figure><figcaption>${escaped(title)}</figcaption>${barChart(title, bars)}</figure>`;
  });
}

function isOwn({ peer }: PeerFigure): boolean {
  return /^internode\b/i.test(peer);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

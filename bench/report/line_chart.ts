/**
 * Curves over requests in flight, both axes logarithmic, as SVG. Colours come
 * from the page: `--series-0` and so on, `--ink`, `--muted`, `--grid`.
 *
 * @module
 */

import { escaped, place } from "./svg.ts";

/** One curve. */
export interface Series {
  /** Its name, which stands at its right end. */
  readonly name: string;
  /** Which colour of the page it has; `null`: the one of what is there to compare with. */
  readonly colour: number | null;
  /** How it is drawn. */
  readonly style: "solid" | "dashed" | "faint";
  /** From left to right; both above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A picture of some. */
export interface LineChart {
  /** What it shows. */
  readonly title: string;
  /** The curves, the first ones on top. */
  readonly series: readonly Series[];
  /** How a value is written. */
  readonly format: (y: number) => string;
}

const WIDTH = 460, HEIGHT = 280;
const LEFT = 56, RIGHT = 104, TOP = 14, BOTTOM = 34;
const LABEL_GAP = 13;

/** Draws it. A chart without points says so. */
export function lineChart({ title, series, format }: LineChart): string {
  const shown = series.filter(({ points }) => points.length > 0);
  const all = shown.flatMap(({ points }) => points);
  const open = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`;
  if (all.length === 0) {
    return `${open}<text class="tick" x="${LEFT}" y="${
      HEIGHT / 2
    }">nothing was measured</text></svg>`;
  }
  const [fromX, toX] = bounds(all.map(({ x }) => x)), ys = ticks(all.map(({ y }) => y));
  const x = scale(fromX, Math.max(toX, fromX * 2), LEFT, WIDTH - RIGHT);
  const y = scale(ys[0]!, ys.at(-1)!, HEIGHT - BOTTOM, TOP);
  const parts: string[] = [open];
  for (const value of ys) {
    const at = place(y(value));
    parts.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      `<text class="tick end" x="${LEFT - 6}" y="${at}" dy="4">${escaped(format(value))}</text>`,
    );
  }
  for (const value of powersOfFour(fromX, toX)) {
    parts.push(
      `<text class="tick middle" x="${place(x(value))}" y="${HEIGHT - BOTTOM + 17}">` +
        `${value.toLocaleString("en")}</text>`,
    );
  }
  for (const each of shown.toReversed()) parts.push(curve(each, x, y, format));
  parts.push(...endLabels(shown, x, y));
  parts.push("</svg>");
  return parts.join("");
}

function colourOf({ colour }: Series): string {
  return colour === null ? "var(--muted)" : `var(--series-${colour})`;
}

type Scale = (value: number) => number;

function curve(series: Series, x: Scale, y: Scale, format: (y: number) => string): string {
  const { name, style, points } = series;
  const path = points.map((point, at) =>
    `${at === 0 ? "M" : "L"}${place(x(point.x))} ${place(y(point.y))}`
  ).join("");
  const dots = points.map((point) => {
    const told = `${name}, ${point.x.toLocaleString("en")} in flight: ${format(point.y)}`;
    const at = `cx="${place(x(point.x))}" cy="${place(y(point.y))}"`;
    return `<g><circle class="dot" ${at} r="2.5"/><circle class="touch" ${at} r="9"/>` +
      `<title>${escaped(told)}</title></g>`;
  });
  return `<g class="series ${style}" style="--colour:${colourOf(series)}"><path d="${path}"/>` +
    `${dots.join("")}</g>`;
}

/** Names at the right ends, moved apart where they would lie on one another. */
function endLabels(shown: readonly Series[], x: Scale, y: Scale): string[] {
  const labels = shown.map((series) => {
    const last = series.points.at(-1)!;
    return { series, x: x(last.x), y: y(last.y), at: y(last.y) };
  }).sort((one, other) => one.at - other.at);
  for (let i = 1; i < labels.length; i++) {
    labels[i]!.at = Math.max(labels[i]!.at, labels[i - 1]!.at + LABEL_GAP);
  }
  const low = HEIGHT - BOTTOM;
  for (let i = labels.length - 1, most = low; i >= 0; i--, most -= LABEL_GAP) {
    labels[i]!.at = Math.min(labels[i]!.at, most);
  }
  return labels.map(({ series, at }) =>
    `<circle class="key" style="--colour:${colourOf(series)}" cx="${WIDTH - RIGHT + 12}" cy="${
      place(at)
    }" r="3.5"/><text class="label" x="${WIDTH - RIGHT + 20}" y="${place(at)}" dy="4">${
      escaped(series.name)
    }</text>`
  );
}

function bounds(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function scale(from: number, to: number, start: number, end: number): Scale {
  const span = Math.log(to / from);
  return (value) => start + (end - start) * Math.log(value / from) / span;
}

/** Round values that enclose all others: the powers of ten, and between few of them 2 and 5 too. */
export function ticks(values: readonly number[]): number[] {
  const [low, high] = bounds(values);
  const decades = Math.log10(high / low);
  const steps = decades < 1.5 ? [1, 2, 5] : decades < 3 ? [1, 3] : [1];
  const all: number[] = [];
  const last = Math.ceil(Math.log10(high)) + 1;
  for (let power = Math.floor(Math.log10(low)); power <= last; power++) {
    for (const step of steps) all.push(Number((step * 10 ** power).toPrecision(1)));
  }
  const first = all.findLastIndex((tick) => tick <= low);
  const end = all.findIndex((tick) => tick >= high);
  return all.slice(first, Math.max(end, first + 1) + 1);
}

function powersOfFour(from: number, to: number): number[] {
  const all: number[] = [];
  for (let value = 1; value <= to; value *= 4) if (value >= from) all.push(value);
  return all;
}

/**
 * Charts of the last minutes.
 *
 * @module
 */

import type { ChartPoint } from "../lib/cli/web/page_state.ts";
import { html, setAttributes, setText, svg } from "./dom.ts";
import { amount, NOTHING, time } from "./format.ts";

const WIDTH = 300, HEIGHT = 100;
/** How long a chart is at most, and at least, in milliseconds. */
export const SPAN_MS = 300_000;
const LEAST_SPAN_MS = 60_000;
/** Points further apart are not joined, in milliseconds. */
const GAP_MS = 3_500;

/** A figure of points. */
export type ChartField = Exclude<keyof ChartPoint, "timeMs">;

/** One chart. */
export class ChartView {
  readonly #field: ChartField;
  readonly #format: (value: number | null) => string;
  readonly #value = html("b");
  readonly #most = html("span");
  readonly #start = html("span");
  readonly #picture: SVGSVGElement;
  readonly #area = svg("path", { class: "area" });
  readonly #curve = svg("path", { class: "curve" });
  readonly #cursor = svg("line", {
    class: "cursor",
    y1: 0,
    y2: HEIGHT,
    hidden: true,
  });
  #points: readonly ChartPoint[] = [];
  #endMs = 0;
  #spanMs = LEAST_SPAN_MS;
  #cursorMs: number | null = null;

  /** @param title What it shows; its unit is in what `format` makes of values. */
  constructor(
    holder: HTMLElement,
    title: string,
    field: ChartField,
    format: (value: number | null) => string,
  ) {
    this.#field = field;
    this.#format = format;
    this.#picture = svg(
      "svg",
      {
        class: field === "errorsPerSecond" ? "chart errors" : "chart",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": title,
      },
      ...[0, 0.5, 1].map((part) =>
        svg("line", {
          class: "grid",
          x1: 0,
          x2: WIDTH,
          y1: part * HEIGHT,
          y2: part * HEIGHT,
        })
      ),
      this.#area,
      this.#curve,
      this.#cursor,
    );
    holder.append(html(
      "figure",
      {},
      html("figcaption", {}, html("span", {}, title), this.#value),
      this.#picture,
      html("div", { class: "scale" }, this.#start, this.#most, html("span", {}, "now")),
    ));
    this.#picture.addEventListener("pointermove", ({ clientX }) => {
      const { left, width } = this.#picture.getBoundingClientRect();
      this.#cursorMs = this.#endMs -
        this.#spanMs * (1 - (clientX - left) / width);
      this.#showValue();
    });
    this.#picture.addEventListener("pointerleave", () => {
      this.#cursorMs = null;
      this.#showValue();
    });
  }

  /** Shows points. */
  show(points: readonly ChartPoint[], endMs: number): void {
    this.#points = points;
    this.#endMs = endMs;
    const sinceMs = endMs - (points[0]?.timeMs ?? endMs), field = this.#field;
    this.#spanMs = Math.min(SPAN_MS, Math.max(LEAST_SPAN_MS, Math.ceil(sinceMs / 30_000) * 30_000));
    const startMs = endMs - this.#spanMs;
    const seen = points.filter(({ timeMs }) => timeMs >= startMs);
    const most = Math.max(0, ...seen.map((point) => point[field] ?? 0)),
      top = roundUp(most);
    const x = (ms: number): string => ((ms - startMs) / this.#spanMs * WIDTH).toFixed(1);
    const y = (value: number): string => ((1 - value / top) * HEIGHT).toFixed(1);
    let curve = "", area = "", run: ChartPoint[] = [];
    const endRun = (): void => {
      if (run.length > 0) {
        const line = run.map((point) => `${x(point.timeMs)} ${y(point[field]!)}`).join("L");
        curve += `M${line}${run.length === 1 ? "h1" : ""}`;
        area += `M${x(run[0]!.timeMs)} ${HEIGHT}L${line}L${x(run.at(-1)!.timeMs)} ${HEIGHT}Z`;
      }
      run = [];
    };
    for (const point of seen) {
      const value = point[field];
      if (
        value === null || value < 0 ||
        point.timeMs - (run.at(-1)?.timeMs ?? point.timeMs) > GAP_MS
      ) {
        endRun();
      }
      if (value !== null && value >= 0) run.push(point);
    }
    endRun();
    setAttributes(this.#curve, { d: curve });
    setAttributes(this.#area, { d: area });
    const minutes = this.#spanMs / 60_000;
    setText(this.#start, `${minutes} min ago`);
    setText(this.#most, `top ${this.#format(top)}`);
    this.#showValue();
  }

  #showValue(): void {
    const atMs = this.#cursorMs, field = this.#field;
    const point = atMs === null
      ? this.#points.at(-1)
      : this.#points.findLast(({ timeMs }) => timeMs <= atMs);
    const value = point?.[field] ?? null;
    setText(this.#value, value === null ? NOTHING : this.#format(value));
    const x = atMs === null ? 0 : (1 - (this.#endMs - atMs) / this.#spanMs) * WIDTH;
    setAttributes(this.#cursor, {
      hidden: atMs === null,
      x1: x.toFixed(1),
      x2: x.toFixed(1),
    });
  }
}

/** The next of 1, 1.5, 2, 3, 5, 7.5, 10, 15 and so on. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((each) => each * power).find((each) => each >= value) ??
    value;
}

/** The charts, in the order in which they stand. */
export const CHARTS: readonly (readonly [string, ChartField, (value: number | null) => string])[] =
  [
    ["Calls a second", "perSecond", amount],
    ["Errors a second", "errorsPerSecond", amount],
    ["99 of 100 calls within", "p99Ms", time],
    ["Event loop late by", "loopDelayMs", time],
  ];

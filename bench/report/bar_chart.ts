/**
 * Bars beside each other, from 0, as SVG. Colours come from the page.
 *
 * @module
 */

import { escaped, place } from "./svg.ts";

/** One bar. */
export interface Bar {
  /** What it stands for. */
  readonly name: string;
  /** How long it is, from 0. */
  readonly value: number;
  /** What stands behind its end. */
  readonly note: string;
  /** Whether it is one of ours. */
  readonly own: boolean;
}

const WIDTH = 960, NAMES = 190, NOTES = 320, ROW = 26, BAR = 16;

/** Draws them, the longest first. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const sorted = bars.toSorted((one, other) => other.value - one.value);
  const most = Math.max(...sorted.map(({ value }) => value), Number.MIN_VALUE);
  const parts = sorted.map(({ name, value, note, own }, at) => {
    const width = (WIDTH - NAMES - NOTES) * value / most, top = at * ROW;
    const middle = place(top + ROW / 2);
    return `<text class="label end" x="${NAMES - 8}" y="${middle}" dy="4">${escaped(name)}</text>` +
      `<rect class="${own ? "own" : "other"}" x="${NAMES}" y="${place(top + (ROW - BAR) / 2)}" ` +
      `width="${place(Math.max(width, 1))}" height="${BAR}" rx="3"/>` +
      `<text class="tick" x="${place(NAMES + width + 8)}" y="${middle}" dy="4">${
        escaped(note)
      }</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${sorted.length * ROW}" role="img" aria-label="${
    escaped(title)
  }">${parts.join("")}</svg>`;
}

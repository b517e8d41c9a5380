/**
 * Tables that fit their screen.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import { noColours, type Paint, type Tone } from "./paint.ts";
import { cutText, textWidth } from "./text_width.ts";
import { wrap } from "./wrap.ts";

/** A text of a table, and what it looks like. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

/** A column of a table. */
export interface Column<Row> {
  /** What stands above it, in capitals. */
  readonly title: string;
  /** What stands in it. */
  readonly of: (row: Row) => Cell;
  /** Whether it is aligned to the right, as numbers are. Default: `false`. */
  readonly isNumber?: boolean;
  /** Whether it may be cut where there is no room; otherwise it is left out, the last one first. Default: `false`. */
  readonly mayBeCut?: boolean;
}

/** What could not be told of, in place of a row. */
export interface Note {
  /** What stands in the first column. */
  readonly first: string;
  /** Why, in words; it takes the rest of the line, and further ones. */
  readonly note: string;
}

/** How a table is shown. */
export interface TableOptions {
  /** How many columns the screen has; `null`: as many as are needed. Default: `null`. */
  readonly width?: number | null;
  /** Default: without colours. */
  readonly paint?: Paint;
  /** Rows without what the columns tell; they come last. Default: none. */
  readonly notes?: readonly Note[];
}

const GAP = "  ";
/** What a column that may be cut keeps; the first one, which says what a row is about, keeps more. */
const LEAST_WIDTH = 16, LEAST_FIRST_WIDTH = 24;

/**
 * Lays out a table. Texts may come from outside: what would drive a terminal is
 * taken out of them.
 *
 * @returns Lines, each with its end.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width = null, paint = noColours, notes = [] }: TableOptions = {},
): string {
  const body = rows.map((row) => columns.map(({ of }) => cellOf(of(row))));
  const full = columns.map(({ title }, at) =>
    Math.max(textWidth(title), ...body.map((cells) => textWidth(cells[at]!.text)))
  );
  const firsts = notes.map(({ first }) => plainText(first));
  full[0] = Math.max(full[0]!, ...firsts.map(textWidth));
  const widths = width === null ? full : fitted(columns, full, width);
  const shown = columns.map((column, at) => ({ column, at })).filter(({ at }) => widths[at]! > 0);
  const line = (cells: readonly { text: string; tone: Tone }[]): string =>
    shown.map(({ column, at }, place) => {
      const cut = cutText(cells[at]!.text, widths[at]!);
      const isLast = place === shown.length - 1 && column.isNumber !== true;
      const room = isLast ? "" : " ".repeat(widths[at]! - textWidth(cut));
      const painted = paint(cut, cells[at]!.tone);
      return column.isNumber === true ? room + painted : painted + room;
    }).join(GAP).trimEnd();
  const head = line(columns.map(({ title }) => ({ text: title, tone: "head" })));
  const noteLines = notes.map(({ note }, at) => {
    const indent = Math.min(full[0]!, width === null ? Infinity : Math.floor(width / 2));
    const text = plainText(note);
    const wrapped = width === null ? text : wrap(text, indent + GAP.length, width);
    const first = cutText(firsts[at]!, indent);
    const room = " ".repeat(indent - textWidth(first));
    return first + room + GAP + wrapped.split("\n").map((part) => paint(part, "bad")).join("\n");
  });
  return [head, ...body.map(line), ...noteLines].map((each) => `${each}\n`).join("");
}

function cellOf(cell: Cell): { readonly text: string; readonly tone: Tone } {
  const { text, tone } = typeof cell === "string" ? { text: cell, tone: "plain" as const } : cell;
  return { text: plainText(text), tone };
}

/** The widths with which all fits: columns are cut, the widest first, then left out, the last first. */
function fitted<Row>(
  columns: readonly Column<Row>[],
  full: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...full];
  const excess = (): number => {
    const shown = widths.filter((each) => each > 0);
    return shown.reduce((sum, each) => sum + each, (shown.length - 1) * GAP.length) - width;
  };
  for (;;) {
    if (excess() <= 0) return widths;
    const widest = widths.reduce((best, each, at) => {
      const least = at === 0 ? LEAST_FIRST_WIDTH : LEAST_WIDTH;
      const mayShrink = columns[at]!.mayBeCut === true && each > least;
      return mayShrink && (best < 0 || each > widths[best]!) ? at : best;
    }, -1);
    if (widest >= 0) {
      widths[widest]!--;
      continue;
    }
    const last = widths.findLastIndex((each, at) => each > 0 && at > 0);
    if (last < 0) {
      widths[0] = Math.min(widths[0]!, width);
      return widths;
    }
    widths[last] = 0;
    // What was cut to make room for it need not be.
    for (const [at, { mayBeCut }] of columns.entries()) {
      if (mayBeCut === true && widths[at]! > 0) widths[at] = full[at]!;
    }
  }
}

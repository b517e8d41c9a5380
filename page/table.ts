/**
 * Tables whose rows change.
 *
 * @module
 */

import { html, setAttributes, setText } from "./dom.ts";

/** A column. */
export interface Column<Row> {
  /** Its head. */
  readonly title: string;
  /** What it says of a row. */
  text(row: Row): string;
  /** What it is sorted by; without it, it is not. */
  readonly order?: (row: Row) => number | string;
  /** Whether it has numbers: these stand at the right, and the greatest come first. */
  readonly isNumber?: boolean;
  /** Whether long texts go over several lines. */
  readonly wraps?: boolean;
  /** The class of a cell, such as `bad`. */
  mark?(row: Row): string;
}

/** A table of rows, each known by its key. */
export class Table<Row> {
  /** The table, with what it says when it is empty. */
  readonly element: HTMLElement;
  readonly #columns: readonly Column<Row>[];
  readonly #keyOf: (row: Row) => string;
  readonly #body = html("tbody");
  readonly #heads: readonly HTMLTableCellElement[];
  readonly #empty: HTMLElement;
  readonly #parts = new Map<string, HTMLTableRowElement>();
  #rows: readonly Row[] = [];
  #sorted: number;
  #isDescending: boolean;

  /**
   * @param caption What it is, for who does not see it.
   * @param sorted The column by which it is sorted at first; -1: as rows come.
   */
  constructor(
    caption: string,
    columns: readonly Column<Row>[],
    keyOf: (row: Row) => string,
    sorted: number,
    empty: string,
  ) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#sorted = sorted;
    this.#isDescending = columns[sorted]?.isNumber === true;
    this.#heads = columns.map((column, at) => {
      const cell = html("th", {
        scope: "col",
        class: column.isNumber ? "number" : null,
      });
      if (column.order === undefined) cell.append(column.title);
      else {
        const button = html("button", { type: "button" }, column.title);
        button.addEventListener("click", () => this.#sort(at));
        cell.append(button);
      }
      return cell;
    });
    this.#empty = html("p", { class: "empty" }, empty);
    this.element = html(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      html(
        "table",
        { "aria-label": caption },
        html("thead", {}, html("tr", {}, ...this.#heads)),
        this.#body,
      ),
      this.#empty,
    );
  }

  /** Shows rows. */
  show(rows: readonly Row[]): void {
    this.#rows = rows;
    const column = this.#columns[this.#sorted], order = column?.order;
    const sorted = order === undefined ? rows : rows.toSorted((one, two) => {
      const a = order(one), b = order(two);
      return (a < b ? -1 : a > b ? 1 : 0) * (this.#isDescending ? -1 : 1);
    });
    for (const [at, head] of this.#heads.entries()) {
      const direction = this.#isDescending ? "descending" : "ascending";
      setAttributes(head, {
        "aria-sort": at === this.#sorted ? direction : null,
      });
    }
    const keys = new Set<string>();
    let next = this.#body.firstElementChild;
    for (const row of sorted) {
      const key = this.#keyOf(row);
      if (keys.has(key)) continue;
      keys.add(key);
      let part = this.#parts.get(key);
      if (part === undefined) {
        part = html("tr", {}, ...this.#columns.map(() => html("td")));
        this.#parts.set(key, part);
      }
      this.#fill(part, row);
      if (part === next) next = part.nextElementSibling;
      else this.#body.insertBefore(part, next);
    }
    for (const [key, part] of this.#parts) {
      if (keys.has(key)) continue;
      part.remove();
      this.#parts.delete(key);
    }
    this.#empty.hidden = keys.size > 0;
  }

  #fill(part: HTMLTableRowElement, row: Row): void {
    for (const [at, column] of this.#columns.entries()) {
      const cell = part.cells[at]!;
      setText(cell, column.text(row));
      const classes = [
        column.isNumber ? "number" : "",
        column.wraps ? "wrap" : "",
        column.mark?.(row) ?? "",
      ];
      setAttributes(cell, {
        class: classes.filter((each) => each !== "").join(" ") || null,
      });
    }
  }

  #sort(at: number): void {
    if (this.#sorted === at) this.#isDescending = !this.#isDescending;
    else {
      this.#sorted = at;
      this.#isDescending = this.#columns[at]!.isNumber === true;
    }
    this.show(this.#rows);
  }
}

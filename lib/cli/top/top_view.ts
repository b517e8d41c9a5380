/**
 * What the live table shows, and how keys change it.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { Paint } from "../output/paint.ts";
import { type Note, table } from "../output/table.ts";
import { cutText } from "../output/text_width.ts";
import { clockText } from "../output/figures.ts";
import type { HostState } from "./sample.ts";
import {
  HANDLER_COLUMNS,
  handlerRows,
  NODE_COLUMNS,
  nodeRows,
  type SortableColumn,
  sortRows,
} from "./top_rows.ts";

/** What the rows are. */
export type TopRows = "node" | "handler";

/** The screen that it is drawn for. */
export interface TopScreen {
  /** Columns; `null`: as many as are needed. */
  readonly width: number | null;
  /** Lines; `null`: as many as are needed. */
  readonly height: number | null;
  /** Colours. */
  readonly paint: Paint;
}

const KEYS: readonly (readonly [key: string, what: string])[] = [
  ["o", "sorts by the next column; O by the one before"],
  ["r", "reverses the order"],
  ["v", "shows handlers instead of nodes, and back"],
  ["space", "pauses, and goes on"],
  ["?", "shows these keys, and hides them; h as well"],
  ["q", "quits; Ctrl-C as well"],
];

/** The names of all columns, for sorting. */
export const SORT_KEYS: readonly string[] = [
  ...new Set([...NODE_COLUMNS, ...HANDLER_COLUMNS].map(({ key }) => key)),
];

/** What is shown. */
export class TopView {
  /** Nodes or handlers. */
  rows: TopRows;
  /** Whether nothing changes. */
  isPaused = false;
  #sortAt: number;
  #isReversed = false;
  #showsKeys = false;
  readonly #limit: number;

  /**
   * @param sort The key of the column to sort by; `undefined`, or one that these rows have not: the usual one.
   * @param limit How many rows at most.
   */
  constructor(rows: TopRows, sort: string | undefined, limit: number) {
    this.rows = rows;
    this.#limit = limit;
    const at = this.#columns.findIndex(({ key }) => key === sort);
    this.#sortAt = at < 0 ? this.#usualSort : at;
  }

  /** A key was pressed. Returns whether to quit. */
  press(key: string): boolean {
    switch (key) {
      case "q":
      case "Q":
        return true;
      case "o":
        this.#sortAt = (this.#sortAt + 1) % this.#columns.length;
        break;
      case "O":
        this.#sortAt = (this.#sortAt + this.#columns.length - 1) % this.#columns.length;
        break;
      case "r":
        this.#isReversed = !this.#isReversed;
        break;
      case "v":
        this.rows = this.rows === "node" ? "handler" : "node";
        this.#sortAt = this.#usualSort;
        break;
      case " ":
        this.isPaused = !this.isPaused;
        break;
      case "?":
      case "h":
        this.#showsKeys = !this.#showsKeys;
    }
    return false;
  }

  /** The table, with a line above that says what it shows. */
  draw(states: readonly HostState[], wallMs: number, screen: TopScreen): string {
    const { width, height } = screen;
    const speaking = states.filter(({ after, problem }) => after !== null && problem === null);
    const title = [
      `internode top  ${clockText(wallMs).slice(0, 8)}`,
      `${speaking.length} of ${counted(states.length, "host")} ${
        speaking.length === 1 ? "answers" : "answer"
      }`,
      `by ${this.#columns[this.#sortAt]!.title}${this.#isReversed ? " (reversed)" : ""}`,
      this.isPaused ? "paused" : "? for keys",
    ].join("  ");
    const keys = this.#showsKeys ? KEYS.map(([key, what]) => `  ${key.padEnd(7)}${what}`) : [];
    const lines = [
      cutText(title, width ?? Infinity),
      "",
      ...keys.map((line) => cutText(line, width ?? Infinity)),
      ...this.table(states, screen).trimEnd().split("\n"),
    ];
    return (height === null ? lines : lines.slice(0, Math.max(1, height - 1))).join("\n");
  }

  /** The table alone. */
  table(states: readonly HostState[], { width, paint }: Omit<TopScreen, "height">): string {
    const notes = states.flatMap(({ host, problem }): Note[] =>
      problem === null ? [] : [{ first: host, note: `${problem.code}: ${problem.message}` }]
    );
    // The last figures of a host that is silent would look like those of now.
    const speaking = states.filter(({ problem }) => problem === null);
    const options = { width, paint, notes };
    return this.rows === "node"
      ? table(NODE_COLUMNS, this.#sorted(nodeRows(speaking), NODE_COLUMNS), options)
      : table(HANDLER_COLUMNS, this.#sorted(handlerRows(speaking), HANDLER_COLUMNS), options);
  }

  /** The rows for programs. */
  json(states: readonly HostState[]): object {
    const problems = states.flatMap(({ host, problem }) =>
      problem === null ? [] : [{ host, problem }]
    );
    const speaking = states.filter(({ problem }) => problem === null);
    return this.rows === "node"
      ? { nodes: this.#sorted(nodeRows(speaking), NODE_COLUMNS), problems }
      : { handlers: this.#sorted(handlerRows(speaking), HANDLER_COLUMNS), problems };
  }

  get #columns(): readonly Pick<SortableColumn<never>, "key" | "title">[] {
    return this.rows === "node" ? NODE_COLUMNS : HANDLER_COLUMNS;
  }

  /** Nodes stay where they are; of handlers the busiest come first. */
  get #usualSort(): number {
    return this.rows === "node"
      ? 0
      : HANDLER_COLUMNS.findIndex(({ key }) => key === "callsPerSecond");
  }

  #sorted<Row>(rows: readonly Row[], columns: readonly SortableColumn<Row>[]): readonly Row[] {
    return sortRows(rows, columns[this.#sortAt]!, this.#isReversed).slice(0, this.#limit);
  }
}

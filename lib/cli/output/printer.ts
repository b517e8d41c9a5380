/**
 * Where a command prints.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import type { Terminal, TextOutput } from "../../runtime/platform/terminal.ts";
import { colours, noColours, type Paint } from "./paint.ts";
import { type Column, type Note, table } from "./table.ts";

/** Prints for people, and for programs. */
export class Printer {
  /** Colours, if the output is a terminal that is to have some. */
  readonly paint: Paint;
  readonly #output: TextOutput;
  readonly #errors: TextOutput;
  readonly #onGone: () => void;

  /**
   * @param terminal Where it prints.
   * @param noColour What the environment says of colours: any text forbids them, see no-color.org.
   * @param onGone Nobody reads any more.
   */
  constructor(terminal: Terminal, noColour: string | undefined, onGone: () => void) {
    this.#output = terminal.output;
    this.#errors = terminal.errors;
    this.#onGone = onGone;
    const isPlain = !this.isTerminal || (noColour !== undefined && noColour !== "");
    this.paint = isPlain ? noColours : colours;
  }

  /** Whether somebody looks at it, and no program reads it. */
  get isTerminal(): boolean {
    return this.#output.isTerminal;
  }

  /** How many columns the terminal has; `null` where there is none. */
  get width(): number | null {
    return this.#output.size()?.columns ?? null;
  }

  /** How many lines the terminal has; `null` where there is none. */
  get height(): number | null {
    return this.#output.size()?.rows ?? null;
  }

  /** Prints a text as it is. */
  async print(text: string): Promise<void> {
    if (!await this.#output.write(text)) this.#onGone();
  }

  /** Prints a table. */
  async table<Row>(
    columns: readonly Column<Row>[],
    rows: readonly Row[],
    notes: readonly Note[] = [],
  ): Promise<void> {
    const { width, paint } = this;
    await this.print(table(columns, rows, { width, paint, notes }));
  }

  /** Prints a value as JSON, on several lines. */
  async json(value: unknown): Promise<void> {
    await this.print(`${JSON.stringify(value, plainValue, 2)}\n`);
  }

  /** Prints a value as one line of JSON, as streams of values have them. */
  async jsonLine(value: unknown): Promise<void> {
    await this.print(`${JSON.stringify(value, plainValue)}\n`);
  }

  /** Says something beside the result, on standard error; what would drive a terminal is taken out. */
  async note(text: string): Promise<void> {
    await this.#errors.write(`${text.split("\n").map((line) => plainText(line)).join("\n")}\n`);
  }
}

/** Maps as objects, and `null` for numbers that JSON has not. */
function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return typeof value === "bigint" ? String(value) : value;
}

/**
 * Where the demo shows what is going on.
 *
 * @module
 */

import { type NodeRow, renderLine, renderTable, type TotalRow } from "./table_view.ts";

/** An output such as `Deno.stderr`. */
export interface Output {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** How many of the latest messages stand below the table. */
const MESSAGES = 6;
const UP_AND_CLEAR = (lines: number) => `\x1b[${lines}A\r\x1b[J`;

/** A table that is written over in a terminal; plain lines one after the other elsewhere. */
export class Screen {
  readonly #output: Output;
  /** Whether the table is written over in a terminal. */
  readonly live: boolean;
  readonly #columns: () => number;
  readonly #utf8 = new TextEncoder();
  readonly #messages: string[] = [];
  #shown = 0;

  /**
   * @param output Where to write.
   * @param columns How wide it is; longer lines of the table are cut, as they must not wrap.
   */
  constructor(output: Output, columns: () => number = () => 80) {
    this.#output = output;
    this.#columns = columns;
    this.live = output.isTerminal();
  }

  /** Shows how things stand. */
  show(nodes: readonly NodeRow[], total: TotalRow): void {
    if (!this.live) return this.#write(renderLine(nodes, total) + "\n");
    const columns = this.#columns();
    const lines = [...renderTable(nodes, total), "", ...this.#messages]
      .map((line) => line.slice(0, columns - 1));
    this.#write((this.#shown > 0 ? UP_AND_CLEAR(this.#shown) : "") + lines.join("\n") + "\n");
    this.#shown = lines.length;
  }

  /** Tells what has happened; in a terminal it appears with the next table. */
  tell(message: string): void {
    if (!this.live || this.#shown === 0) return this.#write(message + "\n");
    this.#messages.push(message);
    if (this.#messages.length > MESSAGES) this.#messages.shift();
  }

  /** Leaves the table where it is and writes below it. */
  print(text: string): void {
    this.#shown = 0;
    this.#write(text + "\n");
  }

  #write(text: string): void {
    const bytes = this.#utf8.encode(text);
    for (let at = 0; at < bytes.length;) at += this.#output.writeSync(bytes.subarray(at));
  }
}

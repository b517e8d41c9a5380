/**
 * Where the example shows what is going on.
 *
 * @module
 */

import type { Logger } from "@internode/grid";
import type { Output } from "../lock_service/supervisor/screen.ts";

const CLEAR = "\r\x1b[K";

/** A last line that is written over in a terminal; one line after the other elsewhere. */
export class LiveLine {
  readonly #output: Output;
  /** Whether the line is written over. */
  readonly live: boolean;
  readonly #utf8 = new TextEncoder();
  #shown = "";

  /** @param output Where to write. */
  constructor(output: Output) {
    this.#output = output;
    this.live = output.isTerminal();
  }

  /** Shows how things stand. */
  show(line: string): void {
    if (!this.live) return this.print(line);
    this.#shown = line;
    this.#write(CLEAR + line);
  }

  /** Tells what has happened, above the line. */
  print(text: string): void {
    this.#write(this.#shown === "" ? `${text}\n` : `${CLEAR}${text}\n${this.#shown}`);
  }

  /** Takes the line away: what is printed next is the end. */
  finish(): void {
    if (this.#shown !== "") this.#write(CLEAR);
    this.#shown = "";
  }

  #write(text: string): void {
    const bytes = this.#utf8.encode(text);
    for (let at = 0; at < bytes.length;) at += this.#output.writeSync(bytes.subarray(at));
  }
}

/** Shows the warnings of a part of the program, and nothing below. */
export function viewLogger(view: LiveLine, part: string): Logger {
  const ignore = () => {};
  const tell = (message: string) => view.print(`${part}: ${message}`);
  return { debug: ignore, info: ignore, warn: tell, error: tell };
}

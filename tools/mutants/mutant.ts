/**
 * A small fault put into a source file on purpose.
 *
 * @module
 */

/** One change of one file, which the tests ought to notice. */
export interface Mutant {
  /** The file, from the repository's root on. */
  readonly file: string;
  /** The line on which the change begins, from 1. */
  readonly line: number;
  /** That line as it was, without its indentation. */
  readonly lineText: string;
  /** What was done, for who reads the list: ``"`<` became `<=`"``. */
  readonly change: string;
  /** Where what is replaced begins, in UTF-16 units of the file. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** What stands there instead. */
  readonly replacement: string;
}

/** The file's text with the change made. */
export function apply(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

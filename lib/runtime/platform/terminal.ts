/**
 * What a program of the command line needs of its process.
 *
 * @module
 */

/** A signal that asks a program to end. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** How much text a screen shows. */
export interface ScreenSize {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
}

/** Where texts go: standard output, or standard error. */
export interface TextOutput {
  /** Whether it is a terminal, and no file or pipe. */
  readonly isTerminal: boolean;
  /** How large the terminal is now; `null` where it is none, or does not say. */
  size(): ScreenSize | null;
  /**
   * Writes a text.
   *
   * @returns Whether there is still somebody who reads; never rejects.
   */
  write(text: string): Promise<boolean>;
}

/** What a program of the command line needs of its process. */
export interface Terminal {
  /** What the program was called with. */
  readonly args: readonly string[];
  /** Standard output. */
  readonly output: TextOutput;
  /** Standard error. */
  readonly errors: TextOutput;
  /**
   * Listens to signals instead of ending at once.
   *
   * @returns A function that ends that.
   */
  onSignal(listener: (signal: EndSignal) => void): () => void;
  /** Standard input, until its end or until the loop is left. */
  input(): AsyncIterable<Uint8Array>;
  /**
   * Reads each key as it is pressed, without showing it; Ctrl-C is a key, too.
   *
   * @returns A function that ends that; `null` where the standard input is no terminal.
   */
  readKeys(onKey: (key: string) => void): (() => void) | null;
  /** Ends the process. */
  exit(status: number): never;
}

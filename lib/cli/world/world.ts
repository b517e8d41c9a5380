/**
 * What commands have around them.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import type { Files } from "../../runtime/platform/files.ts";
import type { Terminal } from "../../runtime/platform/terminal.ts";
import type { Printer } from "../output/printer.ts";

/** What a program of the command line runs in. */
export interface Surroundings {
  /** The process's terminal. */
  readonly terminal: Terminal;
  /** Files and folders. */
  readonly files: Files;
  /** A variable of the environment; may throw where it may not be read. */
  readonly env: (name: string) => string | undefined;
  /** Where time comes from. */
  readonly clock: Clock;
}

/** What commands have around them. */
export interface World extends Surroundings {
  /** A variable of the environment; `undefined` where there is none, or it may not be read. */
  readonly env: (name: string) => string | undefined;
  /** Where results go. */
  readonly printer: Printer;
  /** Aborts when the command is to end: by Ctrl-C, or as nobody reads. */
  readonly signal: AbortSignal;
}

/**
 * Commands of a command line.
 *
 * @module
 */

import type { World } from "../world/world.ts";
import type { Options, ValuesOf } from "./option.ts";

/** What stands on a command line without a name. */
export interface Operand {
  /** What stands for it in the help, such as `HOST`; `FILE` is completed by files. */
  readonly name: string;
  /** What it is. */
  readonly about: string;
  /** Whether it may be left out. Default: `false`. */
  readonly isOptional?: boolean;
  /** Whether it may be given again; for the last one only. Default: `false`. */
  readonly isRepeated?: boolean;
  /** All texts that it takes; `undefined`: there are too many of them. */
  readonly choices?: readonly string[];
}

/** A command line, read. */
export interface Given<All extends Options> {
  /** What the options were given. */
  readonly options: ValuesOf<All>;
  /** The operands, in order. */
  readonly operands: readonly string[];
}

/** A command line with its meaning. */
export interface Example {
  /** What is typed behind the program's name. */
  readonly line: string;
  /** What it does. */
  readonly about: string;
}

/** A command: what it takes, and what it does. */
export interface Command<All extends Options = Options> {
  /** What it is called. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly about: string;
  /** More of that, for its help. Default: none. */
  readonly details?: string;
  /** Its operands, in order. */
  readonly operands: readonly Operand[];
  /** Its options. */
  readonly options: All;
  /** How it is used. */
  readonly examples: readonly Example[];
  /**
   * Does it.
   *
   * @returns The exit status.
   */
  run(given: Given<All>, world: World): Promise<number>;
}

/** A command in a list of commands of all kinds. */
export function command<All extends Options>(one: Command<All>): Command {
  return one as unknown as Command;
}

/**
 * What can be asked of the example on its command line.
 *
 * @module
 */

import { CommandLine, flag, whole } from "../../../tools/command_line/command_line.ts";

/** How to run the example. */
export interface KvOptions {
  /** For how long the store is used, in seconds. */
  readonly seconds: number;
  /** What the plan of the run follows from; `undefined`: a new one. */
  readonly seed: number | undefined;
  /** Print the summary as one line of JSON. */
  readonly json: boolean;
}

const LINE = new CommandLine(
  "deno task kv",
  "A replicated store on 5 nodes, which are killed, frozen and replaced while it is used.",
  {
    seconds: whole("how long, in seconds", { from: 1, to: 86_400, fallback: 10 }),
    seed: whole("what is done to the nodes follows from it; a new one without it", {
      from: 0,
      fallback: undefined,
    }),
    json: flag("print the summary as one line of JSON"),
  },
  "Ends with status 0 if all that was read and watched is explained by what was written, " +
    "1 otherwise, 2 for a wrong option.",
);

/** How to call the example. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: readonly string[]): KvOptions | "help" {
  return LINE.parse(args);
}

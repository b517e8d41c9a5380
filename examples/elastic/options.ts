/**
 * What can be asked of the example on its command line.
 *
 * @module
 */

import { CommandLine, flag, UsageError, whole } from "../../tools/command_line/command_line.ts";

/** How to run the example. */
export interface ElasticOptions {
  /** How many nodes there are at first. */
  readonly from: number;
  /** How many it grows to. */
  readonly to: number;
  /** How many are left in the end. */
  readonly end: number;
  /** For how long at least it is used, in seconds. */
  readonly seconds: number;
  /** How many additions a second. */
  readonly rate: number;
  /** How many keys there are. */
  readonly keys: number;
  /** Whether the live page is served. */
  readonly web: boolean;
  /** Print the summary as one line of JSON. */
  readonly json: boolean;
}

const LINE = new CommandLine(
  "deno task elastic",
  "Counters on nodes that come and go under load; etcd, which must be installed, is started for it.",
  {
    from: whole("how many nodes at first", { from: 1, to: 32, fallback: 3 }),
    to: whole("how many it grows to", { from: 1, to: 32, fallback: 8 }),
    end: whole("how many are left in the end", { from: 1, to: 32, fallback: 4 }),
    seconds: whole("how long, in seconds, but never shorter than all steps take", {
      from: 1,
      to: 86_400,
      fallback: 10,
    }),
    rate: whole("how many additions a second", { from: 1, to: 100_000, fallback: 2_000 }),
    keys: whole("how many keys", { from: 1, to: 1_000_000, fallback: 2_000 }),
    web: flag("serve the live page, and print its URL"),
    json: flag("print the summary as one line of JSON"),
  },
  "Ends with status 0 if no call failed and no key was lost, 1 otherwise, 2 for a wrong option.",
);

/** How to call the example. */
export const USAGE: string = LINE.usage;

/**
 * Reads the command line.
 *
 * @returns The options, or `"help"`.
 * @throws {UsageError} For an unknown option or a value that makes no sense.
 */
export function parseOptions(args: readonly string[]): ElasticOptions | "help" {
  const options = LINE.parse(args);
  if (options !== "help" && options.to < Math.max(options.from, options.end)) {
    throw new UsageError("--to must be at least as large as --from and --end.");
  }
  return options;
}

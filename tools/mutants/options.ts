/**
 * The command line of `deno task mutants`.
 *
 * @module
 */

import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { CommandLine, flag, list, UsageError, whole } from "../command_line/command_line.ts";
import { ROOMS } from "./rooms.ts";

const NAMES = ROOMS.map(({ name }) => name);

const LINE = new CommandLine(
  "deno task mutants",
  "Puts small faults into the sources, one at a time, in a copy of the repository, runs the tests " +
    "of their room, and prints the faults that no test has noticed.",
  {
    room: list(`of these rooms alone, which may be given again`, "NAME,…", NAMES, roomNamed),
    file: list(
      "only files whose path has it in it; may be given again",
      "TEXT,…",
      [],
      (text) => text,
    ),
    limit: whole("so many mutants, drawn by chance; all there are without it", {
      from: 0,
      fallback: Infinity,
    }),
    seed: whole("the chance that draws them; a new one without it, which is printed", {
      from: 0,
      fallback: undefined,
    }),
    thorough: flag("run slow files of tests too, which take more than 10 s"),
    list: flag("print the mutants and run nothing"),
  },
);

/** What `--help` says. */
export const USAGE: string = LINE.usage;

/** What is to be done. */
export interface Options {
  readonly rooms: readonly string[];
  readonly files: readonly string[];
  readonly limit: number;
  readonly seed: number;
  readonly thorough: boolean;
  readonly list: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} If something in it is not understood.
 */
export function parseOptions(args: readonly string[]): Options | "help" {
  const values = LINE.parse(args);
  if (values === "help") return values;
  const { room: rooms, file: files, seed = drawSeed(), ...rest } = values;
  return { rooms, files, seed, ...rest };
}

function roomNamed(text: string): string {
  if (NAMES.includes(text)) return text;
  throw new UsageError(`There is no room ${text}: ${NAMES.join(", ")}.`);
}

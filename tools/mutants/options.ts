/**
 * The command line of `deno task mutants`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { ROOMS } from "./rooms.ts";

/** What `--help` says. */
export const USAGE: string = `deno task mutants [--room NAME] [--file PATH] [--limit N] [--seed N]

Puts small faults into the sources, one at a time, in a copy of the repository,
runs the tests of their room, and prints the faults that no test has noticed.

--room NAME   ${ROOMS.map(({ name }) => name).join(", ")}; may be given again. Default: all
--file TEXT   only files whose path has it in it; may be given again
--limit N     so many mutants, drawn by chance. Default: all there are
--seed N      the chance that draws them. Default: a new one, which is printed
--thorough    runs slow files of tests too, which take more than 10 s
--list        prints the mutants and runs nothing`;

/** What is to be done. */
export interface Options {
  readonly rooms: readonly string[];
  readonly files: readonly string[];
  readonly limit: number;
  readonly seed: number;
  readonly thorough: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {Error} If something in it is not understood.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      room: { type: "string", multiple: true },
      file: { type: "string", multiple: true },
      limit: { type: "string" },
      seed: { type: "string" },
      thorough: { type: "boolean" },
      list: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const names = ROOMS.map(({ name }) => name), rooms = values.room ?? names;
  for (const room of rooms) {
    if (!names.includes(room)) throw new Error(`There is no room ${room}: ${names.join(", ")}.`);
  }
  return {
    rooms,
    files: values.file ?? [],
    limit: whole("limit", values.limit) ?? Infinity,
    seed: whole("seed", values.seed) ?? drawSeed(),
    thorough: values.thorough ?? false,
    list: values.list ?? false,
    help: values.help ?? false,
  };
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`--${name} wants a whole number, not "${text}".`);
  }
  return value;
}

/**
 * The texts of help.
 *
 * @module
 */

import { wrap } from "../output/wrap.ts";
import type { Command, Operand } from "./command.ts";
import type { Option, Options } from "./option.ts";

/** A program with its commands, as its help shows it. */
export interface ProgramHelp {
  /** What it is called. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly about: string;
  /** Its commands, in order. */
  readonly commands: readonly Command[];
  /** What the help ends with, by headings. */
  readonly ends: readonly (readonly [heading: string, rows: readonly Row[]])[];
}

/** What stands left, and what is said of it. */
export type Row = readonly [left: string, right: string];

/** The help of a program. */
export function programHelp({ name, about, commands, ends }: ProgramHelp, width: number): string {
  const rows = commands.map((one): Row => [one.name, one.about]);
  return [
    `${name} COMMAND [OPTION…]`,
    wrap(about, 0, width),
    ...section("Commands", rows, width),
    ...ends.flatMap(([heading, all]) => section(heading, all, width)),
    wrap(`"${name} help COMMAND" tells more of one.`, 0, width),
  ].join("\n\n") + "\n";
}

/** The help of a command. */
export function commandHelp(program: string, one: Command, width: number): string {
  const { name, about, details, operands, options, examples } = one;
  const words = [program, name, ...operands.map(operandText)];
  return [
    `${words.join(" ")} [OPTION…]`,
    wrap(about, 0, width),
    ...(details === undefined ? [] : details.split("\n").map((each) => wrap(each, 0, width))),
    ...section("Operands", operands.map((each): Row => [each.name, each.about]), width),
    ...section("Options", optionRows(options), width),
    ...exampleSection(program, examples, width),
  ].join("\n\n") + "\n";
}

const HELP: Row = ["--help", "print this text"];

/** How to call a command, in one line. */
export function operandText({ name, isOptional, isRepeated }: Operand): string {
  const shown = isRepeated === true ? `${name}…` : name;
  return isOptional === true ? `[${shown}]` : shown;
}

/** What is said of options, and of `--help`, which comes with them. */
export function optionRows(options: Options): readonly Row[] {
  return [...Object.entries(options).map(optionRow), HELP];
}

function optionRow([name, { about, placeholder, shown }]: [string, Option<unknown>]): Row {
  const left = `--${name}${placeholder === null ? "" : ` ${placeholder}`}`;
  return [left, shown === null ? about : `${about} (default: ${shown})`];
}

function section(heading: string, rows: readonly Row[], width: number): readonly string[] {
  return rows.length === 0 ? [] : [`${heading}:\n${rowsText(rows, width)}`];
}

/** Rows, of which the right sides stand below each other. */
export function rowsText(rows: readonly Row[], width: number): string {
  const indent = 4 + Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) =>
    `  ${left}`.padEnd(indent) + wrap(right, indent, width)
  );
  return lines.join("\n");
}

function exampleSection(
  program: string,
  examples: Command["examples"],
  width: number,
): readonly string[] {
  if (examples.length === 0) return [];
  const lines = examples.map(({ line, about }) =>
    `  # ${wrap(about, 4, width - 4).replace(/^ {4}/gm, "  # ")}\n  ${program} ${line}`
  );
  return [`Examples:\n${lines.join("\n")}`];
}

/**
 * Reads a command's arguments.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import type { Command, Given } from "./command.ts";
import type { Options, ValuesOf } from "./option.ts";
import { nearest } from "../../foreign/nearest.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads what stands behind a command's name: options and operands in any order,
 * `--name value` and `--name=value`; behind `--` there are only operands.
 *
 * @returns What was given, or `"help"` where that is asked for.
 * @throws {UsageError} For an unknown option, a value that makes no sense, and too many or too few operands.
 */
export function readArguments<All extends Options>(
  command: Command<All>,
  args: readonly string[],
): Given<All> | "help" {
  const given = new Map<string, string[]>(), operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--help" || arg === "-h") return "help";
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      continue;
    }
    const [, name = "", value] = /^--?([^=]*)(?:=([^]*))?$/.exec(arg)!;
    const option = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
    if (option === undefined || !arg.startsWith("--")) throw unknownOption(command, arg);
    const texts = given.get(name) ?? [];
    given.set(name, texts);
    if (option.placeholder === null) {
      if (value !== undefined) throw new UsageError(`--${name} takes no value.`);
      texts.push("");
    } else if (value !== undefined) texts.push(value);
    else if (at + 1 < args.length && !args[at + 1]!.startsWith("--")) texts.push(args[++at]!);
    else throw new UsageError(`--${name} needs a value: ${option.placeholder}.`);
  }
  checkOperands(command, operands);
  const options = Object.fromEntries(
    Object.entries(command.options).map((
      [name, option],
    ) => [name, option.read(given.get(name) ?? [], `--${name}`)]),
  ) as ValuesOf<All>;
  return { options, operands };
}

function unknownOption({ name, options }: Command<Options>, arg: string): UsageError {
  const shown = arg.replace(/=[^]*$/, ""), known = Object.keys(options).map((one) => `--${one}`);
  const meant = nearest(shown, [...known, "--help"]);
  return new UsageError(
    `${name} has no option ${quoted(shown)}.${meant === null ? "" : ` Do you mean ${meant}?`}`,
  );
}

function checkOperands<All extends Options>(
  { name, operands }: Command<All>,
  given: readonly string[],
): void {
  const missing = operands.find(({ isOptional }, at) => isOptional !== true && at >= given.length);
  if (missing !== undefined) {
    throw new UsageError(`${name} needs ${missing.name}: ${missing.about}.`);
  }
  const extra = operands.at(-1)?.isRepeated === true ? undefined : given[operands.length];
  if (extra !== undefined) throw new UsageError(`${name} does not take ${quoted(extra)} as well.`);
}

/**
 * The one parser of command lines: of benches, examples, tools and tests that run by themselves.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { optionRows, rowsText } from "../../lib/cli/arguments/help.ts";
import { flag, type Options, type ValuesOf } from "../../lib/cli/arguments/option.ts";
import { UsageError } from "../../lib/cli/arguments/usage_error.ts";
import { USUAL_WIDTH, wrap } from "../../lib/cli/output/wrap.ts";

export {
  choice,
  flag,
  list,
  type Option,
  type Options,
  seconds,
  text,
  type ValuesOf,
  whole,
} from "../../lib/cli/arguments/option.ts";
export { UsageError } from "../../lib/cli/arguments/usage_error.ts";

/**
 * Reads an entry of a `list` that must be one of some.
 *
 * @throws {UsageError} From what it gives, for any other.
 */
export function oneOf<const Text extends string>(all: readonly Text[]): (given: string) => Text {
  return (given) => {
    const found = all.find((each) => each === given);
    if (found !== undefined) return found;
    throw new UsageError(`${JSON.stringify(given)} is none of ${all.join(", ")}`);
  };
}

/** A program's command line. */
export class CommandLine<All extends Options> {
  readonly #head: string;
  readonly #options: All;
  readonly #end: string;

  /**
   * Describes it.
   *
   * @param command What calls the program, such as `deno task bench`.
   * @param about What the program does.
   * @param options Its options; `--help` comes with it.
   * @param end What the help ends with.
   */
  constructor(command: string, about: string, options: All, end = "") {
    this.#head = `${command} [options]\n\n${wrap(about, 0)}`;
    this.#options = options;
    this.#end = end;
  }

  /** What `--help` prints. */
  get usage(): string {
    const end = this.#end === "" ? "" : `\n\n${wrap(this.#end, 0)}`;
    return `${this.#head}\n\n${rowsText(optionRows(this.#options), USUAL_WIDTH)}${end}`;
  }

  /**
   * Reads arguments.
   *
   * @returns The values, or `"help"`.
   * @throws {UsageError} For an unknown option or a value that makes no sense.
   */
  parse(args: readonly string[]): ValuesOf<All> | "help" {
    const given = this.#given(args);
    if (given["help"] !== undefined) return "help";
    return Object.fromEntries(
      Object.entries(this.#options).map(([name, option]) => [
        name,
        option.read((given[name] ?? []).map(String), `--${name}`),
      ]),
    ) as ValuesOf<All>;
  }

  #given(args: readonly string[]): Record<string, (string | boolean)[] | undefined> {
    const options = Object.fromEntries(
      [...Object.entries(this.#options), ["help", flag("")] as const].map(([name, option]) => [
        name,
        { type: option.placeholder === null ? "boolean" : "string", multiple: true } as const,
      ]),
    );
    try {
      return parseArgs({ args: [...args], options }).values;
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
}

/**
 * The options that the program was called with. Who asks for help is shown it, and the program ends
 * with status 0; a wrong option is explained, and the program ends with status 2.
 *
 * @param usage How to call the program.
 * @param parse Makes options of the arguments. What it throws but a {@linkcode UsageError} goes on.
 */
export function readOptions<Options>(
  usage: string,
  parse: (args: readonly string[]) => Options | "help",
): Options {
  try {
    const options = parse(Deno.args);
    if (options !== "help") return options;
    console.log(usage);
    Deno.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    Deno.exit(2);
  }
}

/** The same for a program that makes nothing more of its values. */
export function readLine<All extends Options>(line: CommandLine<All>): ValuesOf<All> {
  return readOptions(line.usage, (args) => line.parse(args));
}

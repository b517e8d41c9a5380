/**
 * The one parser of command lines: of benches, examples, tools and tests that run by themselves.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** A wrong option; the message says which, and what it takes. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An option, and how what it was given becomes a value. */
export interface Option<Value> {
  /** What it is for, with its unit and its range. */
  readonly about: string;
  /** What stands for its value in the help; `null`: it takes none. */
  readonly placeholder: string | null;
  /** Its default, as the help shows it; `null`: the help shows none. */
  readonly shown: string | null;
  /**
   * Makes a value of what was given.
   *
   * @param given All texts that it was given; none where it was left out.
   * @param name Its name, with dashes.
   * @throws {UsageError} For a text that makes no sense.
   */
  read(given: readonly string[], name: string): Value;
}

/** Options by their names, without dashes. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of options, by the same names. */
export type ValuesOf<All extends Options> = {
  [Name in keyof All]: All[Name] extends Option<infer Value> ? Value : never;
};

/** An option that is given or not. */
export function flag(about: string): Option<boolean> {
  return { about, placeholder: null, shown: null, read: (given) => given.length > 0 };
}

/** An option whose last text counts; without one it has its default. */
function single<Value>(
  about: string,
  placeholder: string,
  fallback: Value,
  read: (text: string, name: string) => Value,
): Option<Value> {
  const shown = fallback === undefined || fallback === Infinity ? null : String(fallback);
  return {
    about,
    placeholder,
    shown,
    read: (given, name) => given.length === 0 ? fallback : read(given.at(-1)!, name),
  };
}

/** An option that takes any text. */
export function text<Fallback extends string | undefined>(
  about: string,
  placeholder: string,
  fallback: Fallback,
): Option<string | Fallback> {
  return single<string | Fallback>(about, placeholder, fallback, (given) => given);
}

/** An option that takes one of several texts. */
export function choice<const Text extends string, Fallback extends Text | undefined>(
  about: string,
  all: readonly Text[],
  fallback: Fallback,
): Option<Text | Fallback> {
  return single<Text | Fallback>(
    `${all.join(", ")}: ${about}`,
    "NAME",
    fallback,
    (given, name) => {
      const found = all.find((each) => each === given);
      if (found !== undefined) return found;
      throw new UsageError(`${name} must be ${all.join(", ")}, not ${JSON.stringify(given)}.`);
    },
  );
}

/** Which numbers an option takes. */
export interface Range<Fallback> {
  /** The least. */
  readonly from: number;
  /** The most; without it there is no limit. */
  readonly to?: number;
  /** What holds where the option is left out. */
  readonly fallback: Fallback;
}

/** An option that takes a whole number. */
export function whole<Fallback extends number | undefined>(
  about: string,
  { from, to = Number.MAX_SAFE_INTEGER, fallback }: Range<Fallback>,
): Option<number | Fallback> {
  const range = to === Number.MAX_SAFE_INTEGER ? `from ${from} on` : `from ${from} to ${to}`;
  return single<number | Fallback>(`${about}, ${range}`, "N", fallback, (given, name) => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= from && value <= to) return value;
    throw new UsageError(`${name} must be a whole number ${range}, not ${JSON.stringify(given)}.`);
  });
}

/** An option that takes a time in seconds, with decimals, above 0. */
export function seconds(about: string, fallback: number): Option<number> {
  return single(`${about}, in seconds`, "S", fallback, (given, name) => {
    const value = Number(given);
    if (given.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
    throw new UsageError(
      `${name} must be a number of seconds above 0, not ${JSON.stringify(given)}.`,
    );
  });
}

/** An option that takes texts between commas, and may be given again. */
export function list<Value>(
  about: string,
  placeholder: string,
  fallback: readonly string[],
  read: (text: string, name: string) => Value,
): Option<Value[]> {
  return {
    about,
    placeholder,
    shown: fallback.length === 0 ? null : fallback.join(","),
    read(given, name) {
      const texts = given.length === 0 ? fallback : given.flatMap((each) => each.split(","));
      return texts.map((each) => {
        if (each.trim() === "") throw new UsageError(`${name} has an empty entry.`);
        return read(each.trim(), name);
      });
    },
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
    const rows = Object.entries(this.#options).map(([name, { about, placeholder, shown }]) => ({
      left: `  --${name}${placeholder === null ? "" : ` ${placeholder}`}`,
      right: about + (shown === null ? "" : ` (default: ${shown})`),
    }));
    rows.push({ left: "  --help", right: "print this text" });
    const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
    const lines = rows.map(({ left, right }) => left.padEnd(width) + wrap(right, width));
    const end = this.#end === "" ? "" : `\n\n${wrap(this.#end, 0)}`;
    return `${this.#head}\n\n${lines.join("\n")}${end}`;
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

/** The width of what is printed. */
const WIDTH = 80;

/** Breaks a text into lines, all but the first of which are indented. */
function wrap(about: string, indent: number): string {
  const lines = [""];
  for (const word of about.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && indent + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
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

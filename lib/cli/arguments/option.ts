/**
 * Options of command lines, and the kinds of their values.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import { UsageError } from "./usage_error.ts";

/** An option, and how what it was given becomes a value. */
export interface Option<Value> {
  /** What it is for, with its unit and its range. */
  readonly about: string;
  /** What stands for its value in the help; `null`: it takes none. */
  readonly placeholder: string | null;
  /** Its default, as the help shows it; `null`: the help shows none. */
  readonly shown: string | null;
  /** All texts that it takes; `undefined`: there are too many of them. */
  readonly choices?: readonly string[];
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
export function single<Value>(
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
  const option = single<Text | Fallback>(
    `${all.join(", ")}: ${about}`,
    "NAME",
    fallback,
    (given, name) => {
      const found = all.find((each) => each === given);
      if (found !== undefined) return found;
      throw new UsageError(`${name} must be ${all.join(", ")}, not ${quoted(given)}.`);
    },
  );
  return { ...option, choices: all };
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
    throw new UsageError(`${name} must be a whole number ${range}, not ${quoted(given)}.`);
  });
}

/** An option that takes a time in seconds, with decimals, above 0. */
export function seconds(about: string, fallback: number): Option<number> {
  return single(`${about}, in seconds`, "S", fallback, (given, name) => {
    const value = Number(given);
    if (given.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
    throw new UsageError(
      `${name} must be a number of seconds above 0, not ${quoted(given)}.`,
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

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * An option that takes a time with its unit, such as `10ms`, `1.5s`, `5m`, `2h`
 * or `14d`, and gives milliseconds.
 *
 * @param fallback The default, written in the same way.
 */
export function duration<Fallback extends string | undefined>(
  about: string,
  fallback: Fallback,
): Option<number | (Fallback extends string ? never : undefined)> {
  type Value = number | (Fallback extends string ? never : undefined);
  const first = (fallback === undefined ? undefined : millisecondsOf(fallback, about)) as Value;
  return { ...single<Value>(about, "TIME", first, millisecondsOf), shown: fallback ?? null };
}

function millisecondsOf(text: string, name: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount !== undefined) return Number(amount) * UNITS_MS[unit]!;
  throw new UsageError(
    `${name} must be a time with its unit, such as 10ms, 1.5s, 5m, 2h or 14d, not ${quoted(text)}.`,
  );
}

/** An option that may be given again, and gives all its texts. */
export function texts(about: string, placeholder: string): Option<readonly string[]> {
  return { about, placeholder, shown: null, read: (given) => given };
}

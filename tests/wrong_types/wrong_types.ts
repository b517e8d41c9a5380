/**
 * Gives options values of wrong types, each alone.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import { assertEquals } from "@std/assert";
import { inTime } from "../support/asking.ts";

/** One value of each type. */
const POOL = {
  number: 4,
  nan: NaN,
  text: "yes",
  true: true,
  null: null,
  list: [],
  object: {},
  function: () => {},
  bigint: 5n,
  symbol: Symbol("odd"),
} as const;
type Sample = keyof typeof POOL;

/** What an option takes: the values of the pool that may be good for it, and further bad ones. */
interface Takes {
  readonly good: readonly Sample[];
  readonly bad?: readonly unknown[];
  /** What the error calls it. Default: by its name. */
  readonly named?: string;
}

/** The usual ones. */
export const KINDS = {
  number: { good: ["number"] },
  /** A number that may be anything but NaN. */
  flag: { good: ["true"] },
  text: { good: ["text"] },
  bytes: { good: [] },
  textOrBytes: { good: ["text"] },
  texts: { good: ["list"], bad: [[4], [null]] },
  textOrTexts: { good: ["text", "list"], bad: [[4], [null]] },
  function: { good: ["function"] },
  /** An object with fields that may all be left out. */
  fields: { good: ["object"] },
  /** An object with certain methods or fields. */
  methods: { good: [] },
  signal: { good: [] },
  methodsList: { good: ["list"], bad: [[4], [null], [{}]] },
  anything: { good: Object.keys(POOL) as Sample[] },
} as const satisfies Readonly<Record<string, Takes>>;

/** The name of a kind, or a kind of its own. */
export type Kind = keyof typeof KINDS | Takes;

/** What takes options of a type: one kind for each, none left out. */
export type KindsOf<Options> = { readonly [K in keyof Required<Options>]: Kind };

/**
 * Tries each option, which must be refused as `InvalidArgument`, by its name.
 *
 * @param what The function.
 * @param take Calls it with the option in question beside good ones; what it gives is closed.
 * @param kinds What each option takes.
 */
export function wrongTypes<Options>(
  what: string,
  take: (options: Partial<Options>) => unknown,
  kinds: KindsOf<Options>,
): void {
  Deno.test(`${what}: an option of a wrong type is refused by name`, async () => {
    const faults: string[] = [];
    for (const [option, kind] of Object.entries<Kind>(kinds)) {
      const { good, bad = [], named = option }: Takes = typeof kind === "string"
        ? KINDS[kind]
        : kind;
      const wrong = Object.keys(POOL).filter((name) => !good.includes(name as Sample));
      for (const value of [...wrong.map((name) => POOL[name as Sample]), ...bad]) {
        const fate = await fateOf(
          () => take({ [option]: value } as unknown as Partial<Options>),
          named,
        );
        if (fate !== null) faults.push(`${option}: ${Deno.inspect(value)}: ${fate}`);
      }
    }
    assertEquals(faults, []);
  });
}

/** Tries the options as a whole, which take an object alone, or nothing. Default: with one value of each other type. */
export function wrongOptions(
  what: string,
  take: (options: never) => unknown,
  values: readonly unknown[] = [4, "yes", true, null, 5n, () => {}],
): void {
  Deno.test(`${what}: options that are no object are refused`, async () => {
    const faults: string[] = [];
    for (const value of values) {
      const fate = await fateOf(() => take(value as never), "options");
      if (fate !== null) faults.push(`${Deno.inspect(value)}: ${fate}`);
    }
    assertEquals(faults, []);
  });
}

async function fateOf(act: () => unknown, name: string): Promise<string | null> {
  try {
    await inTime(async () => await closeIt(await act()));
    return "is accepted";
  } catch (error) {
    if (!(error instanceof InternodeError)) return `throws ${error}`;
    if (error.code !== "InvalidArgument") return `is ${error.code}: ${error.message}`;
    return error.message.includes(name) ? null : `is not named: ${error.message}`;
  }
}

async function closeIt(made: unknown): Promise<void> {
  const { close, finished } = (made ?? {}) as {
    readonly close?: () => unknown;
    readonly finished?: Promise<unknown>;
  };
  finished?.catch(() => {});
  await close?.call(made);
}

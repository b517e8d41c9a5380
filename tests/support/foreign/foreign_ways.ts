/** What the code of a user may do where a well-behaved result is expected. */

import { TEXTLESS } from "./textless.ts";

/** One thing that it does, as a function that does it. */
export type Way = readonly [what: string, act: () => never];

const WAYS: readonly (readonly [what: string, act: () => unknown])[] = [
  ["throws an error", () => {
    throw new Error("a user's mistake");
  }],
  ...TEXTLESS.map(([what, value]) =>
    [`throws ${what}`, () => {
      throw value;
    }] as const
  ),
  ["is rejected", () => Promise.reject(new Error("a user's mistake"))],
  ["is rejected by a proxy that refuses everything", () => Promise.reject(TEXTLESS.at(-1)![1])],
  ["returns a promise whose then throws", () => ({
    then(): never {
      throw new Error("then throws");
    },
  })],
  ["returns what cannot even be asked for a then", () => ({
    get then(): never {
      throw new Error("no then");
    },
  })],
  ["returns a symbol", () => Symbol("odd")],
];

/** All of them. */
export const FOREIGN_WAYS: readonly Way[] = WAYS as readonly Way[];

/**
 * Which test files run together, and what they are given.
 *
 * @module
 */

import { resolveImport } from "../lint/place.ts";

/**
 * - `bare`: those in which no test needs a permission
 * - `together`: those that need some, and may run side by side
 * - `alone`: those that judge how long something takes
 */
export type TestGroup = "bare" | "together" | "alone";

/** Those that need the machine for themselves, on each runtime. */
export const ALONE: ReadonlySet<string> = new Set([
  "tests/hostile/floods_test.ts",
  "tests/processes/spin_test.ts",
]);

/** The rooms that are tested without permissions, whatever their tests import. */
const PURE = /^tests\/(?:foreign|wire|codec|session)\//;

/** How a module names another of its own repository. */
const MODULE_IMPORT = /(?<=\b(?:from|import|import\() ?)"(\.[^"]+\.ts)"/g;

/** How a module finds out what it may do. */
const ASKS = "Deno.permissions.query";

/** The group of a test file. */
export class TestGroups {
  readonly #readText: (path: string) => string | null;
  /** Of each module seen so far. */
  readonly #modules: Map<string, { readonly asks: boolean; readonly imports: string[] }> =
    new Map();

  /** @param readText Gives the text of a file of the repository; `null`: there is none. */
  constructor(readText: (path: string) => string | null) {
    this.#readText = readText;
  }

  /** Finds it: whoever reaches a module of tests that asks for permissions needs some. */
  groupOf(path: string): TestGroup {
    if (ALONE.has(path)) return "alone";
    return !PURE.test(path) && this.#asks(path) ? "together" : "bare";
  }

  #asks(path: string): boolean {
    const reached = new Set([path]);
    for (const each of reached) {
      const { asks, imports } = this.#moduleAt(each);
      if (asks) return true;
      for (const next of imports) reached.add(next);
    }
    return false;
  }

  #moduleAt(path: string) {
    let module = this.#modules.get(path);
    if (module === undefined) {
      // Texts of tests may look like imports.
      const text = this.#readText(path) ?? "";
      const imports = [...text.matchAll(MODULE_IMPORT)].map(([, name]) =>
        resolveImport(path, name!)
      );
      // The library asks too, for what it does on its own account.
      module = {
        asks: text.includes(ASKS),
        imports: imports.filter((name) => !name.startsWith("lib/")),
      };
      this.#modules.set(path, module);
    }
    return module;
  }
}

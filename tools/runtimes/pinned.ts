/**
 * The versions of other runtimes.
 *
 * @module
 */

/** What npx brings for a runtime that is named without a version: what CI runs on. */
export const PINNED: Readonly<Record<"node" | "bun", string>> = {
  node: "node@24.21.0",
  bun: "bun@1.4.5",
};

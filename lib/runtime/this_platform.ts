/**
 * The runtime that this is.
 *
 * @module
 */

import { denoPlatform } from "./deno/deno_platform.ts";
import { nodePlatform } from "./node/node_platform.ts";
import type { Platform } from "./platform/platform.ts";

let known: Platform | null = null;

/**
 * The runtime that this is, found out at first use, so that all modules can be
 * imported on any.
 *
 * @returns What this library needs of it.
 */
export function thisPlatform(): Platform {
  return known ??= isDeno() ? denoPlatform() : nodePlatform();
}

/** Elsewhere programs may have something by the name of Deno, too. */
function isDeno(): boolean {
  const { Deno: found } = globalThis as { Deno?: { version?: { deno?: unknown } } };
  return typeof found?.version?.deno === "string";
}

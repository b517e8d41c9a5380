/**
 * Modules as processes on the runtime that this one runs on.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Command } from "../runtimes/launcher.ts";

/** What a runtime itself is given. */
export interface CommandFlags {
  /** What Deno is given. Default: all permissions. */
  readonly deno?: readonly string[];
  /** What any engine is given. Default: nothing. */
  readonly engine?: readonly string[];
}

/**
 * What runs a module.
 *
 * @param module Where it is.
 * @param flags What its runtime is given.
 * @returns A program and its first arguments.
 */
export function commandHere(
  module: URL,
  { deno = ["-A"], engine = [] }: CommandFlags = {},
): Command {
  if (!("deno" in process.versions)) return [process.execPath, ...engine, fileURLToPath(module)];
  const flags = engine.length === 0 ? deno : [...deno, `--v8-flags=${engine.join(",")}`];
  return [process.execPath, "run", "--quiet", ...flags, module.href];
}

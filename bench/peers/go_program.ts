/**
 * Programs of peers that are written in Go.
 *
 * @module
 */

import { ROOT } from "../../tools/runtimes/build.ts";
import { outputOf } from "../../tools/package/standard.ts";

/** Where Go puts itself, which not every user's `PATH` knows. */
const COMMANDS = ["go", "/usr/local/go/bin/go"];

/** A program that was built, or why there is none. */
export type Built = { readonly program: string } | { readonly missing: string };

/**
 * Builds a module; that takes a minute or so the first time, and a second later.
 *
 * @param module Its folder, from the repository's root on.
 * @param folder Where the program is to be.
 */
export async function buildGo(module: string, folder: string): Promise<Built> {
  const go = await findGo();
  if (go === null) return { missing: "there is no Go; Debian has it: apt-get install golang-go" };
  const program = `${folder}/program`;
  try {
    await outputOf(
      go,
      ["build", "-o", program, "."],
      decodeURIComponent(new URL(module, ROOT).pathname),
    );
    return { program };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

async function findGo(): Promise<string | null> {
  for (const command of COMMANDS) {
    try {
      await outputOf(command, ["version"], ".");
      return command;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

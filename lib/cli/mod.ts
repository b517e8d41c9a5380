/**
 * The command line `internode`: shows what nodes and servers do that have the
 * admin service, and steers them. `deno run -A jsr:@internode/grid/cli help`
 * tells its commands.
 *
 * ```ts
 * import { runCommandLine } from "@internode/grid/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await runCommandLine(["version"]), 0); // prints the version
 * ```
 *
 * @module
 */

import { systemClock } from "../runtime/system_clock.ts";
import { thisPlatform } from "../runtime/this_platform.ts";
import { runProgram } from "./program.ts";

/**
 * Runs a command line to its end, in the terminal of this process.
 *
 * @param args What stands behind the program's name. Default: what this process was called with.
 * @returns The exit status: 0 if all is well, see docs/cli.md. Never rejects.
 */
export async function runCommandLine(args?: readonly string[]): Promise<number> {
  const platform = thisPlatform(), { files, env } = platform, terminal = platform.terminal();
  return await runProgram(args ?? terminal.args, { terminal, files, env, clock: systemClock });
}

// Others may import it.
if ((import.meta as { readonly main?: boolean }).main === true) {
  const status = await runCommandLine();
  thisPlatform().terminal().exit(status);
}

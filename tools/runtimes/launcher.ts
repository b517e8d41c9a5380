/**
 * Programs of this repository as processes on Deno, Node or Bun, from the same sources.
 *
 * @module
 */

import { outputOf } from "../package/standard.ts";
import { PINNED } from "./pinned.ts";
import { build, type BuildOptions, programOf, ROOT } from "./build.ts";

/** A program, and what it is given first. */
export type Command = readonly [string, ...string[]];

/** Starts modules on several runtimes; for all but Deno they are compiled into a folder, which is removed in the end. */
export class Launcher implements AsyncDisposable {
  readonly #folder: string | null;
  readonly #programs: ReadonlyMap<string, string>;

  private constructor(folder: string | null, programs: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#programs = programs;
  }

  /**
   * Finds the runtimes, and compiles what is to run on them.
   *
   * @param runtimes `deno` is this one; `node` and `bun` are the versions that CI runs on; else
   *   what npx brings, such as `node@26.10.0`, or the path of a program.
   * @param modules Paths from the repository's root on.
   * @param options What lies beside them.
   * @returns What starts them.
   */
  static async of(
    runtimes: readonly string[],
    modules: readonly string[],
    options: BuildOptions = {},
  ): Promise<Launcher> {
    const others = [...new Set(runtimes)].filter((runtime) => runtime !== "deno");
    if (others.length === 0) return new Launcher(null, new Map());
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-built-" }));
    try {
      await build(folder, modules, options);
      const programs = new Map<string, string>();
      for (const runtime of others) programs.set(runtime, await pathOf(runtime, folder));
      return new Launcher(folder, programs);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /**
   * What runs a module on a runtime.
   *
   * @param runtime One of those that were given.
   * @param module One of those that were given.
   * @param flags What a runtime itself is given. Default: all permissions on Deno.
   * @returns A program and its first arguments.
   */
  command(
    runtime: string,
    module: string,
    { deno = ["-A"] }: { deno?: readonly string[] } = {},
  ): Command {
    if (runtime === "deno") {
      return [Deno.execPath(), "run", "--quiet", ...deno, new URL(module, ROOT).href];
    }
    const program = this.#programs.get(runtime);
    if (program === undefined) throw new Error(`${runtime} was not asked for`);
    return [program, `${this.#folder}/${module.replace(/\.ts$/, ".js")}`];
  }

  /** Removes what was compiled. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== null) await Deno.remove(this.#folder, { recursive: true });
  }
}

/** The program itself: what npx starts it as would not hear of signals that are meant for it. */
export async function pathOf(runtime: string, folder: string): Promise<string> {
  const [program, ...before] = programOf((PINNED as Record<string, string>)[runtime] ?? runtime);
  const print = ["-e", "console.log(process.execPath)"];
  return (await outputOf(program, [...before, ...print], folder)).trim();
}

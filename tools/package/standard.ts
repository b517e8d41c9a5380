/**
 * The code of JSR's standard library that the package for npm brings along, as npm has no package of it.
 *
 * @module
 */

/** Where it lies within the package. */
export const STANDARD_FOLDER = "vendor/std";

/**
 * Gets the code that stands in for packages of JSR's standard library: by npm,
 * compared with the hash in deno.lock.
 *
 * @param root The repository, as a folder's URL.
 * @param paths Which modules: `"msgpack/mod.js"`. They come with all that they import.
 * @returns The text of each module by its path in {@linkcode STANDARD_FOLDER}.
 */
export async function standardModules(
  root: URL,
  paths: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const origin = originIn(await Deno.readTextFile(new URL("tools/std/msgpack/mod.ts", root)));
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root)));
  const folder = await Deno.makeTempDir({ prefix: "internode-std-" });
  try {
    const [packed] = JSON.parse(await outputOf("npm", ["pack", origin, "--json"], folder));
    if (packed.integrity !== lock.npm[origin].integrity) {
      throw new Error(`${origin} from npm is not the one whose hash deno.lock has`);
    }
    await outputOf("tar", ["-xzf", packed.filename], folder);
    const modules = new Map<string, string>();
    const take = async (path: string): Promise<void> => {
      if (modules.has(path)) return;
      const text = await Deno.readTextFile(`${folder}/package/${path}`);
      modules.set(path, text);
      for (const [, specifier] of text.matchAll(/^(?:import|export) .*from "(\.[^"]+)";$/gm)) {
        await take(new URL(specifier!, `file:///${path}`).pathname.slice(1));
      }
    };
    for (const path of paths) await take(path);
    return modules;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The package of npm that a module names, with its version. */
function originIn(text: string): string {
  const found = /["']npm:([^/"]+)\//.exec(text);
  if (found === null) throw new Error("tools/std/msgpack/mod.ts names no package of npm");
  return found[1]!;
}

/**
 * Runs a program to its end.
 *
 * @param program Its name.
 * @param args What it is given.
 * @param cwd Where it runs.
 * @returns What it printed. Rejects if it fails, with what it said.
 */
export async function outputOf(program: string, args: string[], cwd: string): Promise<string> {
  const command = new Deno.Command(program, { args, cwd, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(`${program} ${args.join(" ")}: ${text}${new TextDecoder().decode(stderr)}`);
}

/**
 * Modules and all that they need, compiled for Node and Bun as the package for npm is.
 *
 * @module
 */

import { outputOf, STANDARD_FOLDER, standardModules } from "../package/standard.ts";

/** The repository. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** How a test names a module that it does not import. */
const MODULE_URL = /("\.[^"\n]*)\.ts", import\.meta\.url/g;

/** How a module names another that it imports. */
const MODULE_IMPORT = /(?<=\b(?:from|import) )("\.[^"\n]*)\.ts"/g;

/** How a module that stands for one of JSR's standard library names the modules of npm. */
const STANDARD_MODULE = /"(npm:[^/"]+\/([^"]+))"/g;

/** What is built beside modules. */
export interface BuildOptions {
  /** The configuration whose packages of npm are installed. Default: `deno.json`. */
  readonly packages?: string;
  /** The folder whose files that are no modules are copied. Default: `tests`. */
  readonly data?: string;
}

/** Writes all that the modules need, and what they read, into a folder. */
export async function build(
  folder: string,
  files: readonly string[],
  { packages = "deno.json", data = "tests" }: BuildOptions = {},
): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const { imports } = JSON.parse(await Deno.readTextFile(new URL(packages, ROOT)));
  const replaced = new Map<string, string>();
  const entries: string[] = [];
  for (const [entry, path] of Object.entries(config.exports as Record<string, string>)) {
    entries.push(path.replace("./", ""));
    replaced.set(config.name + entry.slice(1), entries.at(-1)!.replace(/\.ts$/, ".js"));
  }
  const standard: string[] = [];
  for (const name of Object.keys(config.imports).filter((name) => name.startsWith("@std/"))) {
    entries.push(`tools/${name.slice(1)}/mod.ts`);
    replaced.set(name, entries.at(-1)!.replace(/\.ts$/, ".js"));
    const text = await Deno.readTextFile(new URL(entries.at(-1)!, ROOT));
    for (const [, specifier, path] of text.matchAll(STANDARD_MODULE)) {
      replaced.set(specifier!, `${STANDARD_FOLDER}/${path}`);
      standard.push(path!);
    }
  }
  const modules = await standardModules(ROOT, standard);
  const programs = await programsOf(files);
  const root = decodeURIComponent(ROOT.pathname).replace(/\/$/, "");
  // The compiler reads the environment when it is imported, which tests without permissions must not.
  const { compile } = await import("../package/compile.ts");
  const compiled = compile(root, [...entries, ...files, ...programs], replaced);
  for (const [path, text] of modules) compiled.set(`${STANDARD_FOLDER}/${path}`, text);
  for (const [path, text] of compiled) {
    if (path.endsWith(".d.ts")) continue;
    await write(`${folder}/${path}`, text.replaceAll(MODULE_URL, '$1.js", import.meta.url'));
  }
  await copyData(folder, data);
  const dependencies = Object.fromEntries(
    Object.values(imports as Record<string, string>).map((target) =>
      /^npm:(.+)@([^@]+)$/.exec(target)
    ).filter((found) => found !== null && found[1] !== "typescript").map((found) =>
      found!.slice(1, 3)
    ),
  );
  await write(
    `${folder}/package.json`,
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  const quiet = ["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"];
  await outputOf("npm", quiet, folder);
}

/** Workers and programs: those who start them name them by their URL, and nobody imports them. */
async function programsOf(files: readonly string[]): Promise<string[]> {
  const found = new Set<string>(), seen = new Set(files);
  for (const path of seen) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const named = (pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].map(([, start]) =>
        new URL(`${start!.slice(1)}.ts`, `file:///${path}`).pathname.slice(1)
      ).filter((module) => !seen.has(module) && isFile(new URL(module, ROOT)));
    for (const program of named(MODULE_URL)) found.add(program);
    for (const module of [...named(MODULE_URL), ...named(MODULE_IMPORT)]) seen.add(module);
  }
  return [...found];
}

function isFile(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}

/** What tests read beside modules: keys, certificates, vectors. */
async function copyData(folder: string, path: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
    if (isDirectory) await copyData(folder, `${path}/${name}`);
    if (isDirectory || name.endsWith(".ts")) continue;
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    await Deno.copyFile(new URL(`${path}/${name}`, ROOT), `${folder}/${path}/${name}`);
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/**
 * What starts a runtime.
 *
 * @param runtime What npx brings, such as `node@24.21.0`, or the path of a program.
 * @returns A program, and what it is given first.
 */
export function programOf(runtime: string): [string, ...string[]] {
  return runtime.includes("@") ? ["npx", "-y", runtime] : [runtime];
}

/**
 * The sources as JavaScript with declarations.
 *
 * @module
 */

import ts from "typescript";

/** The newest syntax in the package: what is newer, such as `using`, is lowered to it. */
const TARGET = ts.ScriptTarget.ES2022;

/** What a module is known by in the sources, and where it lies in the package. */
export type Replaced = ReadonlyMap<string, string>;

/**
 * Compiles modules and all that they import, each to one of its own. Types are
 * not checked: `deno check` does that.
 *
 * @param root The repository's path.
 * @param entries Paths in it.
 * @param replaced Packages that lie in the package itself, with their paths there.
 * @param stripped Whether types are taken away and no syntax is lowered.
 * @returns The text of each file by its path in the package.
 */
export function compile(
  root: string,
  entries: readonly string[],
  replaced: Replaced,
  stripped = false,
): Map<string, string> {
  const options: ts.CompilerOptions = {
    target: stripped ? ts.ScriptTarget.ESNext : TARGET,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    declaration: true,
    sourceMap: true,
    inlineSources: true,
    noCheck: true,
    rootDir: root,
    outDir: "/",
    types: [],
  };
  const program = ts.createProgram(entries.map((entry) => `${root}/${entry}`), options);
  const files = new Map<string, string>();
  program.emit(undefined, (path, text) => files.set(path.slice(1), text));
  for (const [path, text] of files) {
    if (!path.endsWith(".map")) files.set(path, withSpecifiers(path, text, replaced));
  }
  return files;
}

const SPECIFIER = /(?<=\b(?:from|import) ?\(?")([^"]+)(?="\)?)/g;

function withSpecifiers(path: string, text: string, replaced: Replaced): string {
  return text.replaceAll(SPECIFIER, (specifier) => {
    const target = replaced.get(specifier);
    if (target !== undefined) return `${"../".repeat(path.split("/").length - 1) || "./"}${target}`;
    return specifier.startsWith(".") ? specifier.replace(/\.ts$/, ".js") : specifier;
  });
}

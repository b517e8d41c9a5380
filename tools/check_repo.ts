/**
 * Checks what a linter does not see, over the whole repository: `deno task lint`.
 *
 * @module
 */

import { CommandLine, readLine } from "./command_line/command_line.ts";
import { type Check, checkFile, type Problem, type Repo } from "./repo/checks.ts";
import { errorChecks } from "./repo/error_checks.ts";
import { importChecks } from "./repo/import_checks.ts";
import { publicChecks } from "./repo/public_checks.ts";
import { markdownChecks } from "./repo/markdown_checks.ts";
import { releaseChecks } from "./repo/release_checks.ts";
import { sourceChecks } from "./repo/source_checks.ts";

const SKIPPED = new Set([".git", "node_modules", "coverage", "npm", ".vscode", ".idea"]);
const TEXT =
  /\.(?:ts|md|json|jsonc|sh|yml|yaml|toml)$|^\.ci\/|^\.git[a-z]+$|^deno\.lock$|^LICENSE$/;
const CHECKS: readonly Check[] = [
  ...sourceChecks,
  ...importChecks,
  ...publicChecks,
  ...markdownChecks,
  ...errorChecks,
  ...releaseChecks,
];

/** Reads every text file below a folder; other files are known by name alone. */
async function readRepo(root: URL): Promise<Repo> {
  const repo = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder || ".", root))) {
      const path = folder + name;
      if (isDirectory && !SKIPPED.has(name)) await visit(`${path}/`);
      if (!isFile) continue;
      repo.set(path, TEXT.test(path) ? await Deno.readTextFile(new URL(path, root)) : "");
    }
  };
  await visit("");
  return repo;
}

/** All problems of a repository, in the order of its paths. */
function checkRepo(repo: Repo): Problem[] {
  return [...repo.keys()].sort().flatMap((path) => checkFile(path, repo, CHECKS));
}

if (import.meta.main) {
  readLine(new CommandLine("deno task lint", "Checks what a linter does not see.", {}));
  const repo = await readRepo(new URL("../", import.meta.url));
  const problems = checkRepo(repo);
  for (const { path, line, message } of problems) console.error(`${path}:${line}: ${message}`);
  const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
  console.log(`Checked ${repo.size} files: ${count}.`);
  Deno.exit(problems.length === 0 ? 0 : 1);
}

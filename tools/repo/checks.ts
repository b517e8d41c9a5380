/**
 * What a check of the repository is.
 *
 * @module
 */

/** Every file's text by its path from the root, with forward slashes. */
export type Repo = ReadonlyMap<string, string>;

/** Something to put right. */
export interface Problem {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Tells of a problem at a place in the text, counted in UTF-16 units. */
export type Report = (offset: number, message: string) => void;

/** Looks at one file, knowing all of them. */
export type Check = (path: string, text: string, report: Report, repo: Repo) => void;

/** All problems that the checks find in one file. */
export function checkFile(path: string, repo: Repo, checks: readonly Check[]): Problem[] {
  const text = repo.get(path) ?? "";
  const problems: Problem[] = [];
  const report: Report = (offset, message) => {
    problems.push({ path, line: text.slice(0, offset).split("\n").length, message });
  };
  for (const check of checks) check(path, text, report, repo);
  return problems;
}

/** Whether a path is a file or a folder of the repository. */
export function exists(repo: Repo, path: string): boolean {
  if (repo.has(path)) return true;
  const folder = path.endsWith("/") ? path : `${path}/`;
  for (const file of repo.keys()) {
    if (file.startsWith(folder)) return true;
  }
  return false;
}

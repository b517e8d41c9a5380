/**
 * Checks of who imports whom, over all files of `lib/`.
 *
 * @module
 */

import { resolveImport } from "../lint/place.ts";
import type { Check, Repo } from "./checks.ts";

/** What a file imports or re-exports from other files, of values and of types. */
interface Import {
  readonly target: string;
  /** Where in the text. */
  readonly at: number;
}

const IMPORT = /^(?:import|export)\b[^"'`;]*?\bfrom "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm;

const graphs = new WeakMap<Repo, Map<string, readonly Import[]>>();

/** Who imports what in `lib/`. */
function graphOf(repo: Repo): Map<string, readonly Import[]> {
  let graph = graphs.get(repo);
  if (graph !== undefined) return graph;
  graph = new Map();
  for (const [path, text] of repo) {
    if (!/^lib\/.*\.ts$/.test(path)) continue;
    // Examples stand in comments; what follows keeps its place.
    const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
    graph.set(
      path,
      [...code.matchAll(IMPORT)].map((found) => ({
        target: resolveImport(path, (found[1] ?? found[2])!),
        at: found.index,
      })),
    );
  }
  graphs.set(repo, graph);
  return graph;
}

/** The way from one node to another, both included; `null`: there is none. */
function wayBetween(
  from: string,
  to: string,
  nextOf: (node: string) => Iterable<string>,
): string[] | null {
  const before = new Map<string, string>();
  const queue = [from];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const next of nextOf(node)) {
      if (next === to) {
        const way = [to];
        for (let at: string | undefined = node; at !== undefined; at = before.get(at)) way.push(at);
        return way.reverse();
      }
      if (next !== from && !before.has(next)) {
        before.set(next, node);
        queue.push(next);
      }
    }
  }
  return null;
}

/** No file of `lib/` imports what imports it, by whatever way. */
export const noCircles: Check = (path, _text, report, repo) => {
  const graph = graphOf(repo);
  const nextOf = (file: string): string[] => (graph.get(file) ?? []).map(({ target }) => target);
  for (const { target, at } of graph.get(path) ?? []) {
    const way = target === path ? [path] : wayBetween(target, path, nextOf);
    if (way !== null) report(at, `imports go round: ${[path, ...way].join(" -> ")}`);
  }
};

/** What a folder holds at most, so that it can be taken in at a glance. */
const MAX_FILES = 20;

/** The folders that each folder imports from. */
const folders = new WeakMap<Repo, Map<string, Set<string>>>();

function foldersOf(repo: Repo): Map<string, Set<string>> {
  let graph = folders.get(repo);
  if (graph !== undefined) return graph;
  graph = new Map();
  for (const [path, imports] of graphOf(repo)) {
    const folder = folderOf(path);
    const to = graph.get(folder) ?? new Set();
    graph.set(folder, to);
    for (const { target } of imports) if (folderOf(target) !== folder) to.add(folderOf(target));
  }
  folders.set(repo, graph);
  return graph;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** No folder of `lib/` imports from one that imports from it, by whatever way; a folder is the files in it, without those in its folders. */
export const oneWayFolders: Check = (path, _text, report, repo) => {
  const graph = foldersOf(repo), folder = folderOf(path);
  for (const { target, at } of graphOf(repo).get(path) ?? []) {
    const other = folderOf(target);
    const way = other === folder ? null : wayBetween(other, folder, (of) => graph.get(of) ?? []);
    if (way !== null) report(at, `folders import each other: ${[folder, ...way].join(" -> ")}`);
  }
};

/** No folder holds too many files. */
export const smallFolders: Check = (path, _text, report, repo) => {
  if (!/^(?:lib|tests|bench|tools)\//.test(path)) return;
  const folder = folderOf(path);
  const files = [...repo.keys()].filter((other) => folderOf(other) === folder).sort();
  if (files.length > MAX_FILES && files[0] === path) {
    report(0, `${folder} has ${files.length} files; ${MAX_FILES} are allowed`);
  }
};

/** All checks of this file. */
export const importChecks: readonly Check[] = [noCircles, oneWayFolders, smallFolders];

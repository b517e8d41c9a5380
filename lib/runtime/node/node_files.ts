/**
 * Files by `node:fs`.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { fs } from "./node_modules.ts";
import type { FileFacts, Files, FolderEntry, Watched } from "../platform/files.ts";

/** See {@linkcode Files}. */
export const nodeFiles: Files = {
  stat: async (path) => factsOf(await fs().promises.stat(path)),
  statSync: (path) => factsOf(fs().statSync(path)),
  lstat: async (path) => factsOf(await fs().promises.lstat(path)),
  lstatSync: (path) => factsOf(fs().lstatSync(path)),
  readFile: (path) => fs().promises.readFile(path),
  readFileSync: (path) => fs().readFileSync(path),
  readTextFile: (path, signal) => fs().promises.readFile(path, { encoding: "utf8", signal }),
  readDir,
  linkSync: (from, to) => fs().linkSync(from, to),
  remove: (path) => fs().promises.unlink(path),
  removeSync: (path) => fs().unlinkSync(path),
  watch,
};

function factsOf(stats: Stats): FileFacts {
  const { size, dev, ino } = stats;
  return { isFile: stats.isFile(), isSocket: stats.isSocket(), size, dev, ino };
}

async function* readDir(path: string): AsyncGenerator<FolderEntry> {
  for await (const entry of await fs().promises.opendir(path)) {
    yield { name: entry.name, isFile: entry.isFile(), isDirectory: entry.isDirectory() };
  }
}

function watch(path: string, onChange: () => void): Watched {
  const watcher = fs().watch(path, onChange);
  // Looking from time to time goes on.
  watcher.on("error", () => {});
  return watcher;
}

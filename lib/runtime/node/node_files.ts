/**
 * Files by `node:fs`.
 *
 * @module
 */

import {
  linkSync,
  lstatSync,
  readFileSync,
  type Stats,
  statSync,
  unlinkSync,
  watch as watchPath,
} from "node:fs";
import { lstat, opendir, readFile, stat, unlink } from "node:fs/promises";
import type { FileFacts, Files, FolderEntry, Watched } from "../platform/files.ts";

/** See {@linkcode Files}. */
export const nodeFiles: Files = {
  stat: async (path) => factsOf(await stat(path)),
  statSync: (path) => factsOf(statSync(path)),
  lstat: async (path) => factsOf(await lstat(path)),
  lstatSync: (path) => factsOf(lstatSync(path)),
  readFile: (path) => readFile(path),
  readFileSync: (path) => readFileSync(path),
  readTextFile: (path, signal) => readFile(path, { encoding: "utf8", signal }),
  readDir,
  linkSync,
  remove: unlink,
  removeSync: unlinkSync,
  watch,
};

function factsOf(stats: Stats): FileFacts {
  const { size, dev, ino } = stats;
  return { isFile: stats.isFile(), isSocket: stats.isSocket(), size, dev, ino };
}

async function* readDir(path: string): AsyncGenerator<FolderEntry> {
  for await (const entry of await opendir(path)) {
    yield { name: entry.name, isFile: entry.isFile(), isDirectory: entry.isDirectory() };
  }
}

function watch(path: string, onChange: () => void): Watched {
  const watcher = watchPath(path, onChange);
  // Looking from time to time goes on.
  watcher.on("error", () => {});
  return watcher;
}

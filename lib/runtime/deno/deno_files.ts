/**
 * Files on Deno.
 *
 * @module
 */

import type { Files, Watched } from "../platform/files.ts";

/** See {@linkcode Files}. */
export const denoFiles: Files = {
  stat: (path) => Deno.stat(path),
  statSync: (path) => Deno.statSync(path),
  lstat: (path) => Deno.lstat(path),
  lstatSync: (path) => Deno.lstatSync(path),
  readFile: (path) => Deno.readFile(path),
  readFileSync: (path) => Deno.readFileSync(path),
  readTextFile: (path, signal) => Deno.readTextFile(path, { signal }),
  readDir: (path) => Deno.readDir(path),
  linkSync: (from, to) => Deno.linkSync(from, to),
  remove: (path) => Deno.remove(path),
  removeSync: (path) => Deno.removeSync(path),
  watch,
};

function watch(path: string, onChange: () => void): Watched {
  const watcher = Deno.watchFs(path, { recursive: false });
  void listen(watcher, onChange);
  return watcher;
}

async function listen(watcher: Deno.FsWatcher, onChange: () => void): Promise<void> {
  try {
    for await (const { kind } of watcher) {
      // To look at a file must not count as a change of it.
      if (kind !== "access") onChange();
    }
  } catch {
    // Looking from time to time goes on.
  }
}

/**
 * Noticing that something has changed in a folder.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { thisPlatform } from "./this_platform.ts";
import type { Watched } from "./platform/files.ts";
import { IS_WINDOWS } from "./platform/operating_system.ts";
import { pause } from "./pause.ts";

/** How often to look where no notifications can be had, as for a folder that does not exist. */
const UNNOTIFIED_MS = 1_000;

/**
 * Tells that a folder may have changed since it was asked last: by the
 * system's notifications where they can be had, else and in any case whenever
 * the given time is over. The folder itself is watched, not a file in it, so
 * that files which are made anew or renamed into place are seen.
 */
export class FolderWatch implements Disposable {
  readonly #path: string;
  readonly #clock: Clock;
  #watcher: Watched | null;
  #isChanged = false;
  #wake: (() => void) | null = null;

  /** Begins to watch: what changes from now on is told. */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.#watcher = this.#open();
  }

  /**
   * Waits for a change since the last time.
   *
   * @param limitMs When to end without one, in milliseconds.
   * @param signal Ends the waiting early; that is no error.
   */
  async changed(limitMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isChanged) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      const waitMs = this.#watcher === null ? Math.min(limitMs, UNNOTIFIED_MS) : limitMs;
      await pause(this.#clock, waitMs, AbortSignal.any([signal, woken.signal]));
      this.#wake = null;
    }
    if (signal.aborted) return;
    // Nothing was heard for long: perhaps as the folder did not exist, or another has taken its place.
    if (!this.#isChanged) this.#reopen();
    this.#isChanged = false;
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #reopen(): void {
    const old = this.#watcher;
    this.#watcher = this.#open();
    old?.close();
  }

  /** A folder that is not there, or may not be watched, is looked at from time to time all the same. */
  #open(): Watched | null {
    const { files, isPermitted } = thisPlatform();
    // Without permission the runtime would ask whoever sits at the terminal.
    if (!isPermitted("read", this.#path)) return null;
    try {
      return files.watch(this.#path, () => {
        this.#isChanged = true;
        this.#wake?.();
      });
    } catch {
      return null;
    }
  }
}

/**
 * Waits until one of several folders may have changed, or the time is over.
 *
 * @param limitMs When to end without a change, in milliseconds.
 * @param signal Ends the waiting early; that is no error.
 */
export async function anyChanged(
  folders: readonly FolderWatch[],
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const first = new AbortController(), either = AbortSignal.any([signal, first.signal]);
  await Promise.all(
    folders.map((folder) => folder.changed(limitMs, either).then(() => first.abort())),
  );
}

/** The folder that a file is in. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  const cut = IS_WINDOWS ? Math.max(end, path.lastIndexOf("\\")) : end;
  return cut < 0 ? "." : path.slice(0, Math.max(1, cut));
}

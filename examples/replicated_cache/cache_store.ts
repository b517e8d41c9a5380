/**
 * What one replica knows, and those who watch it.
 *
 * @module
 */

import type { HandlerContext } from "@internode/grid";
import type { Entry, KeyedEntry } from "./contracts.ts";

/** Who watches: the latest of each key that was not yet told, so that it is bounded however slow the reader. */
class Watcher {
  readonly untold = new Map<string, KeyedEntry>();
  wake: () => void = () => {};

  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}

/** Serves the cache from memory. It is empty whenever its process starts. */
export class CacheStore {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<Watcher>();
  #calls = 0;

  /** How many gets and puts there were. */
  get calls(): number {
    return this.#calls;
  }

  /** See the service. */
  get(key: string): Entry | undefined {
    this.#calls++;
    return this.#entries.get(key);
  }

  /** See the service. A version that is known already changes nothing, so it may be put twice. */
  put({ key, version, value }: KeyedEntry): number {
    this.#calls++;
    const known = this.#entries.get(key);
    if (known !== undefined && known.version >= version) return known.version;
    this.#entries.set(key, { version, value });
    for (const watcher of this.#watchers) {
      if (!key.startsWith(watcher.prefix)) continue;
      watcher.untold.set(key, { key, version, value });
      watcher.wake();
    }
    return version;
  }

  /** See the service. Ends with the signal's reason: when the replica stops, the caller is to watch elsewhere. */
  async *watch(
    { prefix }: { prefix: string },
    _input: AsyncIterable<never>,
    { signal }: HandlerContext,
  ): AsyncGenerator<KeyedEntry, void> {
    const watcher = new Watcher(prefix);
    const onAbort = () => watcher.wake();
    this.#watchers.add(watcher);
    signal.addEventListener("abort", onAbort);
    try {
      while (true) {
        for (const [key, entry] of watcher.untold) {
          watcher.untold.delete(key);
          yield entry;
        }
        signal.throwIfAborted();
        await new Promise<void>((resolve) => watcher.wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#watchers.delete(watcher);
    }
  }
}

/**
 * Threads of this process that run a module of their own.
 *
 * @module
 */

import { messageOf } from "../foreign/text_of.ts";
import type { StartThread, ThreadStarter } from "./platform/thread.ts";
import { thisPlatform } from "./this_platform.ts";

export type { StartThread, ThreadStarter, ThreadWatcher, WorkerThread } from "./platform/thread.ts";

/**
 * Starts a thread of the runtime: a web worker on Deno, one of
 * `node:worker_threads` elsewhere. On Deno it needs permission to read or
 * import its module, and has the permissions of whoever starts it.
 *
 * A thread that closes itself (`self.close()`, `Deno.exit()`, `process.exit()`)
 * is no failure, and nobody is told.
 */
export const startThread: StartThread = (module, name, watcher) =>
  thisPlatform().startThread(module, name, watcher);

/**
 * The thread that started this one.
 *
 * @returns The thread; `null` if this is the main thread.
 */
export function parentThread(): ThreadStarter | null {
  return thisPlatform().parentThread();
}

/**
 * Why something cannot be sent to another thread.
 *
 * @param message What is to be sent.
 * @returns The reason; `null` if it can.
 */
export function sendingProblem(message: unknown): string | null {
  try {
    structuredClone(message);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

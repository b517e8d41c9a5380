/**
 * Threads on Deno: web workers.
 *
 * @module
 */

import type { StartThread, ThreadStarter } from "../platform/thread.ts";

/** See `Platform`. */
export const startWorker: StartThread = (module, name, watcher) => {
  const worker = new Worker(module, { type: "module", name });
  let hasEnded = false;
  const fail = (why: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    worker.terminate();
    watcher.onFailure(why);
  };
  worker.onmessage = ({ data }) => {
    if (!hasEnded) watcher.onMessage(data);
  };
  worker.onerror = (event) => {
    // Otherwise it would be an uncaught error of this thread too.
    event.preventDefault();
    const { message, filename, lineno } = event;
    fail(filename ? `${message} (${filename}:${lineno})` : message);
  };
  worker.onmessageerror = () => fail("it sent a message that cannot be read");
  return {
    send: (message) => worker.postMessage(message),
    end() {
      hasEnded = true;
      worker.terminate();
    },
  };
};

/** What the scope of a worker has and that of the main thread has not. */
interface WorkerScope {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/** See `Platform`. */
export function workerStarter(): ThreadStarter | null {
  const scope = globalThis as unknown as Partial<WorkerScope>;
  if (typeof scope.postMessage !== "function") return null;
  const worker = scope as WorkerScope;
  return {
    send: (message) => worker.postMessage(message),
    listen: (onMessage) => worker.addEventListener("message", ({ data }) => onMessage(data)),
  };
}

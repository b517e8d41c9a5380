/**
 * Threads by `node:worker_threads`.
 *
 * @module
 */

import { threads } from "./node_modules.ts";
import { nameOf, textOf } from "../../foreign/text_of.ts";
import type { StartThread, ThreadStarter } from "../platform/thread.ts";

/** See `Platform`. */
export const startNodeThread: StartThread = (module, name, watcher) => {
  const worker = new (threads().Worker)(module, { name });
  let hasEnded = false;
  const fail = (why: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    void worker.terminate();
    watcher.onFailure(why);
  };
  worker.on("message", (message) => {
    if (!hasEnded) watcher.onMessage(message);
  });
  worker.on("error", (error) => fail(`Uncaught ${nameOf(error)}: ${textOf(error)}`));
  worker.on("messageerror", () => fail("it sent a message that cannot be read"));
  return {
    send: (message) => worker.postMessage(message),
    end() {
      hasEnded = true;
      void worker.terminate();
    },
  };
};

/** See `Platform`. */
export function nodeThreadStarter(): ThreadStarter | null {
  const port = threads().parentPort;
  if (port === null) return null;
  return {
    send: (message) => port.postMessage(message),
    listen: (onMessage) => void port.on("message", onMessage),
  };
}

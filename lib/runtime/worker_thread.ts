/**
 * Threads of this process that run a module of their own.
 *
 * @module
 */

import { messageOf } from "./transport_error.ts";

/** A thread, as the one that started it has it. */
export interface WorkerThread {
  /**
   * Sends it a message, which it hears once it listens.
   *
   * @throws {DOMException} What cannot be sent to another thread, such as a function.
   */
  send(message: unknown): void;
  /** Ends it and closes its sockets, at once unless it is busy: then when it comes back to its event loop. Nothing is heard of it any more. */
  end(): void;
}

/** Who hears of a thread. */
export interface ThreadWatcher {
  /** It has sent a message. */
  onMessage(message: unknown): void;
  /** It has ended by an error that nobody has caught, or could not be started; called once at most. */
  onFailure(why: string): void;
}

/** Starts a thread: with the module that it runs, the name that the runtime's own messages have, and who hears of it. */
export type StartThread = (module: URL, name: string, watcher: ThreadWatcher) => WorkerThread;

/** Within a thread: the one that started it. */
export interface ParentThread {
  /** Sends it a message. */
  send(message: unknown): void;
  /** Names who hears its messages. Called once. */
  listen(onMessage: (message: unknown) => void): void;
}

/**
 * Starts a thread of the runtime (a web worker). It needs permission to read
 * or import its module, and has the permissions of whoever starts it.
 *
 * A thread that closes itself (`self.close()`, `Deno.exit()`) is no failure,
 * and the runtime tells nobody.
 */
export const startThread: StartThread = (module, name, watcher) => {
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

/**
 * The thread that started this one.
 *
 * @returns The thread; `null` if this is the main thread.
 */
export function parentThread(): ParentThread | null {
  const scope = globalThis as unknown as Partial<WorkerScope>;
  if (typeof scope.postMessage !== "function") return null;
  const worker = scope as WorkerScope;
  return {
    send: (message) => worker.postMessage(message),
    listen: (onMessage) => worker.addEventListener("message", ({ data }) => onMessage(data)),
  };
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

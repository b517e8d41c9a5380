/**
 * Threads of this process that run a module of their own.
 *
 * @module
 */

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
export interface ThreadStarter {
  /** Sends it a message. */
  send(message: unknown): void;
  /** Names who hears its messages. Called once. */
  listen(onMessage: (message: unknown) => void): void;
}

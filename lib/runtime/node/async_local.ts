/**
 * Values that go with what code does asynchronously.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import { asyncHooks } from "./node_modules.ts";

/** A value for a piece of code, and for all that it awaits or begins. All runtimes have the module of Node for that. */
export class AsyncLocal<T> {
  #storage: AsyncLocalStorage<T> | null = null;

  /** The value that the running code was given; `undefined` if it was given none. */
  get(): T | undefined {
    return this.#storage === null ? undefined : this.#storage.getStore();
  }

  /** Runs code with a value. */
  run<R>(value: T, action: () => R): R {
    this.#storage ??= new (asyncHooks().AsyncLocalStorage)<T>();
    return this.#storage.run(value, action);
  }
}

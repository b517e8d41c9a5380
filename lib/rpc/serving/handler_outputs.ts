/**
 * The outputs of a stream's handler.
 *
 * @module
 */

import { tell } from "../../foreign/guard.ts";
import { thenOf } from "../../foreign/thenable.ts";

/**
 * The iterable or `ReadableStream` that a handler has returned. All of it is
 * user code: it may throw anywhere, return anything and never settle.
 */
export interface HandlerOutputs {
  /** Whether the result of {@linkcode HandlerOutputs.next} may be a promise, which must be awaited. */
  readonly asynchronous: boolean;
  /** Asks for the next output; pass the awaited result to `resultOf`. */
  next(): unknown;
  /**
   * Ends the outputs, whether or not the next one is pending.
   *
   * @param reason The reason, which is passed to a `ReadableStream`.
   */
  leave(reason: unknown): unknown;
}

/**
 * Reads what a handler has returned.
 *
 * @returns `null` if it cannot be iterated.
 */
export function outputsOf(result: unknown): HandlerOutputs | null {
  if (typeof result !== "object" || result === null) return null;
  if (result instanceof ReadableStream) return new StreamOutputs(result);
  if (Symbol.asyncIterator in result) {
    const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return isGenerator(iterator)
      ? new GeneratorOutputs(iterator)
      : new IteratorOutputs(iterator, true);
  }
  if (Symbol.iterator in result) {
    return new IteratorOutputs((result as Iterable<unknown>)[Symbol.iterator](), false);
  }
  return null;
}

/**
 * Ends the outputs.
 *
 * @returns Resolves when their source has finished, which may be never; `null` if it has at once.
 */
export function leaveOutputs(outputs: HandlerOutputs, reason: unknown): Promise<unknown> | null {
  try {
    const left = outputs.leave(reason);
    if (typeof left !== "object" || left === null) return null;
    return new Promise((resolve) => resolve(left)).catch(() => {});
  } catch {
    // The call has ended already; nobody needs the error.
    return null;
  }
}

/** By its reader, as the iterator of a stream cannot be left while a read is pending. */
class StreamOutputs implements HandlerOutputs {
  readonly asynchronous = true;
  readonly #reader: ReadableStreamDefaultReader<unknown>;

  constructor(stream: ReadableStream<unknown>) {
    this.#reader = stream.getReader();
  }

  next(): unknown {
    return this.#reader.read();
  }

  leave(reason: unknown): unknown {
    return this.#reader.cancel(reason);
  }
}

/** What async generators inherit. */
const GENERATOR = Object.getPrototypeOf(async function* () {}).prototype as AsyncGenerator<unknown>;

/** Whether it behaves as the language says, with nothing put in the place of its methods. */
function isGenerator(iterator: AsyncIterator<unknown>): iterator is AsyncGenerator<unknown> {
  return Object.prototype.isPrototypeOf.call(GENERATOR, iterator) &&
    iterator.next === GENERATOR.next && iterator.return === GENERATOR.return;
}

/**
 * An async generator at work does `return` only after the output that was asked
 * for before. V8 15 then runs the rest of it, such as a `finally`, without the
 * async context of the call, and so outside of its span. It keeps the context
 * if `return` is called after that output has come.
 */
class GeneratorOutputs implements HandlerOutputs {
  readonly asynchronous = true;
  readonly #generator: AsyncGenerator<unknown>;
  #asked: Promise<unknown> | null = null;

  constructor(generator: AsyncGenerator<unknown>) {
    this.#generator = generator;
  }

  next(): unknown {
    return this.#asked = this.#generator.next();
  }

  leave(): unknown {
    const end = (): Promise<unknown> => this.#generator.return(undefined);
    return this.#asked === null ? end() : this.#asked.then(end, end);
  }
}

class IteratorOutputs implements HandlerOutputs {
  readonly asynchronous: boolean;
  readonly #iterator: AsyncIterator<unknown> | Iterator<unknown>;

  constructor(iterator: AsyncIterator<unknown> | Iterator<unknown>, asynchronous: boolean) {
    notPromised(iterator, "an iterator");
    this.asynchronous = asynchronous;
    this.#iterator = iterator;
  }

  next(): unknown {
    const result = this.#iterator.next();
    return this.asynchronous ? result : notPromised(result, "a result");
  }

  leave(): unknown {
    return this.#iterator.return?.();
  }
}

/** Nobody waits for a promise in the place of something else: of its rejection nobody would hear. */
function notPromised<T>(value: T, wanted: string): T {
  return thenOf(value) === null ? value : refuse(value, wanted);
}

/** A function of its own, because a function that makes a closure allocates memory at each call. */
function refuse(value: unknown, wanted: string): never {
  tell(() => value, () => {});
  throw new TypeError(`The handler's iterable returned a promise instead of ${wanted}.`);
}

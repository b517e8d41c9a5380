/**
 * What a stream's handler sends.
 *
 * @module
 */

import { tell } from "../foreign/guard.ts";
import { thenOf } from "../foreign/thenable.ts";

/** How the outputs are read. */
interface Reading {
  /** Asks for the next one. */
  readonly next: () => unknown;
  /** Says that no more are wanted. */
  readonly leave: (reason: unknown) => unknown;
  /** Whether what {@linkcode Reading.next} gives has to be awaited. */
  readonly asynchronous: boolean;
}

/**
 * The iterable or `ReadableStream` that a handler has returned. All of it is
 * code of the user's: it may throw anywhere, give anything and never settle.
 */
export class HandlerOutputs {
  /** Whether what {@linkcode HandlerOutputs.next} gives has to be awaited. */
  readonly asynchronous: boolean;
  readonly #reading: Reading;
  #hasLeft = false;

  private constructor(reading: Reading) {
    this.#reading = reading;
    this.asynchronous = reading.asynchronous;
  }

  /**
   * Begins to read.
   *
   * @param result What a handler has returned.
   * @returns `null` if that is nothing to be read.
   */
  static of(result: unknown): HandlerOutputs | null {
    if (typeof result !== "object" || result === null) return null;
    // By its reader, as the iterator of a stream cannot be left while a read is pending.
    if (result instanceof ReadableStream) return new HandlerOutputs(byReader(result));
    if (Symbol.asyncIterator in result) {
      const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
      const isNative = isGenerator(iterator);
      return new HandlerOutputs(isNative ? byGenerator(iterator) : byIterator(iterator, true));
    }
    if (Symbol.iterator in result) {
      const iterator = (result as Iterable<unknown>)[Symbol.iterator]();
      return new HandlerOutputs(byIterator(iterator, false));
    }
    return null;
  }

  /** Asks for the next output: what it gives, awaited, goes to {@linkcode resultOf}. */
  next(): unknown {
    return this.#reading.next();
  }

  /**
   * Says that no more are wanted, whether or not the next one is on its way.
   *
   * @param reason Why; a `ReadableStream` hears of it.
   * @returns Resolves when whatever it does then is done, which may be never; `null`: it was at once.
   */
  leave(reason: unknown): Promise<unknown> | null {
    if (this.#hasLeft) return null;
    this.#hasLeft = true;
    try {
      const left = this.#reading.leave(reason);
      if (typeof left !== "object" || left === null) return null;
      return new Promise((resolve) => resolve(left)).catch(() => {});
    } catch {
      // The call has its end already; nobody is left to be told.
      return null;
    }
  }
}

/**
 * What an iterator has given.
 *
 * @throws {TypeError} If that is no iterator's result, as it never ends then.
 */
export function resultOf<Output>(result: unknown): IteratorResult<Output> {
  if (typeof result === "object" && result !== null || typeof result === "function") {
    return result as IteratorResult<Output>;
  }
  throw new TypeError(
    `next() of the handler's iterator gave ${result === null ? "null" : `a ${typeof result}`}` +
      " where an object with done and value must come.",
  );
}

function byReader(stream: ReadableStream<unknown>): Reading {
  const reader = stream.getReader();
  return {
    next: () => reader.read(),
    leave: (reason) => reader.cancel(reason),
    asynchronous: true,
  };
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
function byGenerator(generator: AsyncGenerator<unknown>): Reading {
  let asked: Promise<unknown> | null = null;
  const end = (): Promise<unknown> => generator.return(undefined);
  return {
    next: () => asked = generator.next(),
    leave: () => asked === null ? end() : asked.then(end, end),
    asynchronous: true,
  };
}

function byIterator(
  iterator: AsyncIterator<unknown> | Iterator<unknown>,
  asynchronous: boolean,
): Reading {
  notPromised(iterator, "an iterator");
  return {
    next: () => asynchronous ? iterator.next() : notPromised(iterator.next(), "a result"),
    leave: () => iterator.return?.(),
    asynchronous,
  };
}

/** Nobody waits for a promise in the place of something else: of its rejection nobody would hear. */
function notPromised<T>(value: T, wanted: string): T {
  if (thenOf(value) === null) return value;
  tell(() => value, () => {});
  throw new TypeError(`The handler's iterable gave a promise where ${wanted} must come.`);
}

/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the delay early with its reason. */
  signal?: AbortSignal;
  /** Whether the delay keeps the process alive. Default: `true`. */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds. */
export function delay(ms: number, options?: DelayOptions): Promise<void>;

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early with its reason. */
  signal?: AbortSignal;
}

/** Rejects with a `TimeoutError` when the promise has not settled within `ms` milliseconds. */
export function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;

/** Rejects with the signal's reason once it is aborted. */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** Throws the signal's reason out of the iteration once it is aborted. */
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;

/** Options of {@linkcode retry}. */
export interface RetryOptions {
  /** How much longer each wait is than the one before. Default: 2. */
  multiplier?: number;
  /** The longest wait, in milliseconds. Default: 60,000. */
  maxTimeout?: number;
  /** How often to try at most. Default: 5. */
  maxAttempts?: number;
  /** The first wait, in milliseconds. Default: 1,000. */
  minTimeout?: number;
  /** How much of each wait is left to chance, 0 to 1. Default: 1. */
  jitter?: number;
  /** Whether an error is worth another attempt. Default: every one is. */
  isRetriable?: (err: unknown) => boolean;
  /** Ends the attempts. */
  signal?: AbortSignal;
}

/** Thrown by {@linkcode retry} after the last attempt; `cause` is its error. */
export class RetryError extends Error {
  constructor(cause: unknown, attempts: number);
}

/** Calls a function until it succeeds, waiting longer each time. */
export function retry<T>(fn: (() => Promise<T>) | (() => T), options?: RetryOptions): Promise<T>;

/** Maps with at most `poolLimit` calls under way; results come in the order of the input. */
export function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R>;

/** Merges async iterables into one, in the order in which values come. */
export class MuxAsyncIterator<T> implements AsyncIterable<T> {
  add(iterable: AsyncIterable<T>): void;
  iterate(): AsyncIterableIterator<T>;
  [Symbol.asyncIterator](): AsyncIterator<T>;
}

/** Branches one async iterable into `n`. */
export function tee<T, N extends number = 2>(
  iterable: AsyncIterable<T>,
  n?: N,
): AsyncIterable<T>[];

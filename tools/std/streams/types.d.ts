/** Joins streams, chunks in the order in which they come. */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** Joins streams, one chunk of each in turn, until all have ended. */
export function zipReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** Joins streams, one chunk of each in turn, until the first has ended. */
export function earlyZipReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** Joins streams, one after the other. */
export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;

/** Reads a stream to its end as text. */
export function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string>;

/** Reads a stream to its end as bytes. */
export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>>;

/** Reads a stream to its end as an `ArrayBuffer`. */
export function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer>;

/** Reads a stream to its end as a `Blob`. */
export function toBlob(stream: ReadableStream<Uint8Array>): Promise<Blob>;

/** Reads a stream to its end as JSON. */
export function toJson(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<unknown>;

/** Makes a transform stream of a function that maps one async iterable to another. */
export function toTransformStream<I, O>(
  transformer: (src: ReadableStream<I>) => Iterable<O> | AsyncIterable<O>,
  writableStrategy?: QueuingStrategy<I>,
  readableStrategy?: QueuingStrategy<O>,
): TransformStream<I, O>;

/** Options of {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** Whether a lone carriage return ends a line too. Default: `false`. */
  allowCR?: boolean;
}

/** Cuts text into lines, without their ends. */
export class TextLineStream extends TransformStream<string, string> {
  constructor(options?: TextLineStreamOptions);
}

/** What becomes of a delimiter: dropped, the end of its chunk, or the start of the next. */
export type DelimiterDisposition = "suffix" | "prefix" | "discard";

/** Options of {@linkcode DelimiterStream} and {@linkcode TextDelimiterStream}. */
export interface DelimiterStreamOptions {
  /** What becomes of the delimiters. Default: `"discard"`. */
  disposition?: DelimiterDisposition;
}

/** Cuts bytes at a delimiter. */
export class DelimiterStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(delimiter: Uint8Array, options?: DelimiterStreamOptions);
}

/** Cuts text at a delimiter. */
export class TextDelimiterStream extends TransformStream<string, string> {
  constructor(delimiter: string, options?: DelimiterStreamOptions);
}

/** Options of {@linkcode LimitedBytesTransformStream} and {@linkcode LimitedTransformStream}. */
export interface LimitedTransformStreamOptions {
  /** Whether passing the limit is an error rather than the end. Default: `false`. */
  error?: boolean;
}

/** Passes at most `size` bytes. */
export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(size: number, options?: LimitedTransformStreamOptions);
}

/** Passes at most `size` chunks. */
export class LimitedTransformStream<T> extends TransformStream<T, T> {
  constructor(size: number, options?: LimitedTransformStreamOptions);
}

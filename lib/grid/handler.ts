/**
 * What a user registers.
 *
 * @module
 */

/** What a handler knows of the call it serves. */
export interface HandlerContext {
  /** Aborts when the caller cancels, the deadline passes or the connection is lost. Made when first asked for. */
  readonly signal: AbortSignal;
  /** When the caller's time runs out, in milliseconds since 1970 on this node's clock; `Infinity`: never. */
  readonly deadline: number;
  /** The caller's host URL, by which it made itself known in the handshake. A shared secret proves that it is one of the grid's hosts, not which of them. */
  readonly caller: string;
  /** The handler's name that was called, below the contract's; `""` if none. */
  readonly subroute: string;
  /** What the caller sent along. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Serves single requests. A plain return value is answered at once, in the
 * same write as the others of that turn; a promise when it settles. What it
 * throws reaches the caller as an error of code `HandlerFailed` with its
 * message, never its stack.
 */
export type SingleHandlerFunction<Request, Response> = (
  request: Request,
  context: HandlerContext,
) => Response | Promise<Response>;

/**
 * Serves streams. With an output direction it returns an (async) iterable of
 * outputs, such as an `async function*`; each is taken when the caller has
 * room for it. Without one it returns when it is done.
 */
export type StreamHandlerFunction<Initial, Input, Output> = (
  initial: Initial,
  input: AsyncIterableIterator<Input>,
  context: HandlerContext,
) => [Output] extends [never] ? void | Promise<void> : AsyncIterable<Output> | Iterable<Output>;

/** How a handler is registered. */
export interface HandleOptions {
  /** The handler serves each of these names below the contract's (such as one for each disk). Default: only the contract's own. */
  readonly subroutes?: readonly string[];
  /** How many of its calls may run at a time, over all connections. Default: as many as come. */
  readonly concurrency?: number;
  /** How many calls may wait beyond `concurrency`; more are answered `Overloaded`. Default: 1,024. */
  readonly queue?: number;
}

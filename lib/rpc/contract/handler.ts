/**
 * What a user registers.
 *
 * @module
 */

import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { AllowRule } from "./allow.ts";

/** What a handler knows of the call it serves. */
export interface HandlerContext {
  /** Aborts when the caller cancels, the deadline passes or the connection is lost; also when this node or server begins to close, which still takes the answer. Made when first asked for. */
  readonly signal: AbortSignal;
  /**
   * Aborts when this node or server begins to close, and only then. The handler
   * has the grace time (`graceMs`) to end: what it answers by then still counts,
   * and a stream that it ends has ended well. One that throws this signal's
   * reason has its call answered `Closed`, `maybeExecuted`. Made when first asked for.
   */
  readonly closing: AbortSignal;
  /** When the caller's time runs out, in milliseconds since 1970 on this node's clock; `Infinity`: never. */
  readonly deadline: number;
  /** The caller's host URL, by which it made itself known in the handshake. Over mutual TLS its certificate proves it; a shared secret proves that it is one of the grid's hosts, not which of them. What a service's client calls itself is not proven. */
  readonly caller: string;
  /** Who the caller has proven to be by its certificate; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** The handler's name that was called, below the contract's; `""` if none. */
  readonly subroute: string;
  /** What the caller sent along, its trace context included. */
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
 * outputs, such as an `async function*` or a `ReadableStream`; each is taken
 * when the caller has room for it. Without one it returns when it is done.
 *
 * The inputs end cleanly only if all that the caller sent was read. A call
 * that ends before its handler (cancelled, out of time, lost) makes them end
 * with an error, for every `next()` from then on. The iterator gets `return()`
 * then, or the `ReadableStream` `cancel()`, at once: also while its next value
 * is awaited. Leaving a loop over the inputs gives up the rest of them.
 */
export type StreamHandlerFunction<Initial, Input, Output> = (
  initial: Initial,
  input: AsyncIterableIterator<Input>,
  context: HandlerContext,
) => [Output] extends [never] ? void | Promise<void> : AsyncIterable<Output> | Iterable<Output>;

/**
 * How a handler is registered.
 *
 * @example Disks that only some peers may read
 * ```ts
 * import { allowNames, Manager, single } from "@internode/grid";
 *
 * const read = single("disk.read");
 * const hosts = ["memory://disks-1", "memory://disks-2"];
 * await using grid = new Manager({ local: "memory://disks-1", hosts });
 * grid.handle(read, (bytes) => bytes, {
 *   subroutes: ["sda", "sdb"],
 *   allow: allowNames("*.readers.example"),
 * });
 * grid.handle(read, (bytes) => bytes, {
 *   subroutes: ["sdc"],
 *   allow: ({ identity, subroute }) => identity?.sans.dns.includes(`${subroute}.example`) === true,
 * });
 * ```
 */
export interface HandleOptions {
  /** The handler serves each of these names below the contract's (such as one for each disk). Default: only the contract's own. */
  readonly subroutes?: readonly string[];
  /** How many of its calls may run at a time, over all connections. A stream that ends before its handler gives its place back at once, whatever the handler's iterator still does. Default: as many as come. */
  readonly concurrency?: number;
  /** How many calls may wait beyond `concurrency`; more are answered `Overloaded`. Default: 1,024. */
  readonly queue?: number;
  /** Who may call it, see `allowNames`; others get `PermissionDenied` with outcome `notExecuted`, for that call alone. Asked once for each connection and name. Default: every peer. */
  readonly allow?: AllowRule;
  /**
   * Whether the request is lent: the handler may use it until it returns, or
   * until the promise that it returns has settled, also as its response. Then
   * it is empty, and its memory carries another request. Spares what memory
   * that is new each time costs, which pays from some 16 KiB on. For single
   * requests of raw bytes only. Default: `false`, the handler may keep it.
   */
  readonly lendRequest?: boolean;
}

/**
 * Handlers and their options.
 *
 * @module
 */

import type { CallPriority } from "../../session/frames/priority.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { AllowRule } from "./allow.ts";
import type { ContextValues } from "./context_values.ts";

/** The context of a call for its handler. */
export interface HandlerContext {
  /** Aborts when one of the next two does: nobody waits any more, or this node or server begins to close. For work that is to end early in both cases. A listener of those may see it before this one has aborted. Made on first use. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the call ends before its handler, and only then: the caller
   * cancels, the deadline passes, the connection is lost, or the grace time of
   * this node or server is over. Hand it on to what an answer needs, which is to
   * go on while the node closes. Made on first use.
   */
  readonly cancelled: AbortSignal;
  /**
   * Aborts when this node or server begins to close, and only then. The handler
   * has the grace time (`graceMs`) to end: a response by then is still sent,
   * and a stream that it ends has a clean end. If it throws this signal's
   * reason, its call is answered `Closed`, `maybeExecuted`. Made on first use.
   */
  readonly closing: AbortSignal;
  /** When the caller's time runs out, in milliseconds since 1970 on this node's clock; `Infinity` if never. */
  readonly deadline: number;
  /** The caller's host URL, as given in the handshake. Over mutual TLS the certificate proves it; a shared secret proves that it is one of the grid's hosts, but not which one. The name of a service's client, or of a guest, which has no "://", is not proven by these. */
  readonly caller: string;
  /** The identity that the caller has proven by its certificate; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** The subroute that was called; `""` if there is none. */
  readonly subroute: string;
  /** How urgent the caller has said the call is; `"normal"` from a caller that says nothing, or whose version does not know it. Pass it on with option `within`. */
  readonly priority: CallPriority;
  /** The metadata of the call, its trace context included. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What the server's interceptors have set for the call, by keys of `contextKey`. Made on first use. */
  readonly values: ContextValues;
  /**
   * Sets headers: metadata that reaches the caller with the response, or before
   * a stream's first output. Further calls add to it, and replace entries of
   * the same key. It travels with a failure too. Callers of versions that do
   * not know it get none.
   *
   * @param metadata Texts by key: at most 4,096 bytes in all.
   * @throws {InternodeError} `InvalidArgument` if the first output or the answer has left already, or if it is no such metadata.
   */
  setHeaders(metadata: Readonly<Record<string, string>>): void;
  /**
   * Sets trailers: metadata that reaches the caller when the call ends, behind
   * a stream's last output. Otherwise like `setHeaders`.
   *
   * @param metadata Texts by key: at most 4,096 bytes in all.
   * @throws {InternodeError} `InvalidArgument` if the answer has left already, or if it is no such metadata.
   */
  setTrailers(metadata: Readonly<Record<string, string>>): void;
}

/**
 * Serves single requests. A plain return value is sent at once, in the same
 * write as others of that turn; a promise is answered when it settles. What it
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
 * The inputs end cleanly only if everything that the caller sent was read. If
 * the call ends before its handler (cancelled, out of time, lost), they end
 * with an error for every `next()`. The iterator's `return()`, or the
 * `ReadableStream`'s `cancel()`, is then called at once, also while its next
 * value is awaited. Leaving a loop over the inputs drops the rest of them.
 */
export type StreamHandlerFunction<Initial, Input, Output> = (
  initial: Initial,
  input: AsyncIterableIterator<Input>,
  context: HandlerContext,
) => [Output] extends [never] ? void | Promise<void> : AsyncIterable<Output> | Iterable<Output>;

/**
 * Options of an adaptive limit. It follows how long the calls of a handler take,
 * and bounds how many of them run at a time. While more calls want to run, and none takes more
 * than about one and a half times as long as with few of them, the limit is
 * raised; where they take longer it is lowered, as they only wait for each
 * other. Other calls wait for a moment, or are answered `Overloaded`,
 * `notExecuted`, before they are decoded.
 *
 * It is for handlers that compute, and for those that wait for something which
 * takes so many calls at a time and no more, such as a database. A stream
 * counts for as long as it is open: give a number to streams that stay open.
 *
 * @example A database of which nobody knows how much it can do at a time
 * ```ts
 * import { Manager, single } from "@internode/grid";
 *
 * const query = single("query");
 * const local = "memory://adaptive";
 * await using grid = new Manager({ local, hosts: [local] });
 * grid.handle(query, (bytes) => bytes, { concurrency: { max: 200, maxWaitMs: 50 } });
 * ```
 */
export interface AdaptiveConcurrency {
  /** The lowest limit. Default: 1. */
  readonly min?: number | undefined;
  /** The highest limit. Default: 1,000, or `min` if that is more. */
  readonly max?: number | undefined;
  /** The limit until calls have been measured. Default: 20, within `min` and `max`. */
  readonly initial?: number | undefined;
  /** How long a call may wait for its turn in a burst, in milliseconds. While more calls come than can be served, calls wait for a quarter of it. Choose it well below the callers' time-outs. Default: 100. */
  readonly maxWaitMs?: number | undefined;
}

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
  /** The handler serves each of these subroutes (such as one for each disk). Default: only calls without a subroute. */
  readonly subroutes?: readonly string[];
  /**
   * How many of its calls may run at a time, over all connections; `"adaptive"`,
   * or the options of that, for a limit that follows how long they take. A
   * stream that ends before its handler frees its slot at once, whatever the
   * handler's iterator still does. Default: no limit.
   */
  readonly concurrency?: number | "adaptive" | AdaptiveConcurrency | undefined;
  /** How many calls may wait beyond `concurrency`; more are answered `Overloaded`. Those of low priority may take half of it. Default: 1,024, and 10,240 with an adaptive limit, which also bounds how long they wait. */
  readonly queue?: number | undefined;
  /** Who may call it, see `allowNames`; others get `PermissionDenied` with outcome `notExecuted`, for that call only. It runs once for each connection and name. Default: every peer. */
  readonly allow?: AllowRule;
  /**
   * Whether the request is lent: the handler may use it until it returns, or
   * until the promise that it returns has settled, also as its response. After
   * that it is empty, and its memory is used for another request. This saves
   * the cost of new memory, and is worth it from about 16 KiB on. For single
   * requests of raw bytes only. Default: `false`, the handler may keep it.
   */
  readonly lendRequest?: boolean;
  /**
   * Whether the inputs of a stream are lent: each is valid until the handler
   * asks for the next, as `for await` does at the end of its body, or leaves
   * them. Then it is empty, and its memory is used for another one: copy what
   * is to be kept, or sent on. That saves the cost of new memory, most of what
   * large inputs cost. Inputs of at most 4,096 bytes are copies, which the
   * handler may keep. For streams whose inputs are raw bytes. Default: `false`, the handler may keep all.
   */
  readonly lendInputs?: boolean;
}

/**
 * What went wrong, who caused it, and whether the handler may have run.
 *
 * @module
 */

/**
 * The kinds of failure, each with the number it has on the wire.
 *
 * | code | meaning | what to do |
 * |---|---|---|
 * | `Unreachable` | the peer is known to be down, or no connection came about in time | retry later or elsewhere |
 * | `Disconnected` | the connection was lost while the call was in flight | retry if the call is idempotent |
 * | `DeadlineExceeded` | the call's time ran out | retry if idempotent, or allow more time |
 * | `Cancelled` | the call was cancelled by its caller | nothing |
 * | `UnknownHandler` | the peer has no handler of that name | deploy it, or correct the name |
 * | `HandlerFailed` | the handler threw | read the message |
 * | `InvalidPayload` | a payload could not be encoded or decoded, or failed validation | correct the value or the contract |
 * | `MessageTooLarge` | a message is over a size limit | split it, or raise the limit |
 * | `Overloaded` | a limit on concurrent calls or queued bytes was reached | retry later |
 * | `Unauthenticated` | a side has not proven who it is: by its secret, its token or its certificate, and no connection was made; or a call has not, for an interceptor of the server | correct the secret, the certificate, or the call's token |
 * | `PermissionDenied` | whoever it is may not: the handshake was refused, or the call by an `allow` rule or an interceptor | correct the configuration, or the rule |
 * | `ProtocolError` | the peer broke the protocol; the connection was ended | report it |
 * | `Closed` | this side is closed or closing | nothing |
 * | `InvalidArgument` | an option or an argument makes no sense | correct it |
 * | `GoingAway` | the connection was renewed, or the host left the list, and the call outlasted the grace time | open the stream again; repeat a request if it is idempotent |
 * | `NotListed` | the host is not, or no longer, on this node's list of hosts, or this node is not on the host's | call a host that is listed |
 */
export type ErrorCode =
  | "Unreachable"
  | "Disconnected"
  | "DeadlineExceeded"
  | "Cancelled"
  | "UnknownHandler"
  | "HandlerFailed"
  | "InvalidPayload"
  | "MessageTooLarge"
  | "Overloaded"
  | "Unauthenticated"
  | "PermissionDenied"
  | "ProtocolError"
  | "Closed"
  | "InvalidArgument"
  | "GoingAway"
  | "NotListed";

/** Who caused a failure: the code that called, this library or process, the peer, or what lies between. */
export type ErrorOrigin = "caller" | "local" | "remote" | "network";

/**
 * How far a call got before it failed.
 *
 * - `notSent`: nothing left this process; safe to retry
 * - `notExecuted`: no handler ran, as the peer has answered or as only a part of the call had left; safe to retry
 * - `maybeExecuted`: the request left, its fate is unknown
 * - `executed`: the handler ran, at least in part
 */
export type ErrorOutcome = "notSent" | "notExecuted" | "maybeExecuted" | "executed";

/** What an {@linkcode InternodeError} is made from. */
export interface InternodeErrorInit {
  /** Who caused the failure. Default: `"local"`. */
  origin?: ErrorOrigin;
  /** How far the call got. Default: `"notSent"`. */
  outcome?: ErrorOutcome;
  /** The peer concerned, as a host URL. */
  host?: string | undefined;
  /** The handler concerned, by its contract's name. */
  handler?: string | undefined;
  /** What a failing handler told its caller beside the message, decoded by the contract's `detail` codec. */
  detail?: unknown;
  /** What the error that a handler threw is called over there. */
  remoteName?: string | undefined;
  /** The message of the error that a handler threw over there, on one line. */
  remoteMessage?: string | undefined;
  /** The error underneath. */
  cause?: unknown;
}

/**
 * The one error class of this library.
 *
 * @example Retrying only what certainly did not run
 * ```ts
 * import { InternodeError } from "@internode/grid";
 *
 * function mayRetry(error: unknown): boolean {
 *   return error instanceof InternodeError &&
 *     (error.outcome === "notSent" || error.outcome === "notExecuted");
 * }
 *
 * const error = new InternodeError("Unreachable", "10.0.0.2:9000 is down", { origin: "network" });
 * if (!mayRetry(error)) throw new Error("an unreachable peer has run nothing");
 * ```
 */
export class InternodeError extends Error {
  /** The kind of failure. */
  readonly code: ErrorCode;
  /** Who caused it. */
  readonly origin: ErrorOrigin;
  /** How far the call got. */
  readonly outcome: ErrorOutcome;
  /** The peer concerned, as a host URL, if any. */
  readonly host: string | undefined;
  /** The handler concerned, if any. */
  readonly handler: string | undefined;
  /** What the failing handler told beside its message, if anything. At most 3,836 bytes travel. */
  readonly detail: unknown;
  /**
   * The `name` of the error that the handler threw, such as `"TypeError"`,
   * where the code is `HandlerFailed`; else `undefined`. At most 255 bytes of
   * UTF-8 travel. It is what the peer says: fit for comparing and logging, not for
   * trusting.
   */
  readonly remoteName: string | undefined;
  /** The message of the error that the handler threw, without what stands before it in `message`, and on one line like that; at most 4,096 bytes of UTF-8. `undefined` where the code is not `HandlerFailed`. */
  readonly remoteMessage: string | undefined;

  /**
   * Makes an error; users meet those that the library has made.
   *
   * @param code The kind of failure.
   * @param message What happened, to which host and handler, and what to do.
   * @param init Everything else that is known.
   */
  constructor(code: ErrorCode, message: string, init: InternodeErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "InternodeError";
    this.code = code;
    this.origin = init.origin ?? "local";
    this.outcome = init.outcome ?? "notSent";
    this.host = init.host;
    this.handler = init.handler;
    this.detail = init.detail;
    this.remoteName = init.remoteName;
    this.remoteMessage = init.remoteMessage;
  }
}

/**
 * The error for what a caller has given that makes no sense, before anything is sent.
 *
 * @param message What is wrong, and what to give instead.
 * @param init What else is known.
 * @returns An error of code `InvalidArgument`.
 */
export function invalidArgument(
  message: string,
  init: Omit<InternodeErrorInit, "origin"> = {},
): InternodeError {
  return new InternodeError("InvalidArgument", message, { ...init, origin: "caller" });
}

/**
 * Thrown by a handler to give its caller more than a message: the detail
 * travels encoded by the contract's `detail` codec, if it has one. The caller
 * finds it as `error.detail`, and the `name`, also a subclass's own, as
 * `error.remoteName`.
 *
 * @example
 * ```ts
 * import { HandlerError } from "@internode/grid";
 *
 * function take(stock: number, wanted: number): number {
 *   if (wanted > stock) throw new HandlerError("not enough in stock", { missing: wanted - stock });
 *   return stock - wanted;
 * }
 * take(3, 2);
 * ```
 */
export class HandlerError<Detail = unknown> extends Error {
  /** What the caller will find as `error.detail`. */
  readonly detail: Detail;

  /**
   * Makes an error to be thrown by a handler.
   *
   * @param message The text the caller sees.
   * @param detail The value the caller finds as `error.detail`; must fit the contract's `detail` codec. Default: none, for contracts without one, or when there is nothing to add.
   */
  constructor(message: string, detail?: Detail) {
    super(message);
    this.name = "HandlerError";
    this.detail = detail as Detail;
  }
}

/**
 * Streams that go on after a loss.
 *
 * @module
 */

import { flag, func, invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { type AttemptOptions, resolveAttempts } from "./attempt_options.ts";
import { usualOrder } from "./position_order.ts";
import { type OpenStream, ResumedStream } from "./resumed_stream.ts";

/** What {@linkcode resume} takes beside the opening. */
export interface ResumeOptions<Output, Position> extends AttemptOptions {
  /** The position of an output, never `undefined`. Positions of outputs that follow each other grow. */
  readonly position: (output: Output) => Position;
  /** The position behind which to begin. Default: `undefined`, which the first opening is given. */
  readonly from?: Position | undefined;
  /**
   * The position of the output before this one, if the server says it with
   * each: if that is behind the last one read, there is a gap, and a
   * {@linkcode GapError}. `undefined` for an output that does not say it.
   * Default: the server is trusted to begin right behind the position that it
   * is given, or to say that it cannot.
   */
  readonly previous?: ((output: Output) => Position | undefined) | undefined;
  /**
   * Compares two positions: below 0, 0 or above 0, as for `Array.sort`. Outputs
   * that are not behind the last one read are duplicates, and are dropped.
   * Default: numbers and bigints by their value; others are the same or new.
   */
  readonly compare?: ((a: Position, b: Position) => number) | undefined;
  /** Whether the stream has no end: it is opened anew also where the handler ends it without an error. Default: `false`, that ends it here, too. */
  readonly endless?: boolean | undefined;
  /**
   * What becomes of it when outputs that it needs cannot be had any more:
   * `"fail"` throws a {@linkcode GapError}; `"restart"` opens it anew with
   * `undefined`, as at first, where the server gives a snapshot, or the oldest
   * that it has. So outputs come again, and some never: right where each says by
   * itself how something stands. A gap behind which nothing was read is
   * thrown all the same. Default: `"fail"`.
   */
  readonly onGap?: "fail" | "restart" | undefined;
}

/**
 * Reads a stream that is opened anew after a loss, at the position of the last
 * output that was read: on the same host, or wherever `open` calls. It gives each
 * output once, in order; what it cannot have is a {@linkcode GapError}. Leaving
 * the loop cancels it.
 *
 * Nothing is opened before it is iterated. What was received before a loss is
 * read first. It keeps nothing itself: the server has to keep what a reader may
 * have missed, see {@linkcode outputLog}.
 *
 * @typeParam Output What the stream gives.
 * @typeParam Position Where an output stands in the stream.
 * @param open Opens the stream behind a position. It is called for each attempt, and may choose another host each time.
 * @param options The position of an output, and how to go on after a loss.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example A watch that survives a restart of what it watches
 * ```ts
 * import { Manager, stream } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { loggedOutput, outputLog, resume } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const changes = stream("changes", {
 *   initial: t.record({ from: t.optional(t.string()) }),
 *   output: loggedOutput(t.string()),
 *   inputCapacity: 0,
 *   outputCapacity: 16,
 * });
 * const log = outputLog<string>({ maxItems: 1_000 });
 * const hosts = ["memory://log", "memory://follower"] as const;
 * await using store = new Manager({ local: hosts[0], hosts });
 * await using node = new Manager({ local: hosts[1], hosts });
 * store.handle(changes, ({ from }, _, context) => log.read(from, context));
 * await Promise.all([store.listen(), node.listen()]);
 *
 * for (const change of ["a", "b", "c"]) log.append(change);
 * const peer = node.connection(hosts[0]);
 * const watch = resume(
 *   (from: string | undefined) => peer.stream(changes, from === undefined ? {} : { from }),
 *   { position: ({ position }) => position, maxGapMs: 30_000 },
 * );
 * const seen: string[] = [];
 * for await (const { value } of watch) {
 *   seen.push(value);
 *   if (value === "c") break;
 * }
 * assertEquals(seen, ["a", "b", "c"]);
 * ```
 */
export function resume<Output, Position>(
  open: OpenStream<Output, Position>,
  options: ResumeOptions<Output, Position>,
): ResumedStream<Output, Position> {
  func("open", open);
  const { position, from, previous, compare, endless, onGap = "fail" } = optionsOf(
    "resume",
    options,
  );
  func("position", position);
  if (previous !== undefined) func("previous", previous);
  if (compare !== undefined) func("compare", compare);
  if (onGap !== "fail" && onGap !== "restart") {
    throw invalidOption("onGap", `must be "fail" or "restart", not ${shown(onGap)}`);
  }
  return new ResumedStream({
    open,
    position,
    from,
    previous,
    compare: compare ?? usualOrder,
    endless: flag("endless", endless, false),
    restarts: onGap === "restart",
    attempts: resolveAttempts(options),
  });
}

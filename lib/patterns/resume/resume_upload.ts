/**
 * Uploads that go on after a loss.
 *
 * @module
 */

import { func, optionsOf, wholeNumber } from "../../foreign/option_checks.ts";
import { type AttemptOptions, resolveAttempts } from "./attempt_options.ts";
import { usualOrder } from "./position_order.ts";
import { type OpenUpload, ResumedUpload } from "./resumed_upload.ts";

/** What {@linkcode resumeUpload} takes beside the opening. */
export interface UploadOptions<Input, Acknowledgement, Position> extends AttemptOptions {
  /** The position of an input, never `undefined`. Positions must grow from input to input. */
  readonly position: (input: Input) => Position;
  /** The position that an output of the handler acknowledges, with all before it; `undefined`: none. */
  readonly acknowledged: (output: Acknowledgement) => Position | undefined;
  /** What was acknowledged before, as the first opening is told. Default: `undefined`, nothing. */
  readonly from?: Position | undefined;
  /** Compares two positions: below 0, 0 or above 0. Default: numbers and bigints by their value; others are the same or not. */
  readonly compare?: ((a: Position, b: Position) => number) | undefined;
  /** How many inputs may be kept until they are acknowledged; `send` waits for room. Default: 1,024. */
  readonly maxPending?: number | undefined;
}

/**
 * Sends inputs on a stream that is opened anew after a loss. Each input is kept
 * until the handler acknowledges its position, and those that are not
 * acknowledged are sent anew, in order: **at least once**, so the handler must drop, or
 * do no harm with, positions that it has seen. It may acknowledge many at once, and must
 * do so only when they are safe.
 *
 * What this process has not seen acknowledged is lost when it dies.
 *
 * @typeParam Input What is sent.
 * @typeParam Acknowledgement What the handler answers.
 * @typeParam Position Where an input stands.
 * @param open Opens the stream, for what follows the last acknowledged position. It is called for each attempt, not before there is something to send.
 * @param options Positions, acknowledgements, and how to go on after a loss.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { Manager, stream } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { resumeUpload } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const collect = stream("collect", {
 *   initial: t.nothing(),
 *   input: t.record({ at: t.uint(), text: t.string() }),
 *   inputCapacity: 16,
 *   output: t.uint(),
 *   outputCapacity: 16,
 * });
 * const hosts = ["memory://collector", "memory://sensor"] as const;
 * await using collector = new Manager({ local: hosts[0], hosts });
 * await using sensor = new Manager({ local: hosts[1], hosts });
 * const kept: string[] = [];
 * let last = 0;
 * collector.handle(collect, async function* (_, inputs) {
 *   for await (const { at, text } of inputs) {
 *     if (at > last) kept.push(text); // else it came once before
 *     last = Math.max(last, at);
 *     yield at;
 *   }
 * });
 * await Promise.all([collector.listen(), sensor.listen()]);
 *
 * const peer = sensor.connection(hosts[0]);
 * await using upload = resumeUpload(() => peer.stream(collect, undefined), {
 *   position: (input: { at: number; text: string }) => input.at,
 *   acknowledged: (at: number) => at,
 * });
 * await upload.send({ at: 1, text: "a" });
 * await upload.send({ at: 2, text: "b" });
 * await upload.end();
 * assertEquals(kept, ["a", "b"]);
 * ```
 */
export function resumeUpload<Input, Acknowledgement, Position>(
  open: OpenUpload<Input, Acknowledgement, Position>,
  options: UploadOptions<Input, Acknowledgement, Position>,
): ResumedUpload<Input, Acknowledgement, Position> {
  func("open", open);
  const { position, acknowledged, from, compare, maxPending = 1_024 } = optionsOf(
    "resumeUpload",
    options,
  );
  func("position", position);
  func("acknowledged", acknowledged);
  if (compare !== undefined) func("compare", compare);
  return new ResumedUpload({
    open,
    position,
    acknowledged,
    from,
    compare: compare ?? usualOrder,
    maxPending: wholeNumber("maxPending", maxPending, 1),
    attempts: resolveAttempts(options),
  });
}

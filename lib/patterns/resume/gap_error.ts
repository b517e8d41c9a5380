/**
 * The error for outputs that are missing.
 *
 * @module
 */

/**
 * Outputs between two others cannot be had any more: the log has dropped them,
 * or it is another one. A reader that has read up to `after` must take a new
 * snapshot of what it follows, and resume from there.
 *
 * Thrown by handlers that read an {@linkcode OutputLog}, whose callers see it as
 * `HandlerFailed` with the `remoteName` `"GapError"`; and by {@linkcode resume},
 * which makes it of that.
 *
 * @example
 * ```ts
 * import { GapError, outputLog } from "@internode/grid/patterns";
 * import { assertThrows } from "@std/assert";
 *
 * const log = outputLog<string>({ maxItems: 2 });
 * const positions = ["a", "b", "c", "d"].map((value) => log.append(value));
 * log.read(positions[1]); // goes on with "c"
 * assertThrows(() => log.read(positions[0]), GapError);
 * ```
 */
export class GapError extends Error {
  /** The position of the last output before the gap; `undefined` where that is not known. */
  readonly after: unknown;

  /**
   * Makes an error to be thrown by a handler that cannot go on from a position.
   *
   * @param message What is missing, and why.
   * @param init The last position before it, and the error underneath.
   */
  constructor(message: string, init: { readonly after?: unknown; readonly cause?: unknown } = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = GAP_ERROR;
    this.after = init.after;
  }
}

/** What the error is called, here and where it arrives. */
export const GAP_ERROR = "GapError";

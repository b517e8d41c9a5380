/**
 * What a log of outputs gives.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import * as t from "../../codec/mod.ts";

/** An output with its position in the log. */
export interface LoggedOutput<Value> {
  /** Where it stands: a text that only the log reads. */
  readonly position: string;
  /** What was appended. */
  readonly value: Value;
}

/**
 * The codec of what an `OutputLog` gives.
 *
 * @param value The codec of what is appended.
 *
 * @example
 * ```ts
 * import * as t from "@internode/grid/codec";
 * import { loggedOutput } from "@internode/grid/patterns";
 *
 * const output = loggedOutput(t.record({ key: t.string() }));
 * t.toBytes(output, { position: "3f0c:17", value: { key: "a" } });
 * ```
 */
export function loggedOutput<Value>(value: Codec<Value>): Codec<LoggedOutput<Value>> {
  const codec: Codec<unknown> = t.record({ position: t.string(), value });
  return codec as Codec<LoggedOutput<Value>>;
}

/**
 * Values that stand on a line each.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { UsageError } from "../arguments/usage_error.ts";

/** The longest line that is read, in characters. */
const MAX_LINE = 16 * 1_048_576;

/**
 * Reads JSON, one value a line; empty lines are passed over.
 *
 * @param bytes UTF-8.
 * @returns The values. It throws a `UsageError` for a line that is no JSON, or too long.
 */
export async function* jsonLines(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "", count = 0;
  const read = (line: string): unknown => {
    try {
      return JSON.parse(line);
    } catch (error) {
      throw new UsageError(`Line ${count} of the input is no JSON: ${messageOf(error)}.`);
    }
  };
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) throw new UsageError(`Line ${count + 1} of the input is too long.`);
    for (const line of lines) {
      count++;
      if (line.trim() !== "") yield read(line);
    }
  }
  count++;
  if (rest.trim() !== "") yield read(rest);
}

/**
 * The names of clients and servers.
 *
 * @module
 */

import { isPlain } from "../../foreign/plain_text.ts";
import { invalidOption, text } from "../../foreign/option_checks.ts";

const MAX_BYTES = 255;

/**
 * Checks that the other side accepts a name in a hello.
 *
 * @throws {InternodeError} `InvalidArgument` for any other.
 */
export function checkName(name: string): string {
  if (!isPlain(text("name", name))) {
    throw invalidOption(
      "name",
      "must not contain control characters, invisible ones, or half a character",
    );
  }
  const bytes = new TextEncoder().encode(name).length;
  if (bytes >= 1 && bytes <= MAX_BYTES) return name;
  throw invalidOption("name", `must have 1 to ${MAX_BYTES} bytes of UTF-8, not ${bytes}`);
}

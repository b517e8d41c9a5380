/**
 * Texts that would forge lines of a log, drive a terminal or hide what they
 * are, and the judge of what became of them.
 *
 * @module
 */

import { assert } from "@std/assert";
import { MAX_LINE_TEXT } from "../../../lib/foreign/guarded_logger.ts";
import { MAX_FOREIGN_TEXT } from "../../../lib/foreign/plain_text.ts";
import type { LogLine } from "../../support/log/quiet.ts";

/** One of each kind that may stand in no line. */
export const EVIL =
  "evil\r\n2026-01-01 ERROR lost\u001b[31m\u009b1m\u0000\u0085\u2028\u202e\u2066\u200b\ufeff\u00ad!";
/** The same where there is room for more than may be shown. */
export const LONG_EVIL: string = EVIL + "x".repeat(20_000);
/** Whether something tells of such a text. */
export const NAMED = /evil/;

// Written down here by their numbers, as the library's own rule is what is judged.
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const HIDDEN = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\ud800-\udfff]/;
/** Longer than any text that is shown, with what is said around it. */
const MAX_MESSAGE = MAX_FOREIGN_TEXT + 1_024;

/** Fails where a text that may be shown is not fit for it. */
export function judgeText(where: string, text: string, maxLength: number = MAX_MESSAGE): void {
  assert(!CONTROLS.test(text), `${where} has controls: ${JSON.stringify(text)}`);
  // Halves of pairs that are whole are no halves.
  const single = text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "");
  assert(!HIDDEN.test(single), `${where} has what is not seen: ${JSON.stringify(text)}`);
  assert(text.length <= maxLength, `${where} has ${text.length} characters`);
}

/** Judges an error with all that it tells, and what is underneath. */
export function judgeError(where: string, error: unknown): void {
  for (
    let each = error, depth = 0;
    each instanceof Error && depth < 9;
    each = each.cause, depth++
  ) {
    const at = `${where}${".cause".repeat(depth)}`;
    judgeText(`${at}.message`, each.message);
    for (const [name, value] of Object.entries(each)) {
      if (typeof value === "string" && name !== "stack") judgeText(`${at}.${name}`, value);
    }
  }
}

/** Judges log lines with all that comes beside them. */
export function judgeLines(where: string, lines: readonly LogLine[]): void {
  for (const { message, fields } of lines) {
    judgeText(`${where}: the line`, message, MAX_LINE_TEXT);
    assert(typeof fields["event"] === "string", `${where}: no event beside "${message}"`);
    for (const [name, value] of Object.entries(fields)) {
      for (const text of [value].flat()) {
        if (typeof text === "string") judgeText(`${where}: field ${name}`, text);
      }
      judgeError(`${where}: field ${name}`, value);
    }
  }
}

import { assert, assertEquals } from "@std/assert";
import { isPlain, MAX_FOREIGN_TEXT, plainText, quoted } from "../../lib/foreign/plain_text.ts";
import { textOf } from "../../lib/foreign/text_of.ts";

/** One of each kind that may stand in no log line. */
const HIDDEN = [
  ...["\u0000", "\t", "\r\n", "\u001b", "\u007f", "\u0085", "\u009b", "\u2028", "\u2029"],
  ...["\u061c", "\u200e", "\u202a", "\u202e", "\u2066", "\u2069"],
  ...["\u00ad", "\u200b", "\u2060", "\ufeff", "\ufffa", "\u{e0041}"],
];

Deno.test("plainText: what forges lines, drives terminals, turns texts round or is not seen becomes a space", () => {
  for (const text of HIDDEN) {
    assert(!isPlain(text), JSON.stringify(text));
    assertEquals(plainText(`a${text}${text}b`), "a b", JSON.stringify(text));
  }
  assertEquals(plainText("a\ud800b\udc00"), "a\ufffdb\ufffd");
  assertEquals(textOf(new Error("a\r\nb\u001b[0m")), "a b [0m");
});

Deno.test("plainText: all other texts stay as they are", () => {
  // The joiners of emoji and of Persian are no trick.
  for (const text of ["", " ", "für Zoë ☃", "👩\u200d🚀", "می\u200cخواهم", "日本語", "\ufffd"]) {
    assert(isPlain(text), text);
    assertEquals(plainText(text), text);
  }
});

Deno.test("plainText: is never longer than it may be, whatever stands at the cut", () => {
  assertEquals(plainText("x".repeat(10_000)).length, MAX_FOREIGN_TEXT);
  assertEquals(plainText("ab😀", 3), "ab\ufffd");
  assertEquals(plainText("ab\n\nc", 4), "ab");
});

Deno.test("quoted: shows what is not seen, and tells all texts apart up to its length", () => {
  for (const text of [...HIDDEN, "\ud800", '"', "\\"]) {
    const shown = quoted(`a${text}b`);
    assert(isPlain(shown), shown);
    assertEquals(JSON.parse(shown), `a${text}b`);
  }
  assertEquals(quoted("abcdef", 3), '"abc…"');
});

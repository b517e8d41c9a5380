import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { isOwnError } from "../../lib/foreign/own_error.ts";
import { MAX_FOREIGN_TEXT } from "../../lib/foreign/plain_text.ts";
import { nameOf, sentence, shown, textOf } from "../../lib/foreign/text_of.ts";
import { TEXTLESS } from "../support/foreign/textless.ts";

Deno.test("textOf: an error's message, its name if that is empty, and what String makes of others", () => {
  assertEquals(textOf(new Error("the disk is full")), "the disk is full");
  assertEquals(textOf(new TypeError("")), "TypeError");
  assertEquals(textOf(new DOMException("gone", "AbortError")), "gone");
  assertEquals(textOf({ message: "an error of another realm" }), "an error of another realm");
  assertEquals(textOf("a text"), "a text");
  assertEquals(textOf(7n), "7");
  assertEquals(textOf(undefined), "undefined");
  assertEquals(textOf(Symbol("s")), "Symbol(s)");
});

Deno.test("textOf: what has no text, or throws when it is asked for one, gets one all the same", () => {
  for (const [what, value] of TEXTLESS) {
    const text = textOf(value);
    assert(typeof text === "string" && text !== "", what);
    assert(nameOf(value) !== "", what);
    assert(!isOwnError(value), what);
  }
});

Deno.test("textOf: a long text is cut between two characters", () => {
  assertEquals(textOf("x".repeat(MAX_FOREIGN_TEXT + 1)).length, MAX_FOREIGN_TEXT);
  const text = textOf(new Error("x".repeat(MAX_FOREIGN_TEXT - 1) + "😀"));
  assert(text.isWellFormed());
  assertEquals(textOf("abc", 2), "ab");
});

Deno.test("nameOf: the error's name, and Error for what has none", () => {
  assertEquals(nameOf(new TypeError("x")), "TypeError");
  assertEquals(nameOf({ name: 7 }), "Error");
  assertEquals(nameOf(null), "Error");
});

Deno.test("isOwnError: this library's errors and no others", () => {
  assert(isOwnError(new InternodeError("Closed", "x")));
  assert(!isOwnError(new Error("x")));
  assert(!isOwnError({ code: "Closed", message: "x" }));
});

Deno.test("a text becomes a sentence with one full stop", () => {
  assertEquals(sentence("The peer is down"), "The peer is down.");
  assertEquals(sentence("The peer is down. "), "The peer is down.");
  assertEquals(
    sentence("Do both sides have the same secret?"),
    "Do both sides have the same secret?",
  );
});

Deno.test("a refused big integer does not look like the number that is wanted", () => {
  assertEquals([shown(1n), shown(-5n), shown(1)], ["1n", "-5n", "1"]);
});

/**
 * Texts wherever they can stand: each place has loops of its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { assertRoundTrip, assertUnfit } from "./support.ts";

/** Ways for a text to stand in a value, and what its path is there. */
const PLACES: readonly {
  readonly name: string;
  readonly codec: t.Codec<unknown>;
  readonly path: string;
  around(text: string): unknown;
}[] = [
  { name: "whole", codec: t.string() as t.Codec<unknown>, path: "the value", around: (x) => x },
  {
    name: "in a list",
    codec: t.list(t.string()) as t.Codec<unknown>,
    path: "[1]",
    around: (x) => ["a", x, "b"],
  },
  {
    name: "in a record",
    codec: t.record({ before: t.uint(), text: t.string(), after: t.uint() }) as t.Codec<unknown>,
    path: "text",
    around: (text) => ({ before: 1, text, after: 300 }),
  },
  {
    name: "behind other texts of a record",
    codec: t.record({
      a: t.string(),
      text: t.optional(t.string()),
      ["a key of more than forty bytes, which is copied"]: t.string(),
    }) as t.Codec<unknown>,
    path: "text",
    around: (text) => ({ a: "a", text, ["a key of more than forty bytes, which is copied"]: "c" }),
  },
];

/** Texts of one length: ASCII, and with one character of another kind at each place. */
function* textsOf(length: number): Generator<string> {
  const ascii = "abcdefghijklmnopqrstuvwxyz/0123456789-".repeat(4).slice(0, length);
  yield ascii;
  for (let i = 0; i < length; i++) {
    const odd = ["\u0080", "ü", "€", "\u007f"][(i + length) % 4]!;
    yield ascii.slice(0, i) + odd + ascii.slice(i + 1);
  }
}

for (const { name, codec, path, around } of PLACES) {
  Deno.test(`texts ${name}, of every length, with any character at any place`, () => {
    for (let length = 0; length <= 104; length++) {
      for (const text of textsOf(length)) assertRoundTrip(codec, around(text));
    }
  });

  Deno.test(`what is no text ${name} is an error that names it`, () => {
    for (const length of [1, 5, 8, 40, 72, 73]) {
      for (const at of [0, length >> 1, length - 1]) {
        const lone = "x".repeat(at) + "\ud800" + "y".repeat(length - at - 1);
        assertUnfit(
          () => t.toBytes(codec, around(lone)),
          `Cannot encode: ${path} has a lone surrogate`,
        );
      }
    }
    for (const wrong of [5, null, ["x"], {}]) {
      const value = around(wrong as unknown as string);
      assertUnfit(() => t.toBytes(codec, value), `Cannot encode: ${path} must be a string, but is`);
    }
  });

  Deno.test(`a text ${name} is not read beyond the end of the message`, () => {
    for (const text of ["", "x", "y".repeat(31), "z".repeat(32), "ü".repeat(40), "w".repeat(300)]) {
      const bytes = t.toBytes(codec, around(text));
      const reader = new t.ByteReader();
      for (let end = 0; end < bytes.length; end++) {
        reader.reset(bytes, 0, end);
        assertUnfit(() => codec.decode(reader), "Cannot decode: ");
      }
    }
  });

  Deno.test(`a text ${name} never takes more room than there is`, () => {
    for (const text of ["", "x".repeat(20), "y".repeat(72), "ü".repeat(30), "z".repeat(100)]) {
      const wanted = t.toBytes(codec, around(text));
      for (let room = 0; room < 400; room++) {
        const writer = new t.ByteWriter(room);
        // Twice, as the second time a record's field remembers it.
        for (let i = 0; i < 2; i++) {
          writer.position = 0;
          codec.encode(around(text), writer);
          assertEquals(writer.bytes.subarray(0, writer.position), wanted);
        }
      }
    }
  });
}

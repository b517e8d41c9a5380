/**
 * Texts wherever they can stand: each place has loops of its own.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { assertRoundTrip, assertUnfit } from "../support.ts";

/** A way for a text to stand in a value. */
interface Place {
  readonly name: string;
  readonly codec: t.Codec<unknown>;
  /** The text's path there. */
  readonly path: string;
  around(text: string): unknown;
}

const LONG_KEY = "a key of more than forty bytes, which is copied";

/** More fields than have loops of their own. */
const FRONT = Array.from({ length: 18 }, (_, i) => `f${i}`);

function placesOf(text: t.Codec<string>): readonly Place[] {
  return [
    { name: "whole", codec: text as t.Codec<unknown>, path: "the value", around: (x) => x },
    {
      name: "in a list",
      codec: t.list(text) as t.Codec<unknown>,
      path: "[1]",
      around: (x) => ["a", x, "b"],
    },
    {
      name: "in a record",
      codec: t.record({ before: t.uint(), text, after: t.uint() }) as t.Codec<unknown>,
      path: "text",
      around: (x) => ({ before: 1, text: x, after: 300 }),
    },
    {
      name: "behind other texts of a record",
      codec: t.record({ a: text, text: t.optional(text), [LONG_KEY]: text }) as t.Codec<unknown>,
      path: "text",
      around: (x) => ({ a: "a", text: x, [LONG_KEY]: "c" }),
    },
    {
      name: "far back in a long record",
      codec: t.record({ ...Object.fromEntries(FRONT.map((name) => [name, text])), text, z: text }),
      path: "text",
      around: (x) => ({ ...Object.fromEntries(FRONT.map((name) => [name, "f"])), text: x, z: "z" }),
    },
  ];
}

/** Texts of one length: ASCII, and with one character of another kind at each place. */
function* textsOf(length: number): Generator<string> {
  const ascii = "abcdefghijklmnopqrstuvwxyz/0123456789-".repeat(4).slice(0, length);
  yield ascii;
  for (let i = 0; i < length; i++) {
    const odd = ["\u0080", "ü", "€", "\u007f"][(i + length) % 4]!;
    yield ascii.slice(0, i) + odd + ascii.slice(i + 1);
  }
}

for (const { name, codec, path, around } of placesOf(t.string())) {
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

Deno.test("a limit on texts holds wherever they stand, in both directions", () => {
  for (const maxBytes of [1, 31, 32, 40, 72, 73, 100, 101, 255, 256, 300]) {
    const free = placesOf(t.string());
    placesOf(t.string({ maxBytes })).forEach(({ codec, path, around }, i) => {
      const words = `over its limit maxBytes of ${maxBytes}`;
      for (const length of [0, maxBytes - 1, maxBytes]) {
        assertRoundTrip(codec, around("x".repeat(length)));
      }
      const umlauts = "ü".repeat((maxBytes >> 1) + 1);
      for (const text of ["x".repeat(maxBytes + 1), umlauts, "y".repeat(500)]) {
        // Twice, as nothing may be remembered of what was refused.
        for (let n = 0; n < 2; n++) {
          const message = assertUnfit(() => t.toBytes(codec, around(text)), words).message;
          assert(message.startsWith(`Cannot encode: ${path} has `), message);
          const bytes = t.toBytes(free[i]!.codec, around(text));
          const read = assertUnfit(() => t.fromBytes(codec, bytes), words).message;
          assert(read.startsWith(`Cannot decode: ${path} has `), read);
        }
      }
      assertRoundTrip(codec, around("ü".repeat(maxBytes >> 1)));
    });
  }
});

/** Metadata on the wire, to the byte. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import {
  decodeMetadata,
  encodeMetadata,
  type Metadata,
  NO_METADATA,
} from "../../../lib/session/frames/metadata.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";

function decode(bytes: Uint8Array, start = 0, end = bytes.length): [Metadata, left: number] {
  const reader = new ByteReader();
  reader.reset(bytes, start, end);
  return [decodeMetadata(reader), reader.remaining];
}

Deno.test("metadata is what a hand would write, and what stands behind it is left", () => {
  const bytes = encodeMetadata({ a: "bc", é: "" });
  assertEquals(bytes.toHex(), "0d00" + "0100" + "61" + "0200" + "6263" + "0200" + "c3a9" + "0000");
  assertEquals(decode(bytes), [{ a: "bc", é: "" }, 0] as [Metadata, number]);
  const among = Uint8Array.from([1, 2, 3, ...bytes, 9, 9]);
  assertEquals(decode(among, 3)[1], 2);
  assertEquals(encodeMetadata(NO_METADATA).toHex(), "0000");
  assertEquals(decode(new Uint8Array(2))[1], 0);
});

Deno.test("metadata that is cut short anywhere is refused", () => {
  const bytes = encodeMetadata({ a: "bc" });
  for (let end = 0; end < bytes.length; end++) {
    const error = assertThrows(() => decode(bytes, 0, end), InternodeError, "cut short");
    assertEquals(error.code, "ProtocolError");
  }
  // The block is whole, but a text in it reaches beyond it, or its length does.
  for (const hex of ["0500010061020062", "04000100610200", "040001006103", "0100ff"]) {
    assertThrows(() => decode(Uint8Array.fromHex(hex + "ffff")), InternodeError, "cut short");
  }
});

Deno.test("metadata has 4,096 bytes at most, in either direction", () => {
  const most = { a: "b".repeat(4_096 - 5) };
  assertEquals(decode(encodeMetadata(most)), [most, 0] as [Metadata, number]);
  assertThrows(
    () => encodeMetadata({ a: "b".repeat(4_096 - 4) }),
    InternodeError,
    "has 4097 bytes",
  );
  assertThrows(() => encodeMetadata({ a: "b".repeat(4_097) }), InternodeError, "of 4097 bytes");
  const long = new Uint8Array(4_099);
  long.set([0x01, 0x10]);
  assertThrows(() => decode(long), InternodeError, "too long");
  const error = assertThrows(() => encodeMetadata({ a: 1 as unknown as string }), InternodeError);
  assertEquals([error.code, error.message], [
    "InvalidArgument",
    "Keys and values of metadata must be strings, not number.",
  ]);
});

Deno.test("metadata that is too long has different errors for one string and for all together", () => {
  for (const metadata of [{ a: "b".repeat(4_096) }, { ["a".repeat(4_096)]: "" }]) {
    assertThrows(() => encodeMetadata(metadata), InternodeError, "The metadata has ");
  }
  for (
    const metadata of [{ a: "b".repeat(4_097) }, { ["é".repeat(2_049)]: "" }, {
      a: "b".repeat(70_000),
    }]
  ) {
    assertThrows(() => encodeMetadata(metadata), InternodeError, "The metadata has a string ");
  }
});

Deno.test("a text that is not Unicode is refused, as a key and as a value", () => {
  for (const metadata of [{ a: "b\ud800" }, { "\udc00": "b" }]) {
    const error = assertThrows(() => encodeMetadata(metadata), InternodeError, "half a character");
    assertEquals(error.code, "InvalidArgument");
  }
});

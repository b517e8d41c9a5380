/** What a field remembers of its texts, and when it gives up. @module */

import { assertEquals } from "@std/assert";
import {
  COPY_ROOM_BYTES,
  TextFieldReader,
  TextFieldWriter,
} from "../../../lib/codec/format/text_memo.ts";
import { writeText } from "../../../lib/codec/format/text.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { ByteWriter } from "../../../lib/wire/byte_writer.ts";

const KEY = Uint8Array.of(0xa1, 0x6b);

/** Writes key and text as a record does that does not remember it, and lets the field learn. */
function learnWritten(field: TextFieldWriter, text: string): void {
  const writer = new ByteWriter();
  writer.append(new Uint8Array(3));
  writer.append(KEY);
  writeText(text, writer);
  field.learn(text, writer, 3);
}

function copied(field: TextFieldWriter): number[] {
  const bytes = new Uint8Array(KEY.length + COPY_ROOM_BYTES + 5);
  const end = field.copy(new DataView(bytes.buffer), 5);
  return [...bytes.subarray(5, end)];
}

function learnRead(field: TextFieldReader, text: string): void {
  const writer = new ByteWriter();
  writer.append(new Uint8Array(3));
  writeText(text, writer);
  const reader = new ByteReader();
  reader.reset(writer.bytes, 0, writer.position);
  field.learn(text, reader, 3, writer.position);
}

/** How many different texts a field bears until it rests. */
function patienceOf(field: { rest: number }, learn: (text: string) => void): number {
  let count = 0;
  while (field.rest === 0) learn(`text ${count++}`);
  assertEquals(field.rest, 4_096);
  return count;
}

Deno.test("a writing field knows the empty text at first, and then the last one it has learned", () => {
  const field = new TextFieldWriter(KEY);
  assertEquals([field.text, field.rest, copied(field)], ["", 0, [...KEY, 0xa0]]);
  learnWritten(field, "abc");
  assertEquals([field.text, copied(field)], ["abc", [...KEY, 0xa3, 0x61, 0x62, 0x63]]);
  learnWritten(field, "z");
  assertEquals([field.text, copied(field)], ["z", [...KEY, 0xa1, 0x7a]]);
});

Deno.test("a text of which key and bytes come to more than 128 is not remembered", () => {
  const field = new TextFieldWriter(KEY), most = "m".repeat(128 - 2 - 2);
  learnWritten(field, most);
  assertEquals([field.text, copied(field).length], [most, 128]);
  learnWritten(field, most + "m");
  assertEquals(field.text, most);
  const reader = new TextFieldReader(), read = "m".repeat(126);
  learnRead(reader, read);
  assertEquals([reader.text, reader.length], [read, 128]);
  learnRead(reader, read + "m");
  assertEquals([reader.text, reader.length], [read, 128]);
});

Deno.test("a writing field gives up after 16 different texts, then after 2, and forgets", () => {
  const field = new TextFieldWriter(KEY), learn = (text: string) => learnWritten(field, text);
  assertEquals(patienceOf(field, learn), 16);
  assertEquals([field.text, copied(field)], ["", [...KEY, 0xa0]]);
  field.rest = 0;
  // The copy just made was a text that came again.
  assertEquals(patienceOf(field, learn), 16);
  field.rest = 0;
  assertEquals(patienceOf(field, learn), 2);
});

Deno.test("a reading field gives up after 16 different texts, then after 2, unless one comes again", () => {
  const field = new TextFieldReader(), learn = (text: string) => learnRead(field, text);
  assertEquals([field.text, field.length, field.rest], ["", 0, 0]);
  assertEquals(patienceOf(field, learn), 16);
  assertEquals(field.length, 0);
  field.rest = 0;
  assertEquals(patienceOf(field, learn), 2);
  field.rest = 0;
  learn("again");
  assertEquals(
    field.isNext(
      new DataView(Uint8Array.of(0xa5, ...new TextEncoder().encode("again")).buffer),
      0,
      6,
    ),
    true,
  );
  assertEquals(patienceOf(field, learn), 16);
});

Deno.test("what is remembered stands at a place if every byte of it does, and within the message", () => {
  for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 11]) {
    const field = new TextFieldReader(), text = "abcdefghijk".slice(0, length);
    learnRead(field, text);
    const bytes = Uint8Array.of(0, 0, 0xa0 | length, ...new TextEncoder().encode(text), 0);
    const view = new DataView(bytes.buffer), end = 2 + 1 + length;
    assertEquals([field.isNext(view, 2, end), field.isNext(view, 2, end - 1)], [true, false]);
    for (let at = 2; at < end; at++) {
      bytes[at]! ^= 1;
      assertEquals(field.isNext(view, 2, end), false, `byte ${at - 2} of ${text}`);
      bytes[at]! ^= 1;
    }
  }
});

import { assertEquals } from "@std/assert";
import { ByteWriter } from "../../lib/wire/byte_writer.ts";

Deno.test("a new writer is empty and has room for 256 bytes", () => {
  const writer = new ByteWriter();
  assertEquals([writer.position, writer.items, writer.bytes.length], [0, 0, 256]);
  assertEquals(writer.maxItems, 1_000_000);
});

Deno.test("a buffer grows only when it must, and then to twice its size or what is wanted", () => {
  const writer = new ByteWriter(8);
  writer.append(new Uint8Array([1, 2, 3, 4, 5, 6]));
  writer.ensure(2);
  assertEquals(writer.bytes.length, 8);
  writer.ensure(3);
  assertEquals([writer.bytes.length, writer.view.byteLength], [16, 16]);
  writer.ensure(100);
  assertEquals(writer.bytes.length, 106);
  writer.append(new Uint8Array([7]));
  assertEquals(writer.bytes.subarray(0, writer.position), new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
});

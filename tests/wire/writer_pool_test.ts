import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../lib/wire/byte_writer.ts";
import { WRITER_BYTES, WriterPool } from "../../lib/wire/writer_pool.ts";

Deno.test("a pool gives back what it was given, empty", () => {
  const pool = new WriterPool();
  const writer = pool.take();
  assertEquals([writer.position, writer.bytes.length], [0, WRITER_BYTES]);
  writer.append(new Uint8Array(100));
  pool.give(writer);
  const again = pool.take();
  assert(again === writer);
  assertEquals(again.position, 0);
  assert(pool.take() !== writer);
});

Deno.test("a pool keeps 16 MiB of buffers, and none that is large", () => {
  const pool = new WriterPool();
  const large = pool.take();
  large.ensure(1024 * 1024);
  pool.give(large);
  assert(pool.take() === large);
  const larger = new ByteWriter(1024 * 1024 + 1);
  pool.give(larger);
  assert(pool.take() !== larger);
  const many = Array.from({ length: 20 }, () => new ByteWriter(1024 * 1024));
  for (const writer of many) pool.give(writer);
  const kept = many.map(() => pool.take()).filter((one) => many.includes(one));
  assertEquals(kept.length, 16);
  for (const writer of kept) pool.give(writer);
  pool.give(new ByteWriter(WRITER_BYTES));
  assertEquals(many.map(() => pool.take()).filter((one) => many.includes(one)).length, 16);
});

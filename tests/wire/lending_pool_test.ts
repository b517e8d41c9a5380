import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import { LendingPool } from "../../lib/wire/lending_pool.ts";

const KIB = 1024, MIB = 1024 * 1024;
/** What each piece of memory has behind what it is lent for. */
const SPARE = 128;

Deno.test("what was lent is empty once it was taken back, and its memory is lent again", () => {
  const pool = new LendingPool();
  const first = pool.lend(5 * KIB);
  first.fill(7);
  assertEquals(first.length, 5 * KIB);
  pool.takeBack(first);
  assertEquals([first.length, first.buffer.detached, pool.freeBytes], [0, true, 8 * KIB + SPARE]);

  const second = pool.lend(6 * KIB);
  assertNotStrictEquals(second.buffer, first.buffer);
  assertEquals([second.length, second[0], pool.freeBytes], [6 * KIB, 7, 0]);
});

Deno.test("a part of what was lent takes all of it back", () => {
  const pool = new LendingPool();
  const lent = pool.lend(4 * KIB);
  pool.takeBack(lent.subarray(10, 20));
  assertEquals([lent.length, pool.freeBytes], [0, 4 * KIB + SPARE]);
});

Deno.test("what was sent elsewhere meanwhile is not taken back", () => {
  const pool = new LendingPool();
  const lent = pool.lend(4 * KIB);
  structuredClone(lent, { transfer: [lent.buffer] });
  pool.takeBack(lent);
  pool.takeBack(lent);
  assertEquals(pool.freeBytes, 0);
});

Deno.test("only so much lies there unused, and nothing large", () => {
  const pool = new LendingPool();
  const size = MIB + SPARE, most = Math.floor(8 * MIB / size);
  const lent = Array.from({ length: most + 1 }, () => pool.lend(MIB));
  for (const each of lent) pool.takeBack(each);
  assertEquals(pool.freeBytes, most * size);
  const filled = pool.lend(MIB - SPARE);
  pool.takeBack(filled);
  assertEquals(pool.freeBytes, most * size, "what is as large as may be is lent again");

  const empty = new LendingPool();
  const large = empty.lend(MIB + 1), odd = new Uint8Array(5_000);
  empty.takeBack(large);
  empty.takeBack(new Uint8Array(2 * MIB + SPARE));
  empty.takeBack(odd);
  assertEquals([large.length, odd.length, empty.freeBytes], [0, 0, 0]);
});

Deno.test("memory is lent in powers of two, from 4 KiB to 1 MiB", () => {
  const cases: [bytes: number, size: number][] = [
    [0, 4 * KIB],
    [1, 4 * KIB],
    [4 * KIB, 4 * KIB],
    [4 * KIB + 1, 8 * KIB],
    [8 * KIB, 8 * KIB],
    [8 * KIB + 1, 16 * KIB],
    [MIB / 2 + 1, MIB],
    [MIB, MIB],
  ];
  for (const [bytes, size] of cases) {
    const pool = new LendingPool(), lent = pool.lend(bytes);
    assertEquals([lent.length, lent.buffer.byteLength], [bytes, size + SPARE]);
    pool.takeBack(lent);
    assertEquals(pool.freeBytes, size + SPARE);
    // What is smaller than the least, or of another size, is not kept.
    for (const other of [size, size / 2 + 1, size / 2 + SPARE + 1]) {
      pool.takeBack(new Uint8Array(other));
    }
    assertEquals(pool.freeBytes, size + SPARE);
  }
  const pool = new LendingPool();
  for (const size of [1, SPARE, 2 * KIB + SPARE, 4 * KIB + SPARE - 1]) {
    pool.takeBack(new Uint8Array(size));
  }
  assertEquals(pool.freeBytes, 0);
});

Deno.test("what is lent tightly uses the bytes behind it, too", () => {
  const pool = new LendingPool();
  const cases: [bytes: number, size: number][] = [
    [0, 4 * KIB],
    [4 * KIB + SPARE, 4 * KIB],
    [4 * KIB + SPARE + 1, 8 * KIB],
    [256 * KIB + 30, 256 * KIB],
    [MIB + SPARE, MIB],
  ];
  for (const [bytes, size] of cases) {
    const lent = pool.lendTightly(bytes);
    assertEquals([lent.length, lent.buffer.byteLength], [bytes, size + SPARE], `for ${bytes}`);
    pool.takeBack(lent);
    assertEquals([lent.length, pool.freeBytes > 0], [0, true]);
  }
  for (const bytes of [2 * MIB, 2 * MIB + 1, 2 * MIB + SPARE, 2 * MIB + SPARE + 1]) {
    assertEquals(pool.lendTightly(bytes).length, bytes);
  }
});

Deno.test("memory of a size that nobody wants any more makes room for another", () => {
  const pool = new LendingPool();
  const keep = (bytes: number, count: number): void => {
    const lent = Array.from({ length: count }, () => pool.lend(bytes));
    for (const each of lent) pool.takeBack(each);
  };
  keep(4 * KIB, 3_000);
  const full = pool.freeBytes;
  assert(full > 8 * MIB - 8 * KIB && full <= 8 * MIB);
  // Half of the room is taken from it, and no more.
  keep(256 * KIB, 40);
  assert(pool.freeBytes <= 8 * MIB);
  for (const [bytes, most] of [[256 * KIB, 15], [4 * KIB, 1_054]] as const) {
    const before = pool.freeBytes, lent = Array.from({ length: 3_000 }, () => pool.lend(bytes));
    const kept = (before - pool.freeBytes) / (bytes + SPARE);
    assert(kept >= most && kept <= most + 10, `${kept} of ${bytes} bytes`);
    assertEquals(lent.length, 3_000);
  }
});

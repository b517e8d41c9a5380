import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "../../lib/wire/token_bucket.ts";

Deno.test("a bucket gives what it holds at once, then as much as comes", () => {
  const bucket = new TokenBucket(10, 2);
  for (let i = 0; i < 10; i++) assert(bucket.take(1, 1_000));
  assert(!bucket.take(1, 1_000));
  assertEquals(bucket.readyMs(1), 1_500);
  assert(!bucket.take(1, 1_499));
  assert(bucket.take(1, 1_500));
  assert(!bucket.take(1, 1_500));
});

Deno.test("a bucket holds no more than its size, however long nobody asks", () => {
  const bucket = new TokenBucket(3, 1_000);
  assert(bucket.take(3, 0));
  assert(!bucket.take(4, 1_000_000));
  assert(bucket.take(3, 1_000_000));
  assertEquals([bucket.readyMs(3), bucket.readyMs(4)], [1_000_003, Infinity]);
});

Deno.test("a bucket's time does not run back, and what it lacks by rounding it has", () => {
  const bucket = new TokenBucket(1, 3);
  assert(bucket.take(1, 500));
  assert(!bucket.take(1, 0));
  for (let i = 0, nowMs = 500; i < 10_000; i++) {
    nowMs = bucket.readyMs(1);
    assert(bucket.take(1, nowMs), `at ${nowMs}`);
  }
});

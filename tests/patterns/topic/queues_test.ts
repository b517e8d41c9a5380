/** Queues of a topic: runs of messages, at the publisher and where they arrive. */

import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { FrameCache } from "../../../lib/patterns/topic/frame_cache.ts";
import { FrameQueue } from "../../../lib/patterns/topic/frame_queue.ts";
import { MessageSlab } from "../../../lib/patterns/topic/message_slab.ts";
import { ReadQueue } from "../../../lib/patterns/topic/read_queue.ts";
import { resolveTopic } from "../../../lib/patterns/topic/topic_options.ts";

const HEAD_BYTES = 9;
const FAILED = (): unknown => new Error("too slow");

function read(settings = {}): ReadQueue<{ readonly at: number; readonly size: number }> {
  return new ReadQueue(resolveTopic(settings), () => {});
}

function items(from: number, to: number): { readonly at: number; readonly size: number }[] {
  return Array.from({ length: to - from + 1 }, (_, nth) => ({ at: from + nth, size: 10 }));
}

Deno.test("a publisher's queue that drops the oldest drops one message of a frame, short or long", () => {
  const slab = new MessageSlab(t.string()), settings = resolveTopic({ maxQueued: 3 });
  const limits = { messages: 3, bytes: 8_000 }, frames = new FrameCache();
  const queue = new FrameQueue<string>(limits, frames, settings, FAILED, () => {});
  const words = ["a", "b".repeat(40), "c".repeat(5_000), "d", "e", "f"];
  const sizes: number[] = [];
  for (const [nth, value] of words.entries()) {
    const { bytes, start, end } = slab.encode(value);
    sizes.push(end - start);
    queue.push({ value, at: nth + 1, bytes, start, end, size: end - start }, false);
  }
  assertEquals([queue.length, queue.dropped], [3, 3]);
  assertEquals(queue.bytes, sizes[3]! + sizes[4]! + sizes[5]!);
  const bytes = queue.bytes, frame = queue.take()!;
  assertEquals([frame[8], frame.length], [4, bytes + HEAD_BYTES]);
  assertEquals([queue.length, queue.bytes, queue.take()], [0, 0, null]);
});

Deno.test("a frame of which the oldest messages were dropped begins with the first that is left", () => {
  const slab = new MessageSlab(t.string()), settings = resolveTopic({ maxQueued: 4 });
  const limits = { messages: 2, bytes: 8_000 }, cache = new FrameCache();
  const queue = new FrameQueue<string>(limits, cache, settings, FAILED, () => {});
  for (let at = 1; at <= 5; at++) {
    const { bytes, start, end } = slab.encode("x".repeat(at * 50));
    queue.push({ value: "", at, bytes, start, end, size: end - start }, false);
  }
  const frames = [queue.take()!, queue.take()!, queue.take()!];
  assertEquals(frames.map((frame) => [frame[8], frame.length - HEAD_BYTES]), [[2, 104], [3, 358], [
    5,
    254,
  ]]);
});

Deno.test("a subscription's queue gives what came together or one by one in order, and counts it", async () => {
  const queue = read(), waiting = [queue.next(), queue.next()];
  queue.pushAll(items(1, 4), 40);
  for (const [nth, next] of waiting.entries()) assertEquals((await next).value!.at, nth + 1);
  assertEquals([queue.length, queue.bytes], [2, 20]);
  queue.push({ at: 5, size: 7 });
  queue.pushAll(items(6, 7), 20);
  assertEquals((await queue.next()).value!.at, 3);
  assertEquals([queue.length, queue.bytes], [4, 37]);
  assertEquals(queue.takeAll()!.map(({ at }) => at), [4, 5, 6, 7]);
  assertEquals([queue.length, queue.bytes, queue.takeAll()], [0, 0, null]);
  for (let at = 1; at <= 600; at++) queue.push({ at, size: 1 });
  for (let at = 1; at <= 300; at++) assertEquals((await queue.next()).value!.at, at);
  assertEquals(queue.takeAll()!.map(({ at }) => at), items(301, 600).map(({ at }) => at));
});

Deno.test("a subscription's queue that drops the oldest drops what is not read of what came together", async () => {
  const queue = read({ maxQueued: 4 });
  queue.pushAll(items(1, 4), 40);
  assertEquals((await queue.next()).value!.at, 1);
  for (const item of items(5, 7)) queue.push(item);
  assertEquals([queue.dropped, queue.length, queue.bytes], [2, 4, 40]);
  assertEquals(queue.takeAll()!.map(({ at }) => at), [4, 5, 6, 7]);
});

Deno.test("there is room for a frame when all of it fits, or half of the queue is free", async () => {
  const queue = read({ maxQueued: 8, slow: "backpressure" });
  queue.pushAll(items(1, 6), 60);
  assertEquals([queue.hasRoom, queue.hasRoomFor(2), queue.hasRoomFor(3)], [true, true, false]);
  assertEquals([queue.fitting(2, 20), queue.fitting(5, 50)], [2, 2]);
  let rooms = 0;
  void queue.room(100).then(() => rooms++);
  await queue.next();
  await Promise.resolve();
  assertEquals(rooms, 0);
  await queue.next();
  await Promise.resolve();
  assertEquals([rooms, queue.length], [1, 4]);
});

Deno.test("all that waits is taken together however many frames it came in", () => {
  const count = 150_000, queue = read({ maxQueued: count });
  for (let at = 1; at <= count; at++) queue.pushAll(items(at, at), 10);
  const all = queue.takeAll()!;
  assertEquals([all.length, all[0]!.at, all.at(-1)!.at], [count, 1, count]);
  assertEquals([queue.length, queue.bytes, queue.takeAll()], [0, 0, null]);
});

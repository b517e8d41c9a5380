/** What of a topic leaves together. */

import { assert, assertEquals } from "@std/assert";
import { FrameCache } from "../../../lib/patterns/topic/frame_cache.ts";
import type { PublishedMessage } from "../../../lib/patterns/topic/frame_queue.ts";
import { Outlet } from "../../../lib/patterns/topic/outlet.ts";
import { helloFrame } from "../../../lib/patterns/topic/topic_frame.ts";
import { resolveTopic, type TopicOptions } from "../../../lib/patterns/topic/topic_options.ts";

/** The kind, and the number of the first message. */
const HEAD_BYTES = 9;

/** The frames of an outlet, of messages that lie side by side. */
class Reading {
  /** How many messages each frame had that came at once. */
  readonly atOnce: number[] = [];
  isHeld = false;
  readonly outlet: Outlet<null>;
  readonly #size: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #published = 0;
  #awaited: Promise<IteratorResult<Uint8Array>> | null = null;

  constructor(size: number, options: TopicOptions = {}) {
    this.#size = size;
    this.#bytes = new Uint8Array(size * 2_000);
    this.outlet = new Outlet({
      host: "tcp://other",
      hello: helloFrame(new Uint8Array(8), 0, 0),
      isAlone: false,
      frames: new FrameCache(),
      settings: resolveTopic(options),
      closing: new AbortController().signal,
      onHold: () => this.isHeld = true,
      onEnd: () => {},
    });
  }

  publish(count: number): void {
    for (; count > 0; count--) {
      const start = this.#published * this.#size, end = start + this.#size;
      const message: PublishedMessage<null> = {
        value: null,
        at: ++this.#published,
        bytes: this.#bytes,
        start,
        end,
        size: this.#size,
      };
      this.outlet.push(message);
    }
  }

  /** Reads until a frame is awaited; the one that was awaited comes first. */
  async read(): Promise<void> {
    if (this.#awaited !== null) this.#count(await this.#awaited);
    for (;;) {
      const next = this.outlet.next();
      if (next instanceof Promise) return void (this.#awaited = next);
      this.#count(next);
    }
  }

  #count({ value }: IteratorResult<Uint8Array>): void {
    this.atOnce.push((value.length - HEAD_BYTES) / this.#size);
  }
}

async function begun(size: number, options?: TopicOptions): Promise<Reading> {
  const reading = new Reading(size, options);
  const { value } = await reading.outlet.next();
  assertEquals(value, helloFrame(new Uint8Array(8), 0, 0), "a greeting comes first");
  return reading;
}

Deno.test("the first message of a turn leaves at once, those behind it at its end", async () => {
  const reading = await begun(100);
  reading.publish(1);
  await reading.read();
  assertEquals([reading.atOnce, reading.isHeld], [[1], true]);
  reading.publish(50);
  reading.outlet.goOn();
  await reading.read();
  assertEquals(reading.atOnce, [1, 50]);
});

Deno.test("many messages of a turn leave as whole frames without a wait, and the rest at its end", async () => {
  const reading = await begun(100);
  reading.publish(1);
  await reading.read();
  reading.publish(511);
  assertEquals(reading.atOnce, [1]);
  // 60,000 bytes, or as here 512 messages.
  reading.publish(1);
  await reading.read();
  assertEquals(reading.atOnce.splice(1), [512]);
  reading.publish(40);
  reading.outlet.goOn();
  await reading.read();
  assertEquals(reading.atOnce.splice(1), [40]);
  const long = await begun(1_000);
  long.publish(1);
  await long.read();
  long.publish(150);
  await long.read();
  assertEquals(long.atOnce.splice(1), [60, 60]);
  long.outlet.goOn();
  await long.read();
  assertEquals(long.atOnce.splice(1), [30]);
});

Deno.test("nodes that get the same messages together share their frame", () => {
  const frames = new FrameCache(), bytes = Uint8Array.of(4, 1, 4, 2);
  const frame = frames.frameOf({ bytes, position: 0, end: 4, at: 7 });
  assertEquals(frame, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 7, 4, 1, 4, 2));
  assert(frames.frameOf({ bytes, position: 0, end: 4, at: 7 }) === frame);
  assertEquals(frames.frameOf({ bytes, position: 0, end: 2, at: 7 }).length, 11);
  assertEquals(frames.frameOf({ bytes, position: 2, end: 4, at: 8 }).length, 11);
  frames.clear();
  assert(frames.frameOf({ bytes, position: 0, end: 4, at: 7 }) !== frame);
});

Deno.test("a small queue does not wait for a burst that it cannot hold", async () => {
  const reading = await begun(1_000, { maxQueuedBytes: 16_000, slow: "disconnect" });
  reading.publish(1);
  await reading.read();
  reading.publish(8);
  await reading.read();
  assertEquals([reading.atOnce, reading.outlet.queue.dropped], [[1, 8], 0]);
  const few = await begun(100, { maxQueued: 10, slow: "disconnect" });
  few.publish(1);
  await few.read();
  few.publish(5);
  await few.read();
  assertEquals(few.atOnce, [1, 5]);
});

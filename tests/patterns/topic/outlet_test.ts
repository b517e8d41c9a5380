/** What of a topic leaves together. */

import { assert, assertEquals } from "@std/assert";
import type { PublishedMessage } from "../../../lib/patterns/topic/frame_queue.ts";
import { Outlet } from "../../../lib/patterns/topic/outlet.ts";
import { helloFrame, type TopicFrame } from "../../../lib/patterns/topic/topic_frame.ts";
import { resolveTopic, type TopicOptions } from "../../../lib/patterns/topic/topic_options.ts";

/** The frames of an outlet, of messages that lie side by side. */
class Reading {
  /** How many messages each frame had that came at once. */
  readonly atOnce: number[] = [];
  isHeld = false;
  readonly outlet: Outlet<null>;
  readonly #size: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #published = 0;
  #awaited: Promise<IteratorResult<TopicFrame<null>>> | null = null;

  constructor(size: number, options: TopicOptions = {}) {
    this.#size = size;
    this.#bytes = new Uint8Array(size * 2_000);
    this.outlet = new Outlet({
      host: "tcp://other",
      hello: helloFrame(new Uint8Array(8), 0, 0),
      isAlone: false,
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

  #count({ value }: IteratorResult<TopicFrame<null>>): void {
    this.atOnce.push(value.bytes.length / this.#size);
  }
}

async function begun(size: number, options?: TopicOptions): Promise<Reading> {
  const reading = new Reading(size, options);
  const { value } = await reading.outlet.next();
  assert(value?.life !== null, "a greeting comes first");
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

Deno.test("many messages of a turn leave as whole frames, one behind the other without a wait, and the rest at its end", async () => {
  const reading = await begun(100);
  reading.publish(1);
  await reading.read();
  reading.publish(399);
  assertEquals(reading.atOnce, [1]);
  // 56,000 bytes, or as here 400 messages.
  reading.publish(1);
  await reading.read();
  assertEquals(reading.atOnce.splice(1), [80, 80, 80, 80, 80]);
  reading.publish(240);
  reading.outlet.goOn();
  await reading.read();
  assertEquals(reading.atOnce.splice(1), [80]);
  reading.publish(399 - 160);
  assertEquals(reading.atOnce.splice(1), []);
  reading.publish(1);
  await reading.read();
  assertEquals(reading.atOnce.splice(1), [80, 80, 80, 80, 80]);
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

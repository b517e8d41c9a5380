import { assertEquals } from "@std/assert";
import { EventQueue } from "../../lib/testing/time/event_queue.ts";
import { runSeeded } from "../../lib/testing/mod.ts";

/** The same by sorting: slow, and easy to believe. */
class NaiveQueue {
  now = 0;
  events: { id: number; time: number; sequence: number }[] = [];
  #sequence = 0;

  schedule(id: number, delayMs: number): void {
    this.events.push({ id, time: this.now + delayMs, sequence: this.#sequence++ });
  }

  cancel(id: number): void {
    this.events = this.events.filter((event) => event.id !== id);
  }

  runNext(): number | undefined {
    this.events.sort((x, y) => x.time - y.time || x.sequence - y.sequence);
    const next = this.events.shift();
    if (next !== undefined) this.now = next.time;
    return next?.id;
  }
}

Deno.test("the heap does what a sorted list does", async () => {
  await runSeeded(undefined, (random) => {
    const queue = new EventQueue(0), naive = new NaiveQueue();
    const timers: number[] = [];
    let ran: number | undefined;
    for (let step = 0; step < 20_000; step++) {
      const choice = random.next();
      if (choice < 0.5) {
        const id = timers.length, delayMs = random.int(0, random.chance(0.5) ? 50 : 500);
        timers.push(queue.schedule(delayMs, () => ran = id, null, false));
        naive.schedule(id, delayMs);
      } else if (choice < 0.7 && timers.length > 0) {
        // Often one that is gone already, whose slot somebody else has.
        const id = random.int(0, timers.length - 1);
        queue.cancel(timers[id]!);
        naive.cancel(id);
      } else {
        ran = undefined;
        queue.runNext();
        assertEquals(ran, naive.runNext());
        assertEquals(queue.now, naive.now);
      }
      assertEquals(queue.size, naive.events.length);
    }
    return Promise.resolve();
  });
});

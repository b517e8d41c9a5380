import { assertEquals } from "@std/assert";
import { Fifo } from "../../lib/wire/fifo.ts";
import { isCollected } from "./collected.ts";
import { seeded } from "../support/seeded.ts";

Deno.test("a queue does what an array does", () => {
  const random = seeded("fifo");
  for (let run = 0; run < 100; run++) {
    const fifo = new Fifo<number>(), twin: number[] = [];
    const pushes = random.float(0.3, 0.7);
    for (let step = 0; step < 300; step++) {
      const draw = random.next();
      if (draw < pushes) {
        const item = random.int(0, 20);
        fifo.push(item);
        twin.push(item);
      } else if (draw < 0.95) {
        assertEquals(fifo.shift(), twin.shift());
      } else if (draw < 0.99) {
        const item = random.int(0, 20), at = twin.indexOf(item);
        assertEquals(fifo.remove(item), at >= 0);
        if (at >= 0) twin.splice(at, 1);
      } else {
        fifo.clear();
        twin.length = 0;
      }
      assertEquals(fifo.length, twin.length);
      assertEquals(fifo.peek(), twin[0]);
      if (step % 16 === 0) assertEquals([...fifo], twin);
    }
    while (twin.length > 0) assertEquals(fifo.shift(), twin.shift());
    assertEquals(fifo.shift(), undefined);
  }
});

/** Puts an object that nobody else has into a queue, among others. */
function pushOne(fifo: Fifo<object>): WeakRef<object> {
  const item = {};
  fifo.push({});
  fifo.push(item);
  fifo.push({});
  return new WeakRef(item);
}

/** In a function of its own, as an asynchronous one may hold on to what it has seen. */
function shiftTwo(fifo: Fifo<object>): void {
  fifo.shift();
  fifo.shift();
}

Deno.test("a queue does not keep what has left it", async () => {
  const fifo = new Fifo<object>(), ref = pushOne(fifo);
  shiftTwo(fifo);
  assertEquals([fifo.length, await isCollected(ref)], [1, true]);
});

Deno.test("a queue does not keep what it was told to forget", async () => {
  const fifo = new Fifo<object>(), ref = pushOne(fifo);
  fifo.clear();
  assertEquals([fifo.length, fifo.peek(), await isCollected(ref)], [0, undefined, true]);
});

import { assertEquals } from "@std/assert";
import { Fifo } from "../../lib/wire/fifo.ts";
import { seeded } from "./seeded.ts";

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
    }
    while (twin.length > 0) assertEquals(fifo.shift(), twin.shift());
    assertEquals(fifo.shift(), undefined);
  }
});

Deno.test("a queue does not keep what has left it", () => {
  const fifo = new Fifo<object>();
  for (let n = 0; n < 10; n++) fifo.push({});
  for (let n = 0; n < 10; n++) fifo.shift();
  assertEquals([fifo.length, fifo.peek()], [0, undefined]);
});

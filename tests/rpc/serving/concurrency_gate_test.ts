import { assertEquals } from "@std/assert";
import { ConcurrencyGate } from "../../../lib/rpc/serving/concurrency_gate.ts";

Deno.test("so many enter, so many wait in order, and each place is given on", () => {
  const gate = new ConcurrencyGate(2, 3), started: string[] = [];
  const waiting = (name: string, wanted = true) => ({
    wanted: () => wanted,
    start: () => void started.push(name),
  });
  assertEquals([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()], [true, true, false]);
  assertEquals(["a", "b", "c", "d"].map((name) => gate.wait(waiting(name))), [
    true,
    true,
    true,
    false,
  ]);
  gate.leave();
  assertEquals(started, ["a"]);
  assertEquals(gate.tryEnter(), false);
  gate.leave();
  gate.leave();
  assertEquals(started, ["a", "b", "c"]);
  gate.leave();
  gate.leave();
  assertEquals([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()], [true, true, false]);
});

Deno.test("a waiting call that no longer wants its slot is skipped and leaves the queue", () => {
  const gate = new ConcurrencyGate(1, 2), started: string[] = [];
  const wanted = new Set(["a", "b", "c"]);
  const waiting = (name: string) => ({
    wanted: () => wanted.has(name),
    start: () => void started.push(name),
  });
  assertEquals(gate.tryEnter(), true);
  assertEquals([gate.wait(waiting("a")), gate.wait(waiting("b"))], [true, true]);
  wanted.delete("a");
  assertEquals([gate.wait(waiting("c")), gate.wait(waiting("d"))], [true, false]);
  wanted.delete("b");
  gate.leave();
  assertEquals(started, ["c"]);
  gate.leave();
  assertEquals(gate.tryEnter(), true);
});

Deno.test("with a queue of 0, a call without a free slot is refused", () => {
  const gate = new ConcurrencyGate(1, 0);
  assertEquals(gate.tryEnter(), true);
  assertEquals(gate.wait({ wanted: () => true, start: () => {} }), false);
});

Deno.test("any number of waiting calls that end at once do not overflow the stack", () => {
  const waiting = 30_000;
  const gate = new ConcurrencyGate(2, waiting), started: number[] = [];
  assertEquals([gate.tryEnter(), gate.tryEnter()], [true, true]);
  for (let index = 0; index < waiting; index++) {
    gate.wait({
      wanted: () => true,
      start: () => {
        started.push(index);
        gate.leave();
      },
    });
  }
  gate.leave();
  assertEquals(started, Array.from({ length: waiting }, (_, index) => index));
  assertEquals([gate.tryEnter(), gate.tryEnter()], [true, false]);
});

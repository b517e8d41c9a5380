import { assertEquals } from "@std/assert";
import { ConcurrencyGate } from "../../../lib/rpc/admission/concurrency_gate.ts";
import { Priority } from "../../../lib/session/frames/priority.ts";
import { Door } from "./door.ts";
import { TestCall } from "./test_call.ts";

const { high, normal, low } = Priority;

Deno.test("so many enter, so many wait in order, and each place is given on", () => {
  const door = new Door(new ConcurrencyGate(2, 3)), { gate } = door;
  for (const name of ["1", "2", "a", "b", "c", "d"]) door.come(name);
  assertEquals(door.news(), "1, 2, d refused");
  assertEquals([gate.running, gate.waiting], [2, 3]);
  gate.leave(true);
  assertEquals(door.news(), "a");
  gate.leave(true);
  gate.leave(false);
  assertEquals(door.news(), "b, c");
  gate.leave(true);
  gate.leave(true);
  for (const name of ["3", "4", "e"]) door.come(name);
  assertEquals(door.news(), "3, 4");
  assertEquals([gate.running, gate.waiting], [2, 1]);
});

Deno.test("a waiting call that no longer wants its slot is skipped and leaves the queue", () => {
  const door = new Door(new ConcurrencyGate(1, 2)), { gate } = door;
  const calls = ["1", "a", "b"].map((name) => door.come(name));
  gate.forget(calls[1]!);
  gate.forget(calls[1]!);
  assertEquals(gate.waiting, 1);
  door.come("c");
  door.come("d");
  gate.forget(calls[2]!);
  gate.leave(true);
  assertEquals(door.news(), "1, d refused, c");
  gate.leave(true);
  door.come("e");
  assertEquals(door.news(), "e");
});

Deno.test("with a queue of 0, a call without a free slot is refused, however urgent", () => {
  const door = new Door(new ConcurrencyGate(1, 0));
  door.come("1");
  for (const priority of [high, normal, low]) door.come("x", priority);
  assertEquals(door.news(), "1, x refused, x refused, x refused");
});

Deno.test("any number of waiting calls that end at once do not overflow the stack", () => {
  const waiting = 30_000;
  const gate = new ConcurrencyGate(2, waiting), started: number[] = [];
  assertEquals([gate.tryEnter(0), gate.tryEnter(0)], [true, true]);
  for (let index = 0; index < waiting; index++) {
    gate.wait(
      new TestCall(normal, 0, () => {
        started.push(index);
        gate.leave(true);
      }),
    );
  }
  gate.leave(true);
  assertEquals(started, Array.from({ length: waiting }, (_, index) => index));
  assertEquals([gate.tryEnter(0), gate.tryEnter(0)], [true, false]);
});

Deno.test("cancelled calls take no room, however many there were", () => {
  const door = new Door(new ConcurrencyGate(1, 2)), { gate } = door;
  door.come("1");
  for (let round = 0; round < 1_000; round++) gate.forget(door.come("x")!);
  door.come("a");
  door.come("b");
  door.come("c");
  assertEquals(door.news(), "1, c refused");
  gate.leave(true);
  assertEquals(door.news(), "a");
});

Deno.test("urgent calls begin first, and one of nine is another so that none waits for ever", () => {
  const door = new Door(new ConcurrencyGate(1, 100)), { gate } = door;
  door.come("1");
  door.come("low", low);
  door.come("normal");
  for (let index = 0; index < 20; index++) door.come("h", high);
  door.news();
  for (let index = 0; index < 12; index++) gate.leave(true);
  assertEquals(door.news(), "h, h, h, h, h, h, h, h, low, normal, h, h");
});

Deno.test("a full queue takes urgent calls in place of the newest of the least urgent", () => {
  const door = new Door(new ConcurrencyGate(1, 4)), { gate } = door;
  for (const name of ["1", "a", "b"]) door.come(name);
  door.come("low", low);
  door.come("c");
  door.come("d");
  assertEquals(door.news(), "1, d refused");
  door.come("h1", high);
  door.come("h2", high);
  door.come("h3", high);
  door.come("h4", high);
  door.come("h5", high);
  assertEquals(
    door.news(),
    "low refused, c refused, b refused, a refused, h5 refused",
  );
  assertEquals(gate.waiting, 4);
});

Deno.test("calls of low priority take half of the queue, and one of them always may wait", () => {
  const door = new Door(new ConcurrencyGate(1, 4));
  door.come("1");
  for (const name of ["l1", "l2", "l3"]) door.come(name, low);
  assertEquals(door.news(), "1, l3 refused");
  const busy = new Door(new ConcurrencyGate(1, 4));
  for (const name of ["1", "a", "b", "c", "d"]) busy.come(name);
  busy.come("l1", low);
  busy.come("l2", low);
  assertEquals(busy.news(), "1, l2 refused");
  for (let index = 0; index < 5; index++) busy.gate.leave(true);
  assertEquals(busy.news(), "a, b, c, d, l1");
});

Deno.test("urgent calls take no more than the queue, and leave the one of low priority beyond it", () => {
  const door = new Door(new ConcurrencyGate(1, 2)), { gate } = door;
  for (const name of ["1", "a", "b"]) door.come(name);
  door.come("low", low);
  assertEquals([door.news(), gate.waiting], ["1", 3]);
  for (let round = 0; round < 10; round++) {
    door.come("h", high);
    door.come("l", low);
  }
  assertEquals(gate.waiting, 3);
  assertEquals(
    door.news().split(", ").slice(0, 5),
    ["b refused", "l refused", "a refused", "l refused", "h refused"],
  );
  for (let index = 0; index < 3; index++) gate.leave(true);
  assertEquals(door.news(), "h, h, low");
});

Deno.test("waiting calls that were cancelled count for no priority", () => {
  const door = new Door(new ConcurrencyGate(1, 2)), { gate } = door;
  door.come("1");
  door.come("a");
  gate.forget(door.come("b", high)!);
  gate.forget(door.come("c", low)!);
  door.come("d", high);
  door.come("e", low);
  assertEquals([door.news(), gate.waiting], ["1", 3]);
  door.come("f", high);
  door.come("g", high);
  assertEquals(door.news(), "a refused, g refused");
  for (let index = 0; index < 3; index++) gate.leave(true);
  assertEquals(door.news(), "d, f, e");
});

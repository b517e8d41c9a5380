import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";

Deno.test("timers fire in the order of their times, then of their making", async () => {
  const clock = new VirtualClock({ startMs: 5 });
  const fired: string[] = [];
  const log = (name: string) => () => void fired.push(`${name}@${clock.now()}`);
  clock.setTimer(20, log("late"));
  clock.setTimer(10, log("first"));
  clock.setTimer(10, log("second"));
  clock.defer(log("deferred"));
  clock.setTimer(-3, log("past"));
  await clock.advance(15);
  assertEquals(fired, ["deferred@5", "past@5", "first@15", "second@15"]);
  assertEquals(clock.now(), 20);
  await clock.advance(5);
  assertEquals(fired.at(-1), "late@25");
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("a callback never runs before setTimer returns, nor while nobody lets time pass", async () => {
  const clock = new VirtualClock();
  let fired = false;
  clock.setTimer(0, () => fired = true);
  await Promise.resolve();
  assert(!fired);
  await clock.settle();
  assert(fired);
});

Deno.test("all promise reactions run between two events, however long their chain", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  clock.setTimer(1, async () => {
    for (let hop = 0; hop < 5_000; hop++) await undefined;
    order.push("reactions of the first");
  });
  clock.setTimer(1, () => void order.push("second"));
  await clock.advance(1);
  assertEquals(order, ["reactions of the first", "second"]);
});

Deno.test("advance runs what is due at its very end, made meanwhile too", async () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  clock.setTimer(10, () => clock.defer(() => clock.defer(() => fired.push(clock.elapsedMs))));
  clock.setTimer(10.5, () => fired.push(clock.elapsedMs));
  await clock.advance(10);
  assertEquals(fired, [10]);
  assertEquals(clock.elapsedMs, 10);
});

Deno.test("a cleared timer does not fire; clearing again, or one that fired, is harmless", async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const gone = clock.setTimer(1, () => void fired.push("gone"));
  const kept = clock.setTimer(1, () => void fired.push("kept"));
  clock.clearTimer(gone);
  clock.clearTimer(gone);
  const reused = clock.setTimer(1, () => void fired.push("reused"));
  clock.clearTimer(gone);
  await clock.advance(1);
  clock.clearTimer(kept);
  clock.clearTimer(reused);
  assertEquals(fired, ["kept", "reused"]);
});

Deno.test("a timer is never early, and deadlines summed from fractions are met", async () => {
  const clock = new VirtualClock();
  for (const delayMs of [0.1, 1 / 3, 7.0001, 1e-9, 12_345.678]) {
    const deadline = clock.now() + delayMs;
    let firedAt = 0;
    clock.setTimer(delayMs, () => firedAt = clock.now());
    await clock.runUntil(() => firedAt > 0, delayMs + 1);
    assert(firedAt >= deadline, `${delayMs} ms: ${firedAt} is before ${deadline}`);
    assert(firedAt < deadline + 0.002);
  }
});

Deno.test("delays that a real clock would misread are refused", () => {
  const clock = new VirtualClock();
  for (const delayMs of [NaN, Infinity]) {
    assertThrows(() => clock.setTimer(delayMs, () => {}), InternodeError, "finite");
    assertThrows(() => clock.view().setTimer(delayMs, () => {}), InternodeError, "finite");
  }
});

Deno.test("wall time starts at its epoch and counts whole milliseconds", async () => {
  const clock = new VirtualClock({ epochMs: 1_000 });
  assertEquals(clock.wallNow(), 1_000);
  await clock.advance(2.75);
  assertEquals(clock.wallNow(), 1_002);
});

Deno.test("runUntil stops at the event that fulfils it, and names its limit otherwise", async () => {
  const clock = new VirtualClock();
  let count = 0;
  for (let at = 1; at <= 5; at++) clock.setTimer(at, () => count++);
  await clock.runUntil(() => count === 3, 100);
  assertEquals([count, clock.elapsedMs], [3, 3]);
  const pending = await assertRejects(
    () => clock.runUntil(() => count === 9, 1.5, "the ninth"),
    InternodeError,
    "After 1.5 ms of virtual time the ninth had not come about. 1 events are still to happen.",
  );
  assertEquals(pending.code, "DeadlineExceeded");
  assertEquals([count, clock.elapsedMs], [4, 4.5]);
  await assertRejects(() => clock.runUntil(() => false, 100), InternodeError, "Nothing is left");
});

Deno.test("complete returns what a promise resolves to, or throws what it rejects with", async () => {
  const clock = new VirtualClock();
  const later = (act: (resolve: (n: number) => void, reject: (e: Error) => void) => void) =>
    new Promise<number>((resolve, reject) => clock.setTimer(50, () => act(resolve, reject)));
  assertEquals(await clock.complete(later((resolve) => resolve(7))), 7);
  await assertRejects(
    () => clock.complete(later((_, reject) => reject(new Error("no")))),
    Error,
    "no",
  );
  await assertRejects(
    () => clock.complete(new Promise(() => {}), 10),
    InternodeError,
    "After 10 ms",
  );
});

Deno.test("an async function under complete pauses by advance; two go side by side", async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  const walk = async (name: string, paceMs: number) => {
    for (let step = 0; step < 3; step++) {
      await clock.advance(paceMs);
      log.push(`${name} ${clock.elapsedMs}`);
    }
  };
  await clock.complete(Promise.all([walk("slow", 30), walk("fast", 20)]));
  assertEquals(log, ["fast 20", "slow 30", "fast 40", "slow 60", "fast 60", "slow 90"]);
});

Deno.test("an error in a callback reaches whoever waits, and the clock goes on afterwards", async () => {
  const clock = new VirtualClock();
  clock.setTimer(1, () => {
    throw new Error("a bug in a node");
  });
  await assertRejects(() => clock.advance(5), Error, "a bug in a node");
  let fired = false;
  clock.setTimer(1, () => fired = true);
  await clock.advance(1);
  assert(fired);
});

Deno.test("an endless loop without time passing is found", async () => {
  const clock = new VirtualClock({ maxEventsPerInstant: 1_000 });
  clock.defer(function again() {
    clock.defer(again);
  });
  await assertRejects(() => clock.advance(1), InternodeError, "without time moving");
});

Deno.test("time stands still while something real is held", async () => {
  const clock = new VirtualClock();
  let digestAtMs = -1;
  clock.setTimer(10, async () => {
    await clock.hold(crypto.subtle.digest("SHA-256", new Uint8Array(64)));
    digestAtMs = clock.elapsedMs;
  });
  clock.setTimer(11, () => {});
  await clock.advance(1_000);
  assertEquals(digestAtMs, 10);
});

Deno.test("a hundred thousand timers keep their order when half of them are cleared", async () => {
  const clock = new VirtualClock();
  const timers: number[] = [];
  let last = -1, count = 0;
  for (let index = 0; index < 100_000; index++) {
    const atMs = (index * 7_919) % 10_007;
    timers.push(clock.setTimer(atMs, () => {
      if (clock.now() < last) throw new Error("time went backwards");
      last = clock.now();
      count++;
    }));
  }
  for (let index = 0; index < timers.length; index += 2) clock.clearTimer(timers[index]!);
  assertEquals(clock.pendingEvents, 50_000);
  await clock.advance(10_007);
  assertEquals(count, 50_000);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";

Deno.test("a node's clock has its own start, wall offset and rate", async () => {
  const clock = new VirtualClock({ epochMs: 10_000 });
  const ahead = clock.view({ startMs: 3, wallOffsetMs: 500 });
  const fast = clock.view({ startMs: 0, rate: 1.25 });
  await clock.advance(100);
  assertEquals([ahead.now(), ahead.wallNow()], [103, 10_600]);
  assertEquals([fast.now(), fast.wallNow()], [125, 10_125]);
  assertThrows(() => clock.view({ rate: 0 }), InternodeError, "rate");
});

Deno.test("a timer of a fast or slow clock is never early by that clock", async () => {
  const clock = new VirtualClock();
  for (const rate of [1, 1.0001, 0.93, 1.7]) {
    const node = clock.view({ rate });
    for (const delayMs of [0.3, 1, 33.3, 10_000.1]) {
      const deadline = node.now() + delayMs;
      let firedAt = 0;
      node.setTimer(delayMs, () => firedAt = node.now());
      await clock.runUntil(() => firedAt > 0, 2 * delayMs + 1);
      assert(firedAt >= deadline, `rate ${rate}, ${delayMs} ms`);
      assert(firedAt < deadline + 0.01);
    }
  }
});

Deno.test("frozen, a node does nothing; thawed, overdue timers come before what arrived", async () => {
  const clock = new VirtualClock();
  const node = clock.view();
  const log: string[] = [];
  node.deliver(5, () => void log.push("arrived at 5"));
  node.setTimer(10, () => void log.push("due at 10"));
  node.setTimer(8, () => void log.push("due at 8"));
  const cleared = node.setTimer(9, () => void log.push("cleared"));
  node.setTimer(60, () => void log.push(`due at 60, seen at ${clock.elapsedMs}`));
  node.freeze();
  await clock.advance(50);
  assertEquals(log, []);
  assertEquals(node.pendingTimers, 4);
  node.clearTimer(cleared);
  node.thaw();
  await clock.settle();
  assertEquals(log, ["due at 8", "due at 10", "arrived at 5"]);
  await clock.advance(50);
  assertEquals(log.at(-1), "due at 60, seen at 60");
  assertEquals(node.pendingTimers, 0);
});

Deno.test("a node frozen again while it catches up keeps the rest for later", async () => {
  const clock = new VirtualClock();
  const node = clock.view();
  const log: number[] = [];
  node.setTimer(1, () => {
    log.push(1);
    node.freeze();
  });
  node.setTimer(2, () => void log.push(2));
  node.freeze();
  await clock.advance(10);
  node.thaw();
  await clock.advance(10);
  assertEquals(log, [1]);
  node.thaw();
  await clock.advance(10);
  assertEquals(log, [1, 2]);
});

Deno.test("nothing of a stopped node runs again, and others are not touched", async () => {
  const clock = new VirtualClock();
  const dead = clock.view(), other = clock.view();
  const log: string[] = [];
  for (const [name, node] of Object.entries({ dead, other })) {
    node.setTimer(5, () => void log.push(`${name} timer`));
    node.deliver(6, () => void log.push(`${name} delivery`));
  }
  dead.freeze();
  await clock.advance(5);
  dead.stop();
  dead.thaw();
  dead.clearTimer(dead.setTimer(1, () => void log.push("late timer")));
  dead.setTimer(1, () => void log.push("late timer"));
  dead.defer(() => void log.push("late defer"));
  await clock.advance(100);
  assertEquals(log, ["other timer", "other delivery"]);
  assertEquals([dead.pendingTimers, clock.pendingEvents], [0, 0]);
});

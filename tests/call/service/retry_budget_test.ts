import { assert, assertEquals, assertThrows } from "@std/assert";
import { RetryBudget } from "../../../lib/call/service/retry_budget.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { runSeeded } from "../../../lib/testing/mod.ts";

/** How many retries there are at once. */
function take(budget: RetryBudget, nowMs: number): number {
  let taken = 0;
  while (budget.tryRetry(nowMs)) taken++;
  return taken;
}

function call(budget: RetryBudget, nowMs: number, times: number): void {
  for (let nth = 0; nth < times; nth++) budget.onCall(nowMs);
}

Deno.test("without calls: 100 retries in 10 s, at once or one by one", () => {
  for (const startMs of [0, -5_000, 1e12]) {
    const budget = new RetryBudget();
    assertEquals(take(budget, startMs), 100);
    assertEquals(take(budget, startMs + 8_999), 0);
    assertEquals(take(budget, startMs + 10_000), 100);
  }
  const budget = new RetryBudget();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) assert(budget.tryRetry(nowMs), String(nowMs));
});

Deno.test("a fifth of the calls comes on top, for 9 to 10 s", () => {
  const budget = new RetryBudget();
  call(budget, 0, 1_000);
  assertEquals(take(budget, 1), 300);
  call(budget, 5_000, 500);
  assertEquals(take(budget, 5_001), 100);
  // The first calls are past, and so are their retries: 100 of the 500 were used.
  assertEquals(take(budget, 10_001), 100);
  assertEquals([take(budget, 15_001), take(budget, 20_001)], [0, 100]);
});

Deno.test("what calls earned is gone when they have been long ago", () => {
  const budget = new RetryBudget();
  call(budget, 0, 100_000);
  assertEquals(take(budget, 3_600_000), 100);
  call(budget, 3_600_000, 10);
  assertEquals(take(budget, 3_600_000), 2);
});

Deno.test("while every attempt fails, a high rate of calls makes little more than a fifth of it in retries", () => {
  const budget = new RetryBudget();
  let attempts = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs++) {
    for (let nth = 0; nth < 10; nth++) {
      budget.onCall(nowMs);
      attempts++;
      for (let retry = 1; retry < 4 && budget.tryRetry(nowMs); retry++) attempts++;
    }
  }
  // 10,000 calls a second: 12,010 attempts a second, with a few less as a window has 9.x of 10 slots.
  const perSecond = attempts / 60;
  assert(perSecond > 11_700 && perSecond <= 12_010, String(perSecond));
});

Deno.test("at a low rate every call may be tried three times more", () => {
  const budget = new RetryBudget();
  for (let nowMs = 0; nowMs < 120_000; nowMs += 500) {
    budget.onCall(nowMs);
    for (let retry = 1; retry < 4; retry++) assert(budget.tryRetry(nowMs), String(nowMs));
  }
});

Deno.test("at any rates, as a log of all calls and retries says", () =>
  runSeeded(undefined, async (random, run) => {
    await Promise.resolve();
    const ratio = random.float(0, 1), minPerSecond = random.int(0, 5);
    const windowMs = random.int(100, 2_000);
    run.note("options", { ratio, minPerSecond, windowMs });
    const budget = new RetryBudget({ ratio, minPerSecond, windowMs });
    const slotMs = windowMs / 10, reserve = minPerSecond * windowMs / 1_000;
    const calls: number[] = [], retries: number[] = [];
    const since = (log: number[], fromMs: number) => log.filter((atMs) => atMs > fromMs).length;
    for (let nowMs = 0, step = 0; step < 3_000; step++) {
      nowMs += random.chance(0.01) ? random.float(0, 2 * windowMs) : random.exponential(slotMs / 9);
      if (random.chance(0.6)) {
        budget.onCall(nowMs);
        calls.push(nowMs);
        continue;
      }
      // Of a slot that is partly in the window, calls and retries may count or not.
      const longMs = nowMs - windowMs - 1e-6, shortMs = nowMs - windowMs + slotMs + 1e-6;
      const most = ratio * since(calls, longMs) + reserve - since(retries, shortMs);
      const least = ratio * since(calls, shortMs) + reserve - since(retries, longMs);
      const granted = budget.tryRetry(nowMs);
      if (granted) assert(most >= 1, `granted at ${nowMs}, with ${most} left`);
      else assert(least < 1, `refused at ${nowMs}, with ${least} left`);
      if (granted) retries.push(nowMs);
    }
  }));

Deno.test("time that goes back counts as the present", () => {
  const budget = new RetryBudget();
  call(budget, 5_000, 500);
  call(budget, 1_000, 500);
  assertEquals(take(budget, 0), 300);
  assertEquals(take(budget, 14_000), 0);
  assertEquals(take(budget, 15_000), 100);
});

Deno.test("options: none at all, and what makes no sense", () => {
  assertEquals(take(new RetryBudget({ minPerSecond: 0 }), 0), 0);
  const proportional = new RetryBudget({ minPerSecond: 0, ratio: 0.5 });
  call(proportional, 0, 5);
  assertEquals(take(proportional, 0), 2);
  const cases = [{ ratio: -1 }, { ratio: NaN }, { minPerSecond: -1 }, { minPerSecond: Infinity }, {
    windowMs: 0,
  }, { windowMs: Infinity }];
  for (const options of cases) {
    const error = assertThrows(() => new RetryBudget(options), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assert(error.message.includes(`retryBudget.${Object.keys(options)[0]} must be a `));
  }
});

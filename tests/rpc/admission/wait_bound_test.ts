import { assert, assertEquals } from "@std/assert";
import { WaitBound } from "../../../lib/rpc/admission/wait_bound.ts";

/** Calls that wait begin every `paceMs`, from then on. */
function begin(bound: WaitBound, fromMs: number, forMs: number, paceMs: number): number {
  let nowMs = fromMs;
  while (nowMs < fromMs + forMs) bound.onBegin(nowMs += paceMs);
  return nowMs;
}

Deno.test("until it is known how fast calls begin, any number may wait", () => {
  const bound = new WaitBound(100);
  assertEquals(bound.most(0), Infinity);
  bound.onWait(0);
  bound.onBegin(5);
  assertEquals(bound.most(5), Infinity);
});

Deno.test("so many may wait as begin in the time allowed, and a quarter of them once calls have waited for that long without a break", () => {
  const bound = new WaitBound(100);
  bound.onWait(1_000);
  let nowMs = begin(bound, 1_000, 50, 2);
  assertEquals(bound.most(nowMs), 50);
  nowMs = begin(bound, nowMs, 52, 2);
  assertEquals(bound.most(nowMs), 12);
  bound.onEmpty();
  bound.onWait(nowMs + 1);
  assertEquals(bound.most(nowMs + 1), 50);
});

Deno.test("the bound follows the pace, and time in which none wait does not count", () => {
  const bound = new WaitBound(1_000);
  bound.onWait(0);
  begin(bound, 0, 50, 1);
  bound.onEmpty();
  bound.onWait(60_000);
  let nowMs = begin(bound, 60_000, 50, 1);
  assertEquals(bound.most(nowMs), 1_000);
  nowMs = begin(bound, nowMs, 170, 10);
  const most = bound.most(nowMs);
  assert(most >= 250 && most < 300, `${most}`);
});

Deno.test("a pause of the process does not look like a slow handler", () => {
  const bound = new WaitBound(200);
  bound.onWait(0);
  // The process stands still; then calls begin as fast as they usually do.
  bound.onBegin(99);
  assertEquals(bound.most(99), Infinity);
  let nowMs = begin(bound, 99, 20, 0.2);
  assert(bound.most(nowMs) >= 40, `${bound.most(nowMs)}`);
  nowMs = begin(bound, nowMs, 200, 0.2);
  bound.onEmpty();
  bound.onWait(1_000);
  bound.onBegin(1_099);
  assert(bound.most(1_099) >= 900, `${bound.most(1_099)}`);
});

Deno.test("one may always wait, however slow calls begin", () => {
  const bound = new WaitBound(100);
  bound.onWait(0);
  begin(bound, 0, 3_000, 1_000);
  assertEquals(bound.most(3_000), 1);
});

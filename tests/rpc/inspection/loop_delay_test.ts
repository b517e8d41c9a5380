import { assert, assertEquals } from "@std/assert";
import { LoopDelayMonitor } from "../../../lib/rpc/inspection/loop_delay.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { VirtualClock } from "../../../lib/testing/time/virtual_clock.ts";

const NONE = { looks: 0, meanMs: 0, p99Ms: 0, maxMs: 0, lastMs: 0 };

Deno.test("the event loop is looked at only while somebody asks", async () => {
  const clock = new VirtualClock();
  const monitor = new LoopDelayMonitor(clock);
  assertEquals(monitor.isRunning, false);
  assertEquals(monitor.read(), NONE);
  assertEquals(monitor.isRunning, true);

  await clock.advance(1_000);
  assertEquals(monitor.read(), { ...NONE, looks: 20 });
  await clock.advance(20_000);
  assertEquals(monitor.read().looks, 200, "the last ten seconds");

  await clock.advance(89_000);
  assertEquals(monitor.isRunning, true);
  monitor.read();
  await clock.advance(89_000);
  assertEquals(monitor.isRunning, true, "each question keeps it for 90 s more");
  await clock.advance(2_000);
  assertEquals(monitor.isRunning, false);
  assertEquals(monitor.read(), NONE, "what was long ago does not count");

  monitor.close();
  assertEquals(monitor.isRunning, false);
  monitor.read();
  assertEquals(monitor.isRunning, false, "closed for good");
});

Deno.test("how long the event loop was held up is seen", async () => {
  const monitor = new LoopDelayMonitor(systemClock);
  monitor.read();
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  while (monitor.read().looks === 0) {
    await new Promise((resolve) => systemClock.soon(resolve as () => void));
  }
  // On a busy machine there may have been a second look.
  const { looks, maxMs, lastMs, meanMs, p99Ms } = monitor.read();
  assert(looks >= 1 && maxMs >= 140, `${looks} ${maxMs}`);
  assert(lastMs <= maxMs && meanMs <= maxMs && p99Ms === maxMs);
  monitor.close();
});

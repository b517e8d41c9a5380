/** What of failures that repeat themselves is told. @module */

import { assertEquals } from "@std/assert";
import { Outage } from "../../../lib/rpc/connecting/outage.ts";

/** A time that is set by hand, and an outage that is over after 4 s. */
function scene(): { time: { nowMs: number; now(): number }; outage: Outage } {
  const time = {
    nowMs: 0,
    now(): number {
      return this.nowMs;
    },
  };
  return { time, outage: new Outage(time, 4_000) };
}

Deno.test("the first failure is told, further ones in sums that come less and less often, then the recovery", () => {
  const { time, outage } = scene();
  const told: string[] = [];
  for (; time.nowMs < 200_000; time.nowMs += 1_000) {
    const sum = outage.onFailure("Unreachable");
    if (sum !== null) told.push(`${time.nowMs}: ${sum.count} in ${sum.forMs}`);
  }
  assertEquals(told, ["0: 1 in 0", "60000: 60 in 60000", "180000: 120 in 180000"]);
  assertEquals(outage.onSuccess(), { count: 200, forMs: 200_000 });
});

Deno.test("a failure of another kind is told at once, and each kind only once", () => {
  const { outage } = scene();
  const isTold = ["Unreachable", "PermissionDenied", "Unreachable", "PermissionDenied"]
    .map((kind) => outage.onFailure(kind) !== null);
  assertEquals(isTold, [true, true, false, false]);
});

Deno.test("what succeeds and fails by turns is one outage, and what has lasted begins another", () => {
  const { time, outage } = scene();
  assertEquals(outage.onSuccess(), { count: 0, forMs: 0 });
  assertEquals(outage.onFailure("Disconnected"), { count: 1, forMs: 0 });
  time.nowMs = 1_000;
  assertEquals(outage.onSuccess(), { count: 1, forMs: 1_000 });
  assertEquals(outage.onFailure("Disconnected"), null);
  assertEquals(outage.onSuccess(), null);
  time.nowMs = 5_000;
  assertEquals(outage.onFailure("Disconnected"), { count: 1, forMs: 0 });
});

Deno.test("a success without a failure before is told as such each time", () => {
  const { time, outage } = scene();
  for (; time.nowMs < 10_000; time.nowMs += 1_000) {
    assertEquals(outage.onSuccess(), { count: 0, forMs: 0 });
  }
});

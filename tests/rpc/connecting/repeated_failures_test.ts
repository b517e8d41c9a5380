/** What is logged of repeated failures. @module */

import { assertEquals } from "@std/assert";
import { RepeatedFailures } from "../../../lib/rpc/connecting/repeated_failures.ts";

/** A time that is set by hand, and failures that are over after 4 s of success. */
function scene(): { time: { nowMs: number; now(): number }; failures: RepeatedFailures } {
  const time = {
    nowMs: 0,
    now(): number {
      return this.nowMs;
    },
  };
  return { time, failures: new RepeatedFailures(time, 4_000) };
}

Deno.test("the first failure is logged, further ones in summaries at growing intervals, then the recovery", () => {
  const { time, failures } = scene();
  const told: string[] = [];
  for (; time.nowMs < 200_000; time.nowMs += 1_000) {
    const sum = failures.onFailure("Unreachable");
    if (sum !== null) told.push(`${time.nowMs}: ${sum.count} in ${sum.forMs}`);
  }
  assertEquals(told, ["0: 1 in 0", "60000: 60 in 60000", "180000: 120 in 180000"]);
  assertEquals(failures.onSuccess(), { count: 200, forMs: 200_000 });
});

Deno.test("a failure of another kind is logged at once, and each kind only once", () => {
  const { failures } = scene();
  const isTold = ["Unreachable", "PermissionDenied", "Unreachable", "PermissionDenied"]
    .map((kind) => failures.onFailure(kind) !== null);
  assertEquals(isTold, [true, true, false, false]);
});

Deno.test("alternating success and failure is one series; a failure after a lasting success starts another", () => {
  const { time, failures } = scene();
  assertEquals(failures.onSuccess(), { count: 0, forMs: 0 });
  assertEquals(failures.onFailure("Disconnected"), { count: 1, forMs: 0 });
  time.nowMs = 1_000;
  assertEquals(failures.onSuccess(), { count: 1, forMs: 1_000 });
  assertEquals(failures.onFailure("Disconnected"), null);
  assertEquals(failures.onSuccess(), null);
  time.nowMs = 5_000;
  assertEquals(failures.onFailure("Disconnected"), { count: 1, forMs: 0 });
});

Deno.test("a success without a failure before it is logged each time with a count of 0", () => {
  const { time, failures } = scene();
  for (; time.nowMs < 10_000; time.nowMs += 1_000) {
    assertEquals(failures.onSuccess(), { count: 0, forMs: 0 });
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  OutlierDetector,
  type OutlierOptions,
  ReplicaHealth,
} from "../../../lib/call/service/outlier_detector.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { runSeeded } from "../../../lib/testing/mod.ts";

function group(count: number, options?: OutlierOptions, nowMs = 0) {
  const detector = new OutlierDetector(options);
  const all = Array.from({ length: count }, () => new ReplicaHealth(detector));
  for (const health of all) detector.join(health, nowMs);
  return { detector, all };
}

function fail(health: ReplicaHealth, nowMs: number, times: number): boolean[] {
  return Array.from({ length: times }, () => health.onFailure(nowMs));
}

Deno.test("five failures in a row set a replica aside for a second", () => {
  const { detector, all: [bad, good] } = group(2);
  assertEquals(detector.nextReturnMs(0), Infinity);
  assertEquals(fail(bad!, 100, 5), [false, false, false, false, true]);
  assertEquals([bad!.isSetAside(100), bad!.isSetAside(1_099)], [true, true]);
  assertEquals([bad!.isSetAside(1_100), good!.isSetAside(100)], [false, false]);
  assertEquals([detector.nextReturnMs(100), detector.nextReturnMs(1_100)], [1_100, Infinity]);
});

Deno.test("a success ends the run of failures", () => {
  const { all: [bad] } = group(2);
  for (let round = 0; round < 10; round++) {
    assertEquals(fail(bad!, round, 4).includes(true), false);
    bad!.onSuccess();
  }
  assertEquals(fail(bad!, 20, 5)[4], true);
});

Deno.test("whoever returns is set aside by its first failure, for longer and longer up to 30 s", () => {
  const { all: [bad] } = group(2);
  fail(bad!, 0, 5);
  for (let times = 2; times <= 40; times++) {
    const nowMs = bad!.returnsMs + 5;
    assertEquals(bad!.isSetAside(nowMs), false);
    assertEquals(bad!.onFailure(nowMs), true);
    assertEquals(bad!.returnsMs - nowMs, Math.min(times, 30) * 1_000);
  }
});

Deno.test("a success after the return ends the probation, and what was is forgiven with time", () => {
  const { all: [bad] } = group(2);
  const setAsideMs = (nowMs: number) => {
    while (!bad!.onFailure(nowMs));
    return bad!.returnsMs - nowMs;
  };
  assertEquals(setAsideMs(0), 1_000);
  assertEquals(setAsideMs(1_000), 2_000);
  bad!.onSuccess();
  assertEquals(fail(bad!, 3_001, 4), [false, false, false, false]);
  assertEquals(setAsideMs(3_002), 3_000);
  // 3 times so far: 30 s in use make 2 of them, so that the next is the third again.
  assertEquals(setAsideMs(6_002 + 30_000), 3_000);
  assertEquals(setAsideMs(39_002 + 89_999), 2_000);
  assertEquals(setAsideMs(1_000_000_000), 1_000);
});

Deno.test("failures while set aside change nothing", () => {
  const { all: [bad] } = group(2);
  fail(bad!, 0, 5);
  assertEquals(fail(bad!, 500, 50).includes(true), false);
  assertEquals(bad!.returnsMs, 1_000);
  assertEquals(bad!.onFailure(1_000), true);
});

Deno.test("never more than half are set aside, and never the last", () => {
  for (const [count, most] of [[1, 0], [2, 1], [3, 1], [4, 2], [7, 3], [10, 5]] as const) {
    const { all } = group(count);
    const set = all.filter((health) => fail(health, 0, 20).includes(true));
    assertEquals(set.length, most, `${count} replicas`);
    assertEquals(all.filter((health) => health.isSetAside(1)), set);
  }
});

Deno.test("one that the limit kept in use is set aside by a failure once there is room", () => {
  const { all: [first, second] } = group(2);
  fail(first!, 0, 5);
  assertEquals(fail(second!, 10, 9).includes(true), false);
  assertEquals(second!.onFailure(1_000), true);
  assertEquals([first!.isSetAside(1_000), second!.isSetAside(1_000)], [false, true]);
  assertEquals(first!.onFailure(1_001), false);
});

Deno.test("as others leave, those due first return; as they join, there is room again", () => {
  const { detector, all: [a, b, c, d] } = group(4);
  fail(a!, 0, 5);
  fail(b!, 100, 5);
  detector.leave(c!, 200);
  assertEquals([a!.isSetAside(200), b!.isSetAside(200)], [false, true]);
  assertEquals(detector.nextReturnMs(200), 1_100);
  detector.leave(d!, 300);
  assertEquals(b!.isSetAside(300), true);
  detector.leave(a!, 400);
  assertEquals(b!.isSetAside(400), false);
  assertEquals(detector.nextReturnMs(400), Infinity);
  detector.join(a!, 500);
  detector.join(a!, 500);
  assertEquals(a!.onFailure(500), true);
  assertEquals(b!.onFailure(500), false);
});

Deno.test("one that loses connection after connection is set aside between them", () => {
  const { detector, all: [flapping, other] } = group(2);
  let nowMs = 0;
  const lose = () => {
    nowMs += 10;
    detector.leave(flapping!, nowMs);
    const isSetAside = flapping!.onFailure(nowMs);
    detector.join(flapping!, nowMs + 5);
    return isSetAside;
  };
  assertEquals([lose(), lose(), lose(), lose(), lose()], [false, false, false, false, true]);
  assertEquals(flapping!.isSetAside(nowMs + 5), true);
  detector.leave(other!, nowMs + 10);
  // Now it is the last.
  assertEquals(flapping!.isSetAside(nowMs + 10), false);
});

Deno.test("one that would be the only member is not set aside", () => {
  const detector = new OutlierDetector();
  const health = new ReplicaHealth(detector);
  assertEquals(fail(health, 0, 20).includes(true), false);
  detector.leave(health, 0);
  assertEquals(detector.nextReturnMs(0), Infinity);
});

Deno.test("whatever happens, half of the members and one of them are in use, and each deadline is told", () =>
  runSeeded(undefined, async (random, run) => {
    await Promise.resolve();
    const count = random.int(1, 9);
    run.note("replicas", count);
    const { detector, all } = group(count);
    const members = new Set(all);
    let nowMs = 0;
    for (let step = 0; step < 3_000; step++) {
      nowMs += random.exponential(50);
      const health = all[random.int(0, count - 1)]!;
      const what = random.int(0, 19);
      if (what < 15) health.onFailure(nowMs);
      else if (what < 17) health.onSuccess();
      else if (what === 17) members.delete(health), detector.leave(health, nowMs);
      else members.add(health), detector.join(health, nowMs);

      const aside = [...members].filter((one) => one.isSetAside(nowMs));
      assert(2 * aside.length <= members.size, `${aside.length} of ${members.size} at ${nowMs}`);
      const nextMs = Math.min(Infinity, ...aside.map((one) => one.returnsMs));
      assertEquals(detector.nextReturnMs(nowMs), nextMs);
      if (nextMs < Infinity) {
        assert(aside.some((one) => !one.isSetAside(nextMs)));
        assert(nextMs - nowMs <= 30_000);
      }
    }
  }));

Deno.test("options: other figures, never, and what makes no sense", () => {
  const quick = group(2, { maxFailures: 1, setAsideMs: 10, maxSetAsideMs: 15 }).all[0]!;
  assertEquals(quick.onFailure(0), true);
  assertEquals(quick.returnsMs, 10);
  assertEquals([quick.onFailure(10), quick.returnsMs], [true, 25]);
  const never = group(2, { maxFailures: Infinity }).all[0]!;
  assertEquals(fail(never, 0, 1_000).includes(true), false);
  const cases: OutlierOptions[] = [
    { maxFailures: 0 },
    { maxFailures: 1.5 },
    { maxFailures: NaN },
    {
      setAsideMs: 0,
    },
    { maxSetAsideMs: 999 },
    { maxSetAsideMs: Infinity },
  ];
  for (const options of cases) {
    const error = assertThrows(() => new OutlierDetector(options), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assert(error.message.startsWith(`Option outliers.${Object.keys(options)[0]} `), error.message);
  }
});

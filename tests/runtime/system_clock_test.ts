import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { systemRandom } from "../../lib/runtime/system_random.ts";
import { NET } from "../support/permitted.ts";

const deferred = (): Promise<void> => new Promise((resolve) => systemClock.defer(resolve));

Deno.test("the clock tells monotonic time and the wall's", () => {
  const before = systemClock.now(), wall = Date.now();
  assert(systemClock.now() >= before);
  assert(Math.abs(systemClock.wallNow() - wall) < 1000);
});

Deno.test("timers are never early, and not within the call", async () => {
  await Promise.all(Array.from({ length: 40 }, (_, i) => {
    const delayMs = i / 4, start = systemClock.now();
    return new Promise<void>((resolve, reject) => {
      let calling = true;
      systemClock.setTimer(delayMs, () => {
        const earlyMs = start + delayMs - systemClock.now();
        if (calling || earlyMs > 0) {
          reject(new Error(`timer of ${delayMs} ms: ${earlyMs} ms early`));
        } else resolve();
      });
      calling = false;
    });
  }));
});

Deno.test("a cleared timer stays silent, and clearing again is no error", async () => {
  const timer = systemClock.setTimer(0, () => {
    throw new Error("it was cleared");
  });
  systemClock.clearTimer(timer);
  systemClock.clearTimer(timer);
  const fired = await new Promise<number>((resolve) => {
    const other = systemClock.setTimer(2, () => resolve(other));
  });
  systemClock.clearTimer(fired);
});

Deno.test("a timer longer than the runtime's longest waits, and can be cleared", async () => {
  let fired = false;
  const timer = systemClock.setTimer(2 ** 31, () => fired = true);
  await new Promise<void>((resolve) => systemClock.setTimer(3, resolve));
  assertEquals(fired, false);
  systemClock.clearTimer(timer);
});

Deno.test("what is deferred runs later, in order, and what it defers in another turn", async () => {
  const heard: string[] = [];
  systemClock.defer(() => {
    heard.push("first");
    systemClock.defer(() => heard.push("third"));
  });
  systemClock.defer(() => heard.push("second"));
  await Promise.resolve();
  assertEquals(heard, []);
  await deferred();
  assertEquals(heard, ["first", "second"]);
  await deferred();
  assertEquals(heard, ["first", "second", "third"]);
});

Deno.test("deferring over and over keeps no timer from firing", async () => {
  let fired = false;
  systemClock.setTimer(1, () => fired = true);
  let turns = 0;
  for (; !fired; turns++) {
    assert(turns < 10_000, "the timer starved");
    await deferred();
  }
});

Deno.test(
  { name: "sockets are read before what is deferred runs", ignore: !NET },
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { hostname, port } = listener.addr;
    const [near, far] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
    for (let round = 0; round < 200; round++) {
      let isRead = false;
      const reading = far.read(new Uint8Array(1)).then(() => isRead = true);
      await deferred();
      await near.write(new Uint8Array(1));
      await deferred();
      await deferred();
      assert(isRead, `round ${round}: the byte was there, and two turns later it was not read`);
      await reading;
    }
    near.close();
    far.close();
    listener.close();
  },
);

Deno.test("chance: numbers below 1, and as many bytes as wanted", () => {
  for (let i = 0; i < 100; i++) {
    const number = systemRandom.next();
    assert(number >= 0 && number < 1);
  }
  assertEquals(systemRandom.bytes(0).length, 0);
  const many = systemRandom.bytes(200_000);
  assertEquals(many.length, 200_000);
  assert(many.subarray(199_900).some((byte) => byte !== 0));
});

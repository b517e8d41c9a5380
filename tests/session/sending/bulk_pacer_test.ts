/** How much bulk may be under way, to the byte and the millisecond. @module */

import { assert, assertEquals } from "@std/assert";
import { Fifo } from "../../../lib/wire/fifo.ts";
import { BulkPacer } from "../../../lib/session/sending/bulk_pacer.ts";

const KIB = 1024;

/** How much can be under way at that time, found in steps of 1,024 bytes without sending anything for good. */
function room(pacer: BulkPacer, nowMs: number): number {
  let bytes = 0;
  for (; pacer.isOpen(nowMs); bytes += KIB) pacer.onSent(KIB, nowMs);
  return bytes;
}

/** A path over which that much was sent at 0 and has arrived after so long. */
function learned(bytes: number, delayMs: number, interactiveMs = -Infinity): BulkPacer {
  const pacer = new BulkPacer();
  pacer.interactiveMs = interactiveMs;
  pacer.onSent(bytes, 0);
  pacer.onArrived(bytes, delayMs);
  return pacer;
}

Deno.test("a new path takes 1 MiB alone, and 128 KiB within a second of a small message", () => {
  assertEquals(room(new BulkPacer(), 0), 1024 * KIB);
  for (const [agoMs, expected] of [[0, 128], [999, 128], [1_000, 1024]] as const) {
    const pacer = new BulkPacer();
    pacer.interactiveMs = 5_000 - agoMs;
    assertEquals(room(pacer, 5_000), expected * KIB, `${agoMs} ms`);
  }
});

Deno.test("alone, half as much again as a near path has shown to hold is tried", () => {
  // 2 MiB in 1 ms, which is the delay as well: the path holds 2 MiB.
  assertEquals(room(learned(2048 * KIB, 1), 1), 3072 * KIB);
  assertEquals(room(learned(512 * KIB, 1), 1), 1024 * KIB, "but never less than 1 MiB");
});

Deno.test("pieces are short until the path has shown to carry 256 KiB a millisecond", () => {
  assertEquals(new BulkPacer().pieceBytes, 64 * KIB);
  assertEquals(learned(255 * KIB, 1).pieceBytes, 64 * KIB);
  assertEquals(learned(256 * KIB, 1).pieceBytes, Infinity);
  assertEquals(learned(1024 * KIB, 5).pieceBytes, 64 * KIB);
});

/** A path over which so much goes in each round trip, for so many of them. */
function travelled(bytes: number, delayMs: number, trips: number, isBeside: boolean): BulkPacer {
  const pacer = new BulkPacer();
  for (let trip = 0; trip < trips; trip++) {
    pacer.onSent(bytes, trip * delayMs);
    pacer.onArrived((trip + 1) * bytes, (trip + 1) * delayMs);
  }
  if (isBeside) pacer.interactiveMs = trips * delayMs;
  return pacer;
}

Deno.test("on a far path, twice what it has shown to hold is tried as long as it grows", () => {
  for (
    const [trips, delayMs, isBeside, expected] of [
      // 2 ms more than the delay may be spent in turns: of a short message it is taken for granted that they were.
      [3, 128, false, 2 * 130 / 128 * 2048],
      [3, 128, true, 2 * 130 / 128 * 2048],
      [3, 64, false, 2 * 2048],
      [3, 16, false, 2 * 2048],
      [3, 16, true, 2 * 2048],
      // A process that begins is slow, and so every path looks far away.
      [2, 16, false, 1.5 * 2048],
      [2, 16, true, 2048],
      [3, 8, false, 1.5 * 2048],
      [3, 8, true, 9 / 8 * 2048],
    ] as const
  ) {
    const pacer = travelled(2048 * KIB, delayMs, trips, isBeside);
    // Not in an eighth round trip.
    assertEquals(room(pacer, trips * delayMs) / KIB, expected, `${trips} of ${delayMs} ms`);
  }
  assertEquals(
    room(travelled(16 * KIB, 16, 3, true), 48),
    128 * KIB,
    "and never less than 128 KiB",
  );
});

Deno.test("with small messages, more than a near path holds is tried in every eighth round trip", () => {
  for (let trip = 0; trip <= 16; trip++) {
    const nowMs = 1_600 + 1.5 * trip, pacer = learned(2048 * KIB, 1.5, nowMs);
    const tries = Math.floor((nowMs + 1) / 1.5) % 8 === 0;
    assertEquals(room(pacer, nowMs + 1), (tries ? 3072 : 2048) * KIB, `${nowMs} ms`);
  }
  assertEquals(room(learned(64 * KIB, 1, 1), 1), 128 * KIB, "never less than 128 KiB");
});

Deno.test("the delay may be a fraction of a millisecond, and eighths then last eight", () => {
  const tried = (nowMs: number) => room(learned(2048 * KIB, 0.5, nowMs), nowMs) > 2048 * KIB;
  assertEquals([64, 65, 71, 72].map(tried), [true, false, false, true]);
});

Deno.test("only whole frames that have arrived teach, the latest of them, and not within the same moment", () => {
  const pacer = new BulkPacer();
  pacer.onSent(1024 * KIB, 0);
  pacer.onSent(1024 * KIB, 19);
  pacer.onSent(2048 * KIB, 20);
  // The first two are whole: the second was sent 1 ms ago, and 2 MiB and a bit have arrived since.
  pacer.onArrived(2048 * KIB + 1, 20);
  assertEquals(pacer.underWayBytes, 2048 * KIB - 1);
  assertEquals(pacer.arrivedBytes, 2048 * KIB + 1);
  pacer.onArrived(4096 * KIB, 20);
  assertEquals([pacer.underWayBytes, pacer.arrivedBytes], [0, 4096 * KIB]);
  assertEquals(room(pacer, 20), 3073 * KIB, "1.5 times 2 MiB and 1 byte");
});

Deno.test("a count that says nothing new changes nothing", () => {
  const pacer = new BulkPacer();
  pacer.onSent(100, 0);
  pacer.onArrived(60, 1);
  pacer.onArrived(60, 2);
  pacer.onArrived(40, 3);
  assertEquals([pacer.underWayBytes, pacer.arrivedBytes], [40, 60]);
  assert(pacer.isOpen(3));
});

/** How often the other process pauses, and how many frames this one hears of in a turn. */
const PAUSE_EACH_MS = 30, HEARD_EACH_TURN = 16;

/** A path of a bandwidth and a delay: what is sent queues for it, and arrives. */
class Path {
  readonly bytesPerMs: number;
  readonly delayMs: number;
  readonly pacer = new BulkPacer();
  nowMs = 0;
  /** How many bytes have arrived, and the longest time that one waited for those before it. */
  arrived = 0;
  queuedMs = 0;
  #busyUntilMs = 0;
  #sent = 0;
  readonly #flights = new Fifo<{ readonly bytes: number; readonly atMs: number }>();

  constructor(bytesPerMs: number, delayMs: number) {
    this.bytesPerMs = bytesPerMs;
    this.delayMs = delayMs;
  }

  /** Sends as much as the pacer lets, for so long. Returns the share of the bandwidth that was used. */
  run(
    forMs: number,
    {
      bytesPerMs = this.bytesPerMs,
      beside = false,
      most = Infinity,
      upTo = Infinity,
      pauseMs = 0,
    } = {},
  ): number {
    const { pacer } = this, before = this.arrived, size = 8 * KIB;
    this.queuedMs = 0;
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += 0.25) {
      // What has gathered in a pause is heard of in several turns.
      let left = this.nowMs % PAUSE_EACH_MS < pauseMs ? 0 : HEARD_EACH_TURN;
      for (let next = this.#flights.peek(); next !== undefined; next = this.#flights.peek()) {
        if (next.atMs > this.nowMs || left-- === 0) break;
        this.#flights.shift();
        this.arrived += next.bytes;
        pacer.onArrived(this.arrived % 2 ** 32 | 0, this.nowMs);
      }
      if (beside) pacer.interactiveMs = this.nowMs;
      while (
        pacer.underWayBytes < most && this.#sent < upTo && pacer.isOpen(this.nowMs)
      ) {
        pacer.onSent(size, this.nowMs);
        this.#sent += size;
        const leavesMs = Math.max(this.nowMs, this.#busyUntilMs);
        this.queuedMs = Math.max(this.queuedMs, leavesMs - this.nowMs);
        this.#busyUntilMs = leavesMs + size / bytesPerMs;
        this.#flights.push({ bytes: size, atMs: this.#busyUntilMs + this.delayMs });
      }
    }
    return (this.arrived - before) / forMs / bytesPerMs;
  }
}

for (const delayMs of [1, 20, 100, 300]) {
  Deno.test(`a path of 1 Gbit/s and ${delayMs} ms is filled, and small messages wait for little of it`, () => {
    for (const beside of [false, true]) {
      const path = new Path(125_000, delayMs);
      path.run(Math.max(1_000, 15 * delayMs), { beside });
      for (let second = 0; second < 20; second++) {
        const share = path.run(1_000, { beside });
        // The delay is looked at anew now and then where there is always a queue.
        assert(share > (beside ? 0.95 : 0.6), `${share} in second ${second}`);
        // What has no size yet: the first 128 KiB, the 64 of a piece, and what is tried.
        const most = 3.2 + 0.2 * delayMs;
        if (beside) assert(path.queuedMs <= most, `${path.queuedMs} ms in second ${second}`);
      }
      const share = path.run(15_000, { beside });
      assert(share > 0.95, `${share} in all`);
    }
  });
}

Deno.test("a process that pauses does not make a path of 5 ms look as if it held more", () => {
  const path = new Path(125_000, 5);
  path.run(1_000, { beside: true, pauseMs: 3 });
  for (let second = 0; second < 12; second++) {
    const share = path.run(1_000, { beside: true, pauseMs: 3 });
    assert(share > 0.95, `${share} in second ${second}`);
    // 2 ms for turns, the half of one of a piece, and what is tried.
    assert(path.queuedMs <= 4, `${path.queuedMs} ms in second ${second}`);
  }
});

Deno.test("messages that are over sooner than bandwidth is measured fill a path of 5 ms, too", () => {
  const path = new Path(125_000, 5), bytes = 1024 * KIB;
  let slowestMs = 0;
  for (let message = 1; message <= 40; message++) {
    // One each 250 ms.
    const startMs = path.nowMs, target = message * bytes;
    while (path.arrived < target && path.nowMs < startMs + 250) {
      path.run(0.25, { beside: true, upTo: target });
    }
    if (message > 20) slowestMs = Math.max(slowestMs, path.nowMs - startMs);
    path.run(startMs + 250 - path.nowMs, { beside: true, upTo: target });
  }
  // It takes 13.4 ms at once, and 44 with 128 KiB in each round trip.
  assert(slowestMs <= 20, `${slowestMs} ms`);
});

Deno.test("a path that changes is learned again: its bandwidth and its delay", () => {
  const path = new Path(12_500, 100);
  path.run(3_000, { beside: true });
  assert(path.run(2_000, { beside: true }) > 0.95);
  path.run(8_000, { bytesPerMs: 50_000, beside: true });
  assert(path.run(2_000, { bytesPerMs: 50_000, beside: true }) > 0.95, "more");
  path.run(25_000, { bytesPerMs: 5_000, beside: true });
  path.run(5_000, { bytesPerMs: 5_000, beside: true });
  assert(path.queuedMs < 40, `less: ${path.queuedMs} ms`);
});

Deno.test("a sender that had nothing more to send has not learned that the path holds less", () => {
  const path = new Path(125_000, 100);
  path.run(4_000, { beside: true });
  path.run(40_000, { beside: true, most: 64 * KIB });
  path.run(200, { beside: true });
  assert(path.run(1_000, { beside: true }) > 0.95);
});

/** How much bulk may be under way, to the byte and the millisecond. @module */

import { assert, assertEquals } from "@std/assert";
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

Deno.test("alone, half as much again as the path has shown to hold is tried", () => {
  // 2 MiB in 10 ms, which is the delay as well: the path holds 2 MiB.
  assertEquals(room(learned(2048 * KIB, 10), 10), 3072 * KIB);
  assertEquals(room(learned(512 * KIB, 10), 10), 1024 * KIB, "but never less than 1 MiB");
});

Deno.test("with small messages, more than the path holds is tried in every eighth round trip", () => {
  for (let trip = 0; trip <= 16; trip++) {
    const nowMs = 1_600 + 10 * trip, pacer = learned(2048 * KIB, 10, nowMs);
    const tries = (nowMs / 10) % 8 === 0;
    assertEquals(room(pacer, nowMs + 9.5), (tries ? 3072 : 2048) * KIB, `${nowMs} ms`);
  }
  assertEquals(room(learned(64 * KIB, 10, 10), 10), 128 * KIB, "never less than 128 KiB");
});

Deno.test("the delay may be a fraction of a millisecond, and eighths then last eight", () => {
  const tried = (nowMs: number) => room(learned(2048 * KIB, 0.5, nowMs), nowMs) > 2048 * KIB;
  assertEquals([64, 65, 71, 72].map(tried), [true, false, false, true]);
});

Deno.test("the best bandwidth and the shortest delay of the last 10 s count together", () => {
  const pacer = learned(2048 * KIB, 10);
  // Slower, and later: neither is better than what is known.
  pacer.onSent(1024 * KIB, 100);
  pacer.onArrived(3072 * KIB, 200);
  assertEquals(room(pacer, 200), 3072 * KIB);

  for (const [atMs, expected] of [[10_010, 3072], [10_011, 1536]] as const) {
    const late = learned(2048 * KIB, 10);
    // Then it was 1 MiB in 100 ms, and nothing else is remembered.
    late.onSent(1024 * KIB, atMs - 100);
    late.onArrived(3072 * KIB, atMs);
    assertEquals(room(late, atMs), expected * KIB, `${atMs} ms`);
  }
});

Deno.test("what has the same delay or bandwidth is remembered anew", () => {
  const pacer = learned(2048 * KIB, 10);
  pacer.onSent(2048 * KIB, 9_000);
  pacer.onArrived(4096 * KIB, 9_010);
  pacer.onSent(1024 * KIB, 12_000);
  pacer.onArrived(5120 * KIB, 12_100);
  assertEquals(room(pacer, 12_100), 3072 * KIB);
});

Deno.test("only whole frames that have arrived teach, the latest of them, and not within the same moment", () => {
  const pacer = new BulkPacer();
  pacer.onSent(1024 * KIB, 0);
  pacer.onSent(1024 * KIB, 10);
  pacer.onSent(2048 * KIB, 20);
  // The first two are whole: the second was sent 10 ms ago, and 2 MiB and a bit have arrived since.
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

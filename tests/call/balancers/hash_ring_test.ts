import { assert, assertEquals } from "@std/assert";
import { HashRing } from "../../../lib/call/balancers/hash_ring.ts";
import { runSeeded } from "../../../lib/testing/mod.ts";

Deno.test("a look-up finds the first point at or behind a place, as asking one after the other does", () =>
  runSeeded(undefined, async (random, run) => {
    await Promise.resolve();
    for (let round = 0; round < 30; round++) {
      const owners = random.int(1, 20), each = random.int(1, 50);
      run.note("ring", { owners, each });
      const ring = new HashRing(
        Array.from({ length: owners }, () => `r${random.int(0, 1_000_000)}`),
        Array(owners).fill(each),
      );
      const points = Array.from({ length: owners * each }, (_, at) => at);
      const naive = (place: number) =>
        Math.max(0, points.findIndex((point) => ring.placeOf(point) >= place));
      const borders = points.flatMap((point) =>
        [-1, 0, 1].map((by) => ring.placeOf(point) + by | 0)
      );
      const drawn = points.map(() => random.int(-(2 ** 31), 2 ** 31 - 1));
      for (const place of [...borders, ...drawn, -(2 ** 31), -1, 0, 2 ** 31 - 1]) {
        assertEquals(ring.pointAt(place), naive(place), String(place));
      }
    }
  }));

Deno.test("points are in the order of their places, each owner has its number of them, and the last is followed by the first", () => {
  const ring = new HashRing(["a", "b", "c"], [50, 50, 50]);
  const counts = [0, 0, 0];
  for (let point = 0; point < 150; point++) {
    assert(point === 0 || ring.placeOf(point) >= ring.placeOf(point - 1));
    counts[ring.ownerOf(point)]!++;
    assertEquals(ring.pointAfter(point), (point + 1) % 150);
  }
  assertEquals(counts, [50, 50, 50]);
});

Deno.test("memory: 12 to 16 bytes a point", () => {
  for (const [owners, kilobytes] of [[3, 6], [10, 21], [100, 194]] as const) {
    const ring = new HashRing(
      Array.from({ length: owners }, (_, at) => `r${at}`),
      Array(owners).fill(160),
    );
    assertEquals(Math.round(ring.byteLength / 1_000), kilobytes);
    const perPoint = ring.byteLength / owners / 160;
    assert(perPoint >= 12 && perPoint <= 16, String(perPoint));
  }
});

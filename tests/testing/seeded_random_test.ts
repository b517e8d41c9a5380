import { InternodeError } from "@internode/grid";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../lib/testing/mod.ts";

const draw = (random: SeededRandom, count = 8) =>
  Array.from({ length: count }, () => random.next());

Deno.test("one seed draws the same, another something else, up to the largest", () => {
  for (const seed of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    assertEquals(draw(new SeededRandom(seed)), draw(new SeededRandom(seed)));
    assertNotEquals(
      draw(new SeededRandom(seed)),
      draw(new SeededRandom(seed === 0 ? 1 : seed - 1)),
    );
  }
  // Pinned, so that a printed seed stays good from one version to the next.
  assertEquals(new SeededRandom(42).int(0, 999_999), 922_098);
});

Deno.test("a seed is a whole number from 0 upwards", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => new SeededRandom(seed), InternodeError);
  }
});

Deno.test("forks differ by label and from their parent, whatever was drawn before", () => {
  const parent = new SeededRandom(9);
  const before = draw(parent.fork("a"));
  draw(parent, 100);
  assertEquals(draw(parent.fork("a")), before);
  const others = ["", "b", "aa", "a ", "node 1", "node 11"].map((label) =>
    draw(parent.fork(label))
  );
  for (const other of others) assertNotEquals(other, before);
  assertEquals(new Set(others.map(String)).size, others.length);
  assertNotEquals(draw(parent.fork("a").fork("b")), draw(parent.fork("b").fork("a")));
  assertEquals(parent.fork("a").seed, 9);
});

Deno.test("numbers are spread evenly over their range, both ends included", () => {
  const random = new SeededRandom(3), counts = new Array<number>(10).fill(0);
  for (let draws = 0; draws < 100_000; draws++) counts[random.int(5, 14) - 5]!++;
  for (const count of counts) assert(Math.abs(count - 10_000) < 500, String(counts));
  const bits = new Array<number>(8).fill(0);
  for (const byte of random.bytes(80_001)) {
    for (let bit = 0; bit < 8; bit++) bits[bit]! += byte >> bit & 1;
  }
  for (const count of bits) assert(Math.abs(count - 40_000) < 800, String(bits));
});

Deno.test("chance, float, exponential, pick and shuffle", () => {
  const random = new SeededRandom(4);
  assert(!random.chance(0));
  assert(random.chance(1));
  let hits = 0, sum = 0;
  for (let draws = 0; draws < 10_000; draws++) {
    if (random.chance(0.2)) hits++;
    sum += random.exponential(5);
    const float = random.float(-2, 3);
    assert(float >= -2 && float < 3);
  }
  assert(Math.abs(hits - 2_000) < 200);
  assert(Math.abs(sum / 10_000 - 5) < 0.3);
  assertEquals(random.float(7, 7), 7);
  assertEquals(random.pick(["only"]), "only");
  assertThrows(() => random.pick([]), RangeError, "empty");
  const items = Array.from({ length: 20 }, (_, index) => index);
  const shuffled = random.shuffle(items);
  assertNotEquals(shuffled, items);
  assertEquals(shuffled.toSorted((x, y) => x - y), items);
  assertEquals(random.bytes(5).length, 5);
});

import { assert, assertEquals } from "@std/assert";
import { STREAM_MEMORY } from "../../lib/wire/lending_pool.ts";
import { ReceiveRing } from "../../lib/wire/receive_ring.ts";
import { seeded } from "../support/seeded.ts";

/** What a ring does, as plainly as can be: arrays put one behind the other. */
class NaiveRing {
  unread = new Uint8Array(0);

  put(bytes: Uint8Array): void {
    const whole = new Uint8Array(this.unread.length + bytes.length);
    whole.set(this.unread);
    whole.set(bytes, this.unread.length);
    this.unread = whole;
  }

  take(count: number): void {
    this.unread = this.unread.slice(count);
  }
}

function assertInvariant(ring: ReceiveRing): void {
  const { head, tail, bytes } = ring;
  assert(0 <= head && head <= tail && tail <= bytes.length, `${head} ${tail} ${bytes.length}`);
  assertEquals(ring.length, tail - head);
  assert(ring.view.buffer === bytes.buffer && ring.view.byteLength === bytes.length);
}

Deno.test("a new ring is empty and has room", () => {
  const ring = new ReceiveRing(64);
  assertInvariant(ring);
  assertEquals([ring.length, ring.space().length], [0, 64]);
});

Deno.test("a ring has 2 KiB at first, and grows to 256 KiB when reads fill it", () => {
  const ring = new ReceiveRing(), sizes: number[] = [];
  for (let n = 0; n < 6; n++) {
    sizes.push(ring.bytes.length);
    ring.commit(ring.space().length);
    ring.head = ring.tail;
  }
  assertEquals(sizes, [2_048, 8_192, 32_768, 131_072, 262_144, 262_144]);
  const { bytes } = ring;
  ring.commit(ring.space().length);
  assert(ring.bytes === bytes, "it is not made anew when it can grow no more");
  const full = new ReceiveRing(16, 16);
  full.commit(full.space().length);
  full.space();
  assertEquals(full.bytes.length, 32, "twice as much where nothing can be moved");
  const filled = new ReceiveRing(16, 64);
  filled.space();
  filled.commit(10);
  filled.commit(filled.space().length);
  assertEquals(filled.bytes.length, 64, "the rest of the room was filled");
  assertEquals(new ReceiveRing(1, 1).space().length, 1, "any room will do");
});

Deno.test("unread bytes are moved only when less than a quarter is left behind them, or the batch would not fit", () => {
  /** Where they begin after there was asked for room. */
  const moved = (head: number, tail: number, wanted = 0): number => {
    const ring = new ReceiveRing(100, 100);
    ring.space();
    ring.commit(tail);
    ring.head = head;
    ring.space(wanted);
    assertEquals([ring.bytes.length, ring.length], [100, tail - head]);
    return ring.head;
  };
  assertEquals([moved(10, 75), moved(10, 76)], [10, 0]);
  assertEquals([moved(50, 60, 50), moved(51, 60, 50)], [50, 0]);
  assertEquals(moved(1, 100), 0);
});

Deno.test("a ring does what its naive twin does, and keeps its invariant", () => {
  const random = seeded("receive ring");
  for (let run = 0; run < 200; run++) {
    const ring = new ReceiveRing(random.pick([1, 16, 100]), random.pick([16, 1000, 5000]));
    const twin = new NaiveRing();
    let next = 0;
    for (let step = 0; step < 150; step++) {
      if (ring.length < 5000 && random.chance(0.6)) {
        const wanted = random.pick([0, 0, 10, 500, 3000]);
        const space = ring.space(wanted);
        assertInvariant(ring);
        assert(space.length > 0 && space.byteOffset === ring.tail);
        assert(wanted <= ring.bytes.length - ring.head, "the whole batch will fit");
        const count = random.chance(0.3) ? space.length : random.int(0, space.length);
        for (let at = 0; at < count; at++) space[at] = next++;
        twin.put(space.slice(0, count));
        ring.commit(count);
      } else {
        const count = random.chance(0.4) ? ring.length : random.int(0, ring.length);
        ring.head += count;
        twin.take(count);
      }
      assertInvariant(ring);
      assertEquals(ring.bytes.subarray(ring.head, ring.tail), twin.unread);
    }
  }
});

Deno.test("a ring grows when reads fill it, up to its idle size, and shrinks when they are small", () => {
  const ring = new ReceiveRing(100, 1000);
  const read = (count: number): void => {
    ring.space();
    ring.commit(count);
    ring.head += count;
  };
  read(100);
  assertEquals(ring.bytes.length, 400);
  read(400);
  assertEquals(ring.bytes.length, 1000);
  read(1000);
  assertEquals(ring.bytes.length, 1000);
  for (let n = 0; n < 31; n++) read(10);
  assertEquals(ring.bytes.length, 1000);
  read(500);
  for (let n = 0; n < 33; n++) read(10);
  assertEquals(ring.bytes.length, 100);
});

Deno.test("a ring makes room for a large batch once, and gives it back", () => {
  const ring = new ReceiveRing(100, 1000);
  ring.space();
  ring.commit(50);
  ring.space(50_000);
  assertEquals([ring.length, ring.bytes.length], [50, 100_000]);
  const { bytes } = ring;
  for (let filled = 50; filled < 50_000;) {
    const count = Math.min(ring.space(50_000).length, 7000, 50_000 - filled);
    ring.commit(count);
    filled += count;
  }
  assert(ring.bytes === bytes, "one buffer was enough");
  ring.head = ring.tail;
  for (let n = 0; n < 40; n++) {
    ring.space();
    ring.commit(1);
    ring.head = ring.tail;
  }
  assertEquals(ring.bytes.length, 100);
});

Deno.test("small reads from before a ring has grown do not make it shrink", () => {
  const ring = new ReceiveRing(64);
  const read = (count: number, wanted = 0): void => {
    ring.space(wanted);
    ring.commit(count);
    ring.head = ring.tail;
  };
  for (let n = 0; n < 100; n++) read(1);
  for (let n = 0; n < 31; n++) read(1, n === 0 ? 1_000 : 0);
  assertEquals(ring.space().length, 2_000);
  // One that is not small is in no row of small ones.
  read(251);
  for (let n = 0; n < 31; n++) read(1);
  assertEquals(ring.space().length, 2_000);
  read(1);
  assertEquals(ring.space().length, 64);
});

Deno.test("unread bytes are never given up for a smaller buffer", () => {
  const ring = new ReceiveRing(16, 16);
  ring.space(1000);
  ring.commit(500);
  for (let n = 0; n < 100; n++) {
    ring.space();
    ring.commit(1);
    ring.head++;
  }
  assertEquals(ring.length, 500);
});

Deno.test("what a read brings is found where it was to go, also in the midst of its buffer", () => {
  const ring = new ReceiveRing(64, 64);
  ring.space();
  ring.commit(10);
  const space = ring.space();
  ring.head = ring.tail;
  ring.setAside();
  space.set([7, 8, 9]);
  ring.takeBack(3);
  assertEquals(ring.bytes.subarray(ring.head, ring.tail), new Uint8Array([7, 8, 9]));
});

Deno.test("one buffer beside that of a read under way is kept, whichever was needed last", () => {
  const ring = new ReceiveRing(64, 64);
  ring.space();
  const first = ring.bytes;
  ring.setAside();
  const second = ring.bytes;
  ring.space();
  ring.commit(5);
  ring.takeBack(3);
  assert(ring.bytes === second, "what is unread stays where it is");
  ring.head = ring.tail;
  ring.space();
  ring.setAside();
  assert(ring.bytes === first);
  ring.takeBack(3);
  assert(ring.bytes === second, "nothing was unread");
  ring.head = ring.tail;
  ring.space();
  ring.setAside();
  assert(ring.bytes === first);
});

Deno.test("what is read beside a read under way comes before what that one brings", () => {
  const random = seeded("receive ring, aside");
  for (let run = 0; run < 200; run++) {
    const ring = new ReceiveRing(64, 512);
    const twin = new NaiveRing();
    let next = 0;
    let pending: Uint8Array | null = null;
    for (let step = 0; step < 150; step++) {
      const what = random.next();
      if (pending === null) {
        pending = ring.space(random.pick([0, 10, 200]));
      } else if (what < 0.3 && ring.length === 0 && !ring.hasAside) {
        ring.setAside();
        assertEquals([ring.length, ring.hasAside], [0, true]);
      } else if (what < 0.6 && ring.hasAside) {
        const space = ring.space(random.pick([0, 10, 200]));
        assert(space.buffer !== pending.buffer, "that memory is the other read's");
        const count = random.int(1, space.length);
        for (let at = 0; at < count; at++) space[at] = next++;
        twin.put(space.slice(0, count));
        ring.commit(count);
      } else if (what < 0.8) {
        const count = random.int(1, pending.length);
        for (let at = 0; at < count; at++) pending[at] = next++;
        twin.put(pending.slice(0, count));
        if (ring.hasAside) ring.takeBack(count);
        else ring.commit(count);
        assertEquals(ring.hasAside, false);
        pending = null;
      } else if (ring.hasAside) {
        const count = random.chance(0.6) ? ring.length : random.int(0, ring.length);
        ring.head += count;
        twin.take(count);
      }
      if (pending === null) {
        // Only what was taken out before a read begins makes room for it to be set aside.
        const count = random.chance(0.8) ? ring.length : random.int(0, ring.length);
        ring.head += count;
        twin.take(count);
      }
      assertInvariant(ring);
      assertEquals(ring.bytes.subarray(ring.head, ring.tail), twin.unread);
    }
  }
});

Deno.test("a read of up to an eighth of the buffer is small, and 32 of them in a row make it shrink", () => {
  for (const [count, last, bytes] of [[100, 100, 100], [100, 101, 800], [101, 101, 800]] as const) {
    const ring = new ReceiveRing(100, 800);
    ring.space(400);
    for (let n = 0; n < 32; n++) {
      ring.space();
      ring.commit(n < 31 ? count : last);
      ring.head = ring.tail;
      assertEquals(ring.bytes.length, 800);
    }
    ring.space();
    assertEquals(ring.bytes.length, bytes, `reads of ${count}, at last ${last}`);
  }
});

Deno.test("a ring that grows and shrinks again and again takes no new memory, and keeps none", () => {
  const ring = new ReceiveRing();
  const small = ring.bytes;
  const burst = (): void => {
    while (ring.bytes.length < 262_144) {
      ring.commit(ring.space().length);
      ring.head = ring.tail;
    }
  };
  const calm = (): void => {
    for (let n = 0; n < 33; n++) {
      ring.space();
      ring.commit(1);
      ring.head = ring.tail;
    }
  };
  burst();
  const large = ring.bytes;
  calm();
  assert(ring.bytes === small);
  assertEquals(large.length, 0, "nobody sees in it what others receive");
  const { freeBytes } = STREAM_MEMORY;
  for (let n = 0; n < 20; n++) {
    burst();
    assert(STREAM_MEMORY.freeBytes <= freeBytes - 262_144, `${STREAM_MEMORY.freeBytes}`);
    calm();
    assert(ring.bytes === small);
    assertEquals(STREAM_MEMORY.freeBytes, freeBytes);
  }
});

Deno.test("rings that use each other's memory never see each other's bytes", () => {
  const random = seeded("receive rings");
  const rings = Array.from({ length: 5 }, (_, id) => {
    const ring = new ReceiveRing(64, 100_000);
    return { id, ring, twin: new NaiveRing(), pending: ring.space() };
  });
  for (let step = 0; step < 3_000; step++) {
    const one = random.pick(rings), { ring, twin, id } = one;
    const read = (space: Uint8Array, most: number): number => {
      const count = Math.min(most, random.chance(0.5) ? space.length : random.int(1, space.length));
      for (let at = 0; at < count; at++) space[at] = id * 50 + (step + at) % 50;
      twin.put(space.slice(0, count));
      return count;
    };
    if (!ring.hasAside && ring.length === 0 && random.chance(0.3)) {
      ring.setAside();
      ring.commit(read(ring.space(), 40_000));
    }
    if (ring.hasAside) ring.takeBack(read(one.pending, 40_000));
    else ring.commit(read(one.pending, random.chance(0.5) ? 8 : 40_000));
    const count = random.chance(0.7) ? ring.length : random.int(0, ring.length);
    ring.head += count;
    twin.take(count);
    one.pending = ring.space(ring.length + random.pick([0, 0, 500, 30_000]));
    for (const { ring, twin } of rings) {
      assertInvariant(ring);
      assertEquals(ring.bytes.subarray(ring.head, ring.tail), twin.unread);
    }
    assertEquals(new Set(rings.map(({ ring }) => ring.bytes.buffer)).size, rings.length);
  }
});

Deno.test("a ring has room for two batches that are as large as pieces are, in memory for no more", () => {
  for (const piece of [16 * 1024, 64 * 1024, 256 * 1024]) {
    const ring = new ReceiveRing(), batch = piece + 40;
    ring.space(batch);
    assertEquals(ring.bytes.length, 2 * batch);
    assert(ring.bytes.buffer.byteLength <= 2 * piece + 128, `${ring.bytes.buffer.byteLength}`);
  }
});

/** How the window of a stream follows its reader: by its table, line by line. @module */

import { assert, assertEquals } from "@std/assert";
import { ReceiveWindow, ReceiveWindows } from "../../../lib/session/calls/receive_windows.ts";
import { RoundTrip } from "../../../lib/session/calls/round_trip.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/limits.ts";

const MIB = 1024 * 1024;
/** Of the default budget of 128 MiB. */
const POOL = 64 * MIB;

/** Windows of a connection over which a round trip takes so long; `null`: nobody knows. */
function connection(tripMs: number | null, limits: Partial<typeof DEFAULT_LIMITS> = {}) {
  const roundTrip = new RoundTrip(), asked: number[] = [];
  if (tripMs !== null) roundTrip.note(tripMs, 0);
  const windows = new ReceiveWindows(
    { ...DEFAULT_LIMITS, ...limits },
    roundTrip,
    () => asked.push(1),
  );
  return { windows, roundTrip, asked };
}

/** A stream whose reader is at a time of its own. */
class Reader {
  nowMs = 1_000;
  heldBytes = 0;
  unread = 0;
  shrunkMs: number[] = [];
  readonly window: ReceiveWindow;

  constructor(windows: ReceiveWindows, messages = 16) {
    this.window = new ReceiveWindow(windows, this, messages, this.nowMs);
  }

  onShrunk(nowMs: number): void {
    this.shrunkMs.push(nowMs);
  }

  /** Reads so much, each time after so long. */
  read(messages: number, bytes: number, { everyMs = 100, times = 1 } = {}): this {
    for (let time = 0; time < times; time++) {
      this.nowMs += everyMs;
      this.window.onRead(messages, bytes, this.unread, this.nowMs);
    }
    return this;
  }

  /** Messages, and bytes that its sender is told. */
  get size(): [messages: number, toldBytes: number] {
    return [this.window.messages, this.window.toldBytes];
  }
}

Deno.test("while nobody knows how long a round trip takes, a ping is asked for, one a second, and windows stay", () => {
  const { windows, roundTrip, asked } = connection(null), reader = new Reader(windows);
  reader.read(16, MIB, { times: 5 });
  new Reader(windows).read(16, MIB);
  assertEquals([reader.size, asked.length], [[16, 0], 1]);
  reader.read(16, MIB, { times: 5 });
  assertEquals([reader.size, asked.length], [[16, 0], 1]);
  reader.read(16, MIB);
  assertEquals([reader.size, asked.length], [[16, 0], 2]);
  roundTrip.note(100, reader.nowMs);
  reader.read(16, MIB, { times: 2 });
  assertEquals(reader.size, [32, 2 * MIB]);
});

Deno.test("a ping that was answered late is not believed for long: windows become what they were", () => {
  const { windows, roundTrip, asked } = connection(100), reader = new Reader(windows);
  reader.read(16, MIB, { times: 2 });
  assertEquals([reader.size, asked.length], [[32, 2 * MIB], 1]);
  roundTrip.note(0.2, reader.nowMs);
  reader.read(16, MIB);
  assertEquals(reader.size, [16, 0]);
  reader.read(16, MIB, { times: 50 });
  assertEquals([reader.size, asked.length], [[16, 0], 1], "and nothing more is asked");
  const other = new Reader(windows);
  roundTrip.note(100, 100_000);
  other.read(1, 128).read(16, 100 * MIB);
  assertEquals(other.size[1], 49 * MIB, "what it had is free");
});

Deno.test("a reader that has more than half of its window unread does not keep up", () => {
  const { windows } = connection(100), many = new Reader(windows), large = new Reader(windows);
  many.read(1, 128);
  many.unread = 9;
  many.read(16, 16 * 192);
  assertEquals(many.size, [16, 0]);
  many.unread = 8;
  many.read(1, 192, { everyMs: 0 });
  assertEquals(many.size, [34, 0], "all that it has read since counts");
  large.read(1, 128);
  large.heldBytes = MIB / 2 + 1;
  large.read(1, MIB);
  assertEquals(large.size, [16, 0]);
  large.heldBytes = MIB / 2;
  large.read(1, MIB, { everyMs: 0 });
  assertEquals(large.size, [16, 4 * MIB]);
});

Deno.test("windows stay where a round trip takes less than 5 ms", () => {
  for (const [tripMs, messages] of [[0, 16], [4.99, 16], [5, 32]] as const) {
    const reader = new Reader(connection(tripMs).windows);
    reader.read(16, MIB, { everyMs: Math.max(1, tripMs), times: 2 });
    assertEquals(reader.size[0], messages, `${tripMs} ms`);
  }
});

Deno.test("a window looks once in a round trip, at all that was read meanwhile", () => {
  const reader = new Reader(connection(100).windows);
  reader.read(8, MIB / 2).read(8, MIB / 2, { everyMs: 1 });
  assertEquals(reader.size, [16, 0], "the first time it only looks at the clock");
  reader.read(8, MIB / 2, { everyMs: 98 });
  assertEquals(reader.size, [16, 0]);
  reader.read(8, MIB / 2, { everyMs: 1 });
  assertEquals(reader.size, [48, 3 * MIB], "24 and 1.5 MiB, twice");
});

Deno.test("of what was read in more than a round trip, that of one counts", () => {
  const reader = new Reader(connection(100).windows);
  reader.read(1, 128).read(20, 3 * MIB / 2, { everyMs: 200 });
  assertEquals(reader.size, [20, 3 * MIB / 2]);
});

Deno.test("a window doubles while all of it is read, to three quarters of the pool, and to 65,535 messages", () => {
  const { windows } = connection(100), reader = new Reader(windows);
  const sizes: [number, number][] = [];
  reader.read(1, 128);
  for (let trip = 0; trip < 14; trip++) {
    const [messages, bytes] = reader.size;
    reader.read(messages, Math.max(MIB, bytes));
    sizes.push(reader.size);
  }
  assertEquals(sizes.slice(0, 6).map(([, bytes]) => bytes / MIB), [2, 4, 8, 16, 32, 49]);
  assertEquals(sizes.at(-1), [65_535, 49 * MIB]);
  assertEquals(sizes.slice(0, 3).map(([messages]) => messages), [32, 64, 128]);
});

Deno.test("messages and bytes follow for themselves", () => {
  const small = new Reader(connection(100).windows);
  small.read(1, 192).read(16, 16 * 192);
  assertEquals(small.size, [32, 0]);
  const large = new Reader(connection(100).windows, 1_000);
  large.read(1, MIB).read(16, 16 * MIB);
  assertEquals(large.size, [1_000, 32 * MIB]);
});

Deno.test("a window stays while a quarter to half of it is read, and halves below that, to what it began with", () => {
  const reader = new Reader(connection(100).windows);
  reader.read(1, 128).read(16, MIB).read(32, 2 * MIB).read(64, 4 * MIB);
  assertEquals(reader.size, [128, 8 * MIB]);
  reader.read(64, 4 * MIB).read(32, 2 * MIB);
  assertEquals(reader.size, [128, 8 * MIB]);
  reader.read(31, 2 * MIB - 1);
  assertEquals(reader.size, [64, 4 * MIB]);
  reader.read(1, 128, { times: 5 });
  assertEquals(reader.size, [16, 0]);
});

Deno.test("each window leaves a quarter of what is left to others, and all together half of the budget", () => {
  const { windows } = connection(100);
  const readers = Array.from({ length: 12 }, () => new Reader(windows));
  for (const reader of readers) reader.read(1, 128).read(16, 100 * MIB);
  const more = readers.map(({ window }) => window.moreBytes);
  assertEquals(more.slice(0, 3), [48 * MIB, 12 * MIB, 3 * MIB]);
  assert(more.every((bytes) => bytes >= 0));
  const sum = (): number => readers.reduce((all, { window }) => all + window.moreBytes, 0);
  assert(sum() <= POOL, `${sum()}`);
  // Those that all want more end up with as much as each other.
  for (let trip = 0; trip < 200; trip++) {
    for (const reader of readers) reader.read(16, 100 * MIB);
    assert(sum() <= POOL, `${sum()}`);
  }
  const [least, most] = [0, 11].map((at) =>
    readers.map(({ window }) => window.moreBytes).sort((a, b) => a - b)[at]!
  );
  assert(least! > 0.9 * most!, `${least} and ${most}`);
  for (const { window } of readers) window.close();
  assertEquals(sum(), 0);
  const alone = new Reader(windows);
  alone.read(1, 128).read(16, 100 * MIB);
  assertEquals(alone.window.moreBytes, 48 * MIB, "what has ended has nothing");
});

Deno.test("a stream that is not read gives up what it does not hold when others want it", () => {
  const { windows } = connection(100), idle = new Reader(windows), stuck = new Reader(windows);
  idle.read(1, 128).read(16, 100 * MIB);
  stuck.read(1, 128).read(16, 100 * MIB);
  assertEquals([idle.window.moreBytes, stuck.window.moreBytes], [48 * MIB, 12 * MIB]);
  stuck.heldBytes = 9 * MIB;
  const busy = new Reader(windows);
  busy.read(1, 128, { everyMs: 100 });
  busy.read(16, 30 * MIB, { everyMs: 1_099 });
  assertEquals(idle.shrunkMs, [], "they have read a second ago");
  const before = busy.window.moreBytes;
  assertEquals(before, 3 * MIB);
  busy.read(16, 30 * MIB, { everyMs: 101 });
  assertEquals([idle.shrunkMs, idle.size], [[busy.nowMs], [32, 0]]);
  assertEquals([stuck.window.moreBytes, stuck.size[1]], [8 * MIB, 9 * MIB], "what is unread stays");
  assertEquals(busy.window.moreBytes, 42 * MIB, "three quarters of 56");
});

Deno.test("what a stream may have at first is streamBudgetBytes, and at most an eighth of the budget", () => {
  for (
    const [streamBudgetBytes, receiveBudgetBytes, least] of [
      [MIB, 128 * MIB, MIB],
      [2 ** 31 - 1, 128 * MIB, 16 * MIB],
      [MIB, 65_536, 8_192],
    ] as const
  ) {
    const { windows } = connection(100, { streamBudgetBytes, receiveBudgetBytes });
    assertEquals(windows.leastBytes, least);
    const reader = new Reader(windows);
    reader.read(1, 128).read(1, 2 ** 31);
    assertEquals(reader.size[1], least + Math.floor(receiveBudgetBytes / 2 * 3 / 4));
  }
});

/** A stream's receiving direction: what it holds, and when it gives credit back. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { ReceiveHalf } from "../../../lib/session/calls/receive_half.ts";
import { ReceiveWindows } from "../../../lib/session/calls/receive_windows.ts";
import { RoundTrip } from "../../../lib/session/calls/round_trip.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/limits.ts";

/** What every message counts with beside its payload. */
const COST = 128;

/** A direction of that credit, and all that it says. */
function receiving(
  credit: number,
  type: number = FrameType.input,
  windows: { readonly windows?: ReceiveWindows } = {},
) {
  const released: number[] = [], credits: (number | undefined)[][] = [], heard: string[] = [];
  const half = new ReceiveHalf(
    {
      release: (bytes) => void released.push(bytes),
      grantCredit: (...given) => void credits.push(given),
      ...windows,
    },
    9,
    type,
    credit,
    {
      lends: false,
      onMessage: (kind) => void heard.push(`message ${kind}`),
      onEnd: () => void heard.push("end"),
    },
  );
  return { half, released, credits, heard };
}

Deno.test("each message takes one credit, and the sequence goes on", () => {
  const { half, heard } = receiving(2);
  half.onBegin(0, 200);
  half.deliver(1, new ByteReader());
  half.onBegin(1, 200);
  assertEquals([half.sequence, half.ended, heard], [2, false, ["message 1"]]);
  assertThrows(() => half.onBegin(2, 200), InternodeError, "without credit");
  assertThrows(() => half.onBegin(3, 200), InternodeError, "number 3 instead of 2");
});

Deno.test("credit is reported when half of it is consumed, or 32 KiB", () => {
  const { half, credits } = receiving(5);
  for (let n = 0; n < 5; n++) half.onBegin(n, 10 + COST);
  assertEquals([half.consumed(10), half.consumed(10), half.consumed(10)], [false, false, true]);
  half.report(77);
  assertEquals(credits, [[FrameType.inputCredit, 9, 3, 3 * 138, 77]]);
  // Three may come again, and nothing is left to be told.
  half.report(78);
  for (let n = 5; n < 8; n++) half.onBegin(n, COST);
  assertThrows(() => half.onBegin(8, COST), InternodeError, "without credit");
  assertEquals(credits.length, 1);

  const large = receiving(100, FrameType.output);
  for (const [n, bytes, due] of [[0, 32_768 - 2 * COST - 1, false], [1, 1, true]] as const) {
    large.half.onBegin(n, bytes + COST);
    assertEquals(large.half.consumed(bytes), due);
  }
  large.half.report(5);
  assertEquals(large.credits, [[FrameType.outputCredit, 9, 2, 32_768, 5]]);
});

Deno.test("the connection's budget has each message back at once, and the rest when the stream is over", () => {
  const { half, released } = receiving(4);
  for (const [n, bytes] of [10, 20, 30].entries()) half.onBegin(n, bytes + COST);
  half.consumed(10);
  assertEquals(released, [10 + COST]);
  half.close();
  assertEquals([released, half.ended], [[10 + COST, 20 + 30 + 2 * COST], true]);
  // What is read after that was given back with it.
  assertEquals(half.consumed(20), false);
  half.close();
  half.report(1);
  assertEquals(released.length, 2);
});

Deno.test("the last message that is held is given back to the byte", () => {
  const { half, released } = receiving(4);
  half.onBegin(0, COST);
  half.consumed(0);
  assertEquals(released, [COST]);
  half.close();
  assertEquals(released, [COST]);
});

Deno.test("an end counts the messages that came, and nothing comes after it", () => {
  const { half, heard, credits } = receiving(4);
  half.onBegin(0, COST);
  assertThrows(() => half.onEnd(0), InternodeError, "after 0 messages, but 1 have arrived");
  assertThrows(() => half.onEnd(2), InternodeError, "after 2 messages, but 1 have arrived");
  half.checkEnd(1);
  assertEquals([half.ended, heard], [false, []]);
  half.onEnd(1);
  assertEquals([half.ended, heard], [true, ["end"]]);
  assertThrows(() => half.onEnd(1), InternodeError, "ended a stream twice");
  assertThrows(() => half.onBegin(1, COST), InternodeError, "that it had ended");
  assertEquals(half.consumed(0), false, "credit is of no use any more");
  half.report(1);
  assertEquals(credits, []);
});

/** A direction whose window may grow, over a distance of 100 ms. */
function growing(credit: number, isOn: boolean) {
  const roundTrip = new RoundTrip();
  roundTrip.note(100, 0);
  const windows = new ReceiveWindows(DEFAULT_LIMITS, roundTrip, () => {});
  windows.isOn = isOn;
  const receive = receiving(credit, FrameType.output, { windows });
  let nowMs = 1_000;
  /** So many messages come and are read, each reported at once. */
  const read = (messages: number, cost: number, passedMs: number): void => {
    for (let n = 0; n < messages; n++) {
      receive.half.onBegin(receive.half.sequence, cost);
      receive.half.consumed(cost - COST);
    }
    nowMs += passedMs;
    receive.half.report(nowMs);
  };
  return { ...receive, windows, read };
}

Deno.test("a window that grows gives more credit than was consumed, and its bytes when they change", () => {
  const { half, credits, read } = growing(4, true);
  read(2, 200_000, 0);
  read(4, 200_000, 100);
  read(8, 200_000, 100);
  // Little is read from here on.
  for (let trip = 0; trip < 5; trip++) read(1, 200, 100);
  const told = credits.map((
    [, , messages, bytes, , windowBytes],
  ) => [messages, bytes, windowBytes]);
  assertEquals(told, [
    [2, 400_000, undefined],
    [4 + 4, 800_000, 1_600_000],
    [8 + 8, 1_600_000, 3_200_000],
    // Of 16, 8 and then 4 are left, as a credit that was given is not taken back.
    [0, 200, 1_600_000],
    [0, 200, 0],
    [0, 200, undefined],
    [0, 200, undefined],
    [0, 200, undefined],
  ]);
  assertEquals(half.credit, 4 + 4 + 8 - 5);
});

Deno.test("credit that was kept back comes again as it is needed", () => {
  const { half, read } = growing(4, true);
  read(2, 200, 0);
  read(4, 200, 100);
  read(8, 200, 100);
  assertEquals(half.credit, 16);
  for (let trip = 0; trip < 20; trip++) read(1, 200, 100);
  assertEquals(half.credit, 4, "what it began with");
  read(4, 200, 100);
  assertEquals(half.credit, 8);
});

Deno.test("windows stay where the peer does not know that they grow", () => {
  const { credits, half, read } = growing(4, false);
  for (let trip = 0; trip < 5; trip++) read(4, 200_000, 100);
  assertEquals(credits.every(({ length }) => length === 5), true);
  assertEquals(half.credit, 4);
});

Deno.test("a stream that has ended gives its part of the windows back", () => {
  const { half, credits, windows, read } = growing(4, true);
  read(1, 200, 0);
  read(4, 40_000_000, 100);
  const other = growing(4, true);
  assertEquals(credits.at(-1)!.at(-1), 49 * 1024 * 1024);
  half.close();
  half.onShrunk(5_000);
  assertEquals(credits.length, 2, "and says nothing more");
  const next = receiving(4, FrameType.output, { windows });
  for (const nowMs of [0, 100]) {
    for (let n = 0; n < 2; n++) {
      next.half.onBegin(next.half.sequence, 40_000_000);
      next.half.consumed(40_000_000 - COST);
    }
    next.half.report(nowMs);
  }
  assertEquals(next.credits.at(-1)!.at(-1), 49 * 1024 * 1024);
  assertEquals(other.credits, []);
});

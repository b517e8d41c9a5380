/** A stream's receiving direction: what it holds, and when it gives credit back. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { ReceiveHalf } from "../../../lib/session/calls/receive_half.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { FrameType } from "../../../lib/wire/frame.ts";

/** What every message counts with beside its payload. */
const COST = 128;

/** A direction of that credit, and all that it says. */
function receiving(credit: number, type: number = FrameType.input) {
  const released: number[] = [], credits: number[][] = [], heard: string[] = [];
  const half = new ReceiveHalf(
    {
      release: (bytes) => void released.push(bytes),
      grantCredit: (...given) => void credits.push(given),
    },
    9,
    type,
    credit,
    {
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

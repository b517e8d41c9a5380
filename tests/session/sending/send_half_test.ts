/** A stream's sending direction: how much may be under way, and what goes on when more may. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { SendHalf } from "../../../lib/session/sending/send_half.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../../support/session/calls.ts";
import { type OpenOutboxOptions, openScheduler } from "../../support/session/open_scheduler.ts";

const KIB = 1024, MIB = 1024 * KIB;
/** With what every message counts beside it, a message is 1 KiB. */
const PAYLOAD = numbered(KIB - 128);

/** A direction that has credit for so many messages, to such a peer. */
function sending(hello: OpenOutboxOptions["hello"] = {}, credit = 10_000) {
  const { scheduler, drain } = openScheduler({ hello });
  const half = new SendHalf(scheduler, FrameType.output, credit);
  half.id = 5;
  /** Sends until one has to wait, and says how many left at once. */
  const fill = (): number => {
    let sent = 0;
    while (half.send(rawCodec, PAYLOAD) === null) sent++;
    return sent;
  };
  return { scheduler, drain, half, fill };
}

Deno.test("a stream has its budget under way, an eighth of the peer's window if that is less, and 64 KiB in any case", () => {
  const cases: [streamBudgetBytes: number, receiveBudgetBytes: number, messages: number][] = [
    [100 * KIB, 128 * MIB, 100],
    [64 * KIB + 1, 128 * MIB, 65],
    [1, 128 * MIB, 64],
    // What is under way is no part of the window any more: 114 of 1,024 are an eighth of the other 910.
    [MIB, MIB, 114],
    [MIB, 256 * KIB, 64],
  ];
  for (const [streamBudgetBytes, receiveBudgetBytes, messages] of cases) {
    const { fill, half } = sending({ streamBudgetBytes, receiveBudgetBytes });
    assertEquals([fill(), half.waiting, half.sequence], [messages, 1, messages]);
  }
});

Deno.test("a stream has its window under way if that is more, and leaves a quarter to others all the same", () => {
  const limits = { streamBudgetBytes: 100 * KIB, receiveBudgetBytes: 4 * MIB };
  const { fill, half, drain } = sending(limits);
  assertEquals(fill(), 100);
  half.onCredit(0, 0, 1000 * KIB);
  assertEquals(half.sequence, 101, "what waited goes");
  assertEquals(fill(), 899);
  half.onCredit(100, 100 * KIB);
  assertEquals(half.unackedBytes, 901 * KIB, "it is as large as before");
  half.onCredit(0, 0, 100 * MIB);
  for (let sent = 1; sent > 0;) {
    while (drain().length > 0);
    sent = fill();
    while (half.waiting > 1) half.shiftWaiting();
  }
  assertEquals(half.sequence, 3072, "of 4 MiB");
  half.onCredit(0, 2900 * KIB, 0);
  assertEquals([half.sequence, half.unackedBytes], [3072, 72 * KIB]);
});

Deno.test("a stream has as many messages under way as it has credit for", () => {
  const { fill, half, drain } = sending({}, 3);
  assertEquals([fill(), half.credit, half.waiting], [3, 0, 1]);
  half.onCredit(1, KIB);
  assertEquals([half.credit, half.waiting, half.sequence], [0, 0, 4]);
  assertEquals(drain().map(({ argument }) => argument), [0, 1, 2, 3], "each has its number");
});

Deno.test("all credit and all bytes can be given back, and no more", () => {
  const whole = sending({}, 3);
  whole.half.send(rawCodec, PAYLOAD);
  whole.half.send(rawCodec, PAYLOAD);
  whole.half.onCredit(2, 2 * KIB);
  assertEquals(whole.half.credit, 3);
  for (const [messages, bytes] of [[1, 0], [0, 1]] as const) {
    const error = assertThrows(
      () => whole.half.onCredit(messages, bytes),
      InternodeError,
      "not in use",
    );
    assertEquals(error.code, "ProtocolError");
  }
});

Deno.test("bytes that are given back let go what waits for them, in order", () => {
  const { half, fill, drain } = sending({ streamBudgetBytes: 1 });
  const accepted: number[] = [];
  assertEquals(fill(), 64);
  for (let n = 1; n <= 3; n++) {
    const waiting = half.send(rawCodec, PAYLOAD)!;
    waiting.onAccepted = () => accepted.push(n);
  }
  let ended = false;
  half.end(() => ended = true, 0);
  half.onCredit(0, 2 * KIB);
  assertEquals([half.waiting, accepted, ended], [3, [1], false]);
  half.onCredit(0, 1);
  assertEquals(accepted, [1, 2], "as long as a byte of 64 KiB is free");
  half.onCredit(0, KIB - 1);
  half.onCredit(0, 1);
  assertEquals([half.waiting, accepted, ended], [0, [1, 2, 3], true]);
  const last = drain().at(-1)!;
  assertEquals([last.type, last.argument], [FrameType.outputEnd, 68]);
});

Deno.test("an end is said once, and waits for nothing but what waits before it", () => {
  for (const type of [FrameType.input, FrameType.output]) {
    const { scheduler, drain } = openScheduler();
    const half = new SendHalf(scheduler, type, 0);
    let ended = 0;
    half.end(() => ended++, 0);
    half.end(() => ended++, 0);
    assertEquals([ended, half.ended], [1, true]);
    const endType = type === FrameType.input ? FrameType.inputEnd : FrameType.outputEnd;
    assertEquals(drain().map((frame) => frame.type), [endType]);
  }
});

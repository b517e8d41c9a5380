/** What a send scheduler hands out and when, and whom it notifies. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Codec } from "../../../lib/codec/format/codec.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { SendScheduler } from "../../../lib/session/sending/send_scheduler.ts";
import { messageCost } from "../../../lib/wire/limits.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/limits.ts";
import { WriterPool } from "../../../lib/wire/writer_pool.ts";
import { SendHalf } from "../../../lib/session/sending/send_half.ts";
import { numbered, type Payload, rawCodec, TestCall } from "../../support/session/calls.ts";
import { openScheduler } from "../../support/session/open_scheduler.ts";

Deno.test("a control frame overtakes a long queue, but never the frame that opens the session", () => {
  const scheduler = new SendScheduler(new WriterPool(), false, Infinity, DEFAULT_LIMITS, {
    onOutput() {},
  });
  const drained = (): number[] => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    scheduler.drain(pieces);
    scheduler.recycle();
    return pieces.map((piece) => piece[0]!);
  };
  const long = new Uint8Array(20_000);
  scheduler.frame(FrameType.welcome, 0, 0, 0);
  scheduler.cut();
  scheduler.frame(FrameType.error, 0, 1, 0, long);
  scheduler.control(FrameType.ping, 0, 1);
  assertEquals(drained()[0], FrameType.welcome);
  scheduler.frame(FrameType.error, 0, 2, 0, long);
  scheduler.control(FrameType.ping, 0, 2);
  assertEquals(drained(), [FrameType.ping, FrameType.error]);
});

/** Sends a request, and says whether it is in the batch. */
function request(
  scheduler: SendScheduler,
  bytes: number,
  codec: Codec<Payload> = rawCodec,
  call: TestCall | null = null,
): boolean {
  return scheduler.send(FrameType.request, 0, 0, 1 << 20, 0, null, codec, numbered(bytes), call);
}

/** A direction of a stream that may send so many messages. */
function streaming(scheduler: SendScheduler, credit = 100): SendHalf {
  const half = new SendHalf(scheduler, FrameType.output, credit);
  half.id = 5;
  return half;
}

/** Does something in the midst of a value. */
function acting(act: () => void): Codec<Payload> {
  return {
    encode(value, writer): void {
      act();
      writer.append(value!);
    },
    decode: rawCodec.decode,
  };
}

const MIB = 1024 * 1024;

/** What lets something leave that could not, each with what comes before it. */
const TELLING: [what: string, prepare: (scheduler: SendScheduler) => () => void][] = [
  ["a control frame", (scheduler) => () => scheduler.control(FrameType.ping, 0, 1)],
  ["a frame in its place", (scheduler) => () => scheduler.frame(FrameType.error, 0, 1, 0)],
  ["credit", (scheduler) => () => scheduler.credit(FrameType.inputCredit, 1, 1, 1)],
  ["a small request", (scheduler) => () => void request(scheduler, 10)],
  ["a large request", (scheduler) => () => void request(scheduler, 20_000)],
  [
    "a large request by its codec",
    (scheduler) => () => void request(scheduler, 20_000, acting(() => {})),
  ],
  ["a small message of a stream", (scheduler) => {
    const half = streaming(scheduler);
    return () => void half.send(rawCodec, numbered(10));
  }],
  ["a large message of a stream", (scheduler) => {
    const half = streaming(scheduler);
    return () => void half.send(rawCodec, numbered(20_000));
  }],
  ["credit for a message that waits", (scheduler) => {
    const half = streaming(scheduler, 1);
    half.send(rawCodec, numbered(10));
    half.send(rawCodec, numbered(10));
    return () => half.onCredit(1, 10);
  }],
  ["the end of a stream", (scheduler) => {
    const half = streaming(scheduler);
    return () => half.end(() => {}, 0);
  }],
  ["room in the peer's budget", (scheduler) => {
    scheduler.budget.reserve(scheduler.budget.window - 128);
    request(scheduler, 20_000);
    return () => scheduler.onWindow(30_000);
  }],
  ["bulk that has arrived", (scheduler) => {
    request(scheduler, 3 * MIB);
    return () => void scheduler.onArrived(MIB);
  }],
  ["a message given up that was in the way", (scheduler) => {
    const { budget } = scheduler;
    budget.reserve(budget.window - 30_000);
    request(scheduler, 40_000);
    scheduler.send(FrameType.request, 0, 0, 2 << 20, 0, null, rawCodec, numbered(20_000), null);
    return () => void scheduler.drop(1 << 20, false);
  }],
];

for (const [what, prepare] of TELLING) {
  Deno.test(`who drains is told of ${what}`, () => {
    const { scheduler, told, drain } = openScheduler();
    const act = prepare(scheduler);
    while (drain().length > 0);
    assertEquals(scheduler.hasOutput, false);
    told.count = 0;
    act();
    assert(told.count > 0);
    assert(scheduler.hasOutput);
    assert(drain().length > 0);
  });
}

Deno.test("the driver is not notified where nothing can leave", () => {
  const { scheduler, told, drain } = openScheduler();
  request(scheduler, 3 * MIB);
  while (drain().length > 0);
  // Beside small messages there is more bulk under way than may be.
  request(scheduler, 10);
  drain();
  told.count = 0;
  assertEquals(scheduler.onArrived(100_000), true);
  assertEquals(scheduler.onArrived(100_000), false, "it was known");
  scheduler.onWindow(1_000);
  assertEquals(scheduler.drop(7 << 20, false), false);
  assertEquals(told.count, 0);
});

/** How a value is encoded, with what becomes of it after something was done meanwhile. */
const ENCODINGS: [what: string, run: (scheduler: SendScheduler, act: () => void) => void][] = [
  ["a small request", (scheduler, act) => void request(scheduler, 10, acting(act))],
  ["a large request", (scheduler, act) => void request(scheduler, 20_000, acting(act))],
  ["a request that is given up meanwhile", (scheduler, act) => {
    const call = new TestCall();
    const codec = acting(() => {
      act();
      call.state = "ended";
    });
    assertEquals(request(scheduler, 10, codec, call), false);
  }],
  ["a request that cannot be encoded", (scheduler, act) => {
    const codec = acting(() => {
      act();
      throw new TypeError("cannot be read");
    });
    assertThrows(() => request(scheduler, 10, codec), InternodeError, "cannot be read");
  }],
  ["a request that is too large", (scheduler, act) => {
    const codec = acting(act), bytes = DEFAULT_LIMITS.maxMessageBytes + 1;
    assertThrows(() => request(scheduler, bytes, codec), InternodeError, "maxMessageBytes");
  }],
  ["a small message of a stream", (scheduler, act) => {
    assertEquals(streaming(scheduler).send(acting(act), numbered(10)), null);
  }],
  ["a large message of a stream", (scheduler, act) => {
    assertEquals(streaming(scheduler).send(acting(act), numbered(20_000)), null);
  }],
  ["a message of a stream that has to wait", (scheduler, act) => {
    assert(streaming(scheduler, 0).send(acting(act), numbered(10)) !== null);
  }],
  ["a message of a stream that ends meanwhile", (scheduler, act) => {
    const half = streaming(scheduler);
    const codec = acting(() => {
      act();
      half.ended = true;
    });
    assertThrows(() => half.send(codec, numbered(10)), InternodeError);
  }],
];

for (const [what, run] of ENCODINGS) {
  Deno.test(`what is said while ${what} is encoded leaves as soon as that is over`, () => {
    const { scheduler, told, drain } = openScheduler();
    let during = -1;
    run(scheduler, () => {
      scheduler.control(FrameType.ping, 0, 1);
      scheduler.frame(FrameType.error, 0, 1, 0, numbered(3));
      scheduler.credit(FrameType.inputCredit, 1, 2, 3);
      request(scheduler, 20);
      assertEquals(scheduler.hasOutput, false);
      assertEquals(drain(), [], "nothing leaves in the midst of a value");
      during = told.count;
    });
    assertEquals(during, 0);
    assert(told.count > 0);
    const types: number[] = [];
    for (let frames = drain(); frames.length > 0; frames = drain()) {
      types.push(...frames.map(({ type }) => type));
    }
    for (
      const type of [FrameType.ping, FrameType.error, FrameType.inputCredit, FrameType.request]
    ) {
      assert(types.includes(type), `type ${type} is among ${types}`);
    }
    // The next one leaves as usual.
    assertEquals([request(scheduler, 10), drain().length], [true, 1]);
  });
}

Deno.test("a call made while another value is encoded leaves, though that one fails", () => {
  const { scheduler, told, drain } = openScheduler();
  const codec = acting(() => {
    request(scheduler, 20);
    throw new TypeError("cannot be read");
  });
  assertThrows(() => request(scheduler, 10, codec), InternodeError);
  assert(told.count > 0);
  assertEquals(drain().map(({ payload }) => payload.length), [20]);
});

Deno.test("small messages are gathered in batches up to a quarter of what may wait, others queue up", () => {
  const { scheduler, drain } = openScheduler({ limits: { sendBudgetBytes: 400_000 } });
  // With its header a message has 1,000 bytes.
  let gathered = 0;
  while (request(scheduler, 984)) gathered++;
  assertEquals([gathered, scheduler.pendingBytes], [100, 100_000]);
  assertEquals(scheduler.enqueuedBytes, 984);
  assertEquals(drain().length, 101, "both leave");
});

Deno.test("streams leave three quarters of what may wait to others, and go on once half of theirs is free", () => {
  // What leaves at a time is less than half of it, or just half.
  for (const goesOn of [false, true]) {
    for (const inBulk of [false, true]) {
      // Whole batches of 66 messages leave, or 28 from the bulk lane.
      const quarter = !goesOn ? 600_000 : inBulk ? 2 * 280_000 : 2 * 264_000;
      const { scheduler, drain } = openScheduler({ limits: { sendBudgetBytes: 4 * quarter } });
      // With what each counts beside it, or its header: 10,000 bytes or 1,000.
      const bytes = inBulk ? 9_616 : 984;
      const halves = Array.from({ length: 20 }, () => streaming(scheduler, 1_000));
      for (const half of halves) {
        while (half.waiting === 0) half.send(rawCodec, numbered(bytes));
      }
      assertEquals(
        [scheduler.pendingBytes, scheduler.bulk.streamBytes],
        inBulk ? [0, quarter] : [quarter, 0],
      );
      const waiting = (): number => halves.filter((half) => half.waiting > 0).length;
      drain();
      assertEquals(waiting(), goesOn ? 0 : 20);
      drain();
      assertEquals(waiting(), 0, "they go on by themselves");
    }
  }
});

Deno.test("a stream that finds no room the first time that it asks goes on by itself, too", () => {
  const { scheduler, drain } = openScheduler({ limits: { sendBudgetBytes: 400_000 } });
  while (request(scheduler, 984));
  const half = streaming(scheduler);
  let accepted = false;
  half.send(rawCodec, numbered(10))!.onAccepted = () => accepted = true;
  assertEquals(half.waiting, 1);
  drain();
  assertEquals([half.waiting, accepted], [0, true]);
});

/** Three streams of ids 1 to 3 whose messages of 1,000 bytes wait for the peer's window, and whose messages have left. */
function waitingStreams() {
  const { scheduler, drain } = openScheduler({ hello: { receiveBudgetBytes: 80_000 } });
  scheduler.budget.window = 0;
  const streams = [1, 2, 3].map((id) => {
    const half = streaming(scheduler);
    half.id = id;
    for (let n = 0; n < 2; n++) half.send(rawCodec, numbered(1_000));
    return half;
  });
  return { scheduler, streams, left: () => drain().map(({ id }) => id) };
}

Deno.test("streams that wait for the peer's window go on in turn, those that ended meanwhile left out", () => {
  const { scheduler, streams, left } = waitingStreams();
  // Streams leave a quarter of the budget alone: what is over that is enough for two messages.
  scheduler.budget.window = 20_000 + 2 * messageCost(1_000);
  scheduler.useWindow();
  assertEquals(left(), [1, 1]);
  streams[1]!.abandon(new Error("ended"));
  scheduler.budget.window = 20_000 + messageCost(1_000);
  scheduler.useWindow();
  assertEquals(left(), [3]);
  for (let n = 0; n < 2; n++) streams[0]!.send(rawCodec, numbered(1_000));
  scheduler.budget.window = 20_000 + messageCost(1_000);
  scheduler.useWindow();
  assertEquals(left(), [3], "one that has to wait again stands last");
  scheduler.budget.window = 40_000;
  scheduler.useWindow();
  assertEquals(left(), [1, 1]);
});

Deno.test("a scheduler that was cleared sends nothing of the streams that waited", () => {
  const { scheduler, left } = waitingStreams();
  assertEquals(scheduler.clear().size, 0);
  scheduler.onWindow(60_000);
  assertEquals(left(), []);
});

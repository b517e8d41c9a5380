/** What waits in the bulk lane: how much it counts with, and what becomes of it. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { BulkLane } from "../../../lib/session/sending/bulk_lane.ts";
import { timeoutArgument } from "../../../lib/session/sending/time_left.ts";
import { PeerBudget } from "../../../lib/session/frames/peer_budget.ts";
import { QueuedMessage, type QueuedStream } from "../../../lib/session/sending/queued_message.ts";
import { StreamQueue } from "../../../lib/session/sending/stream_queue.ts";
import { BatchWriter } from "../../../lib/wire/batch_writer.ts";
import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { LendingPool } from "../../../lib/wire/lending_pool.ts";
import { WriterPool } from "../../../lib/wire/writer_pool.ts";
import { numbered, TestCall } from "../../support/session/calls.ts";
import { joined, parseFrames, type RawFrame, u32 } from "../../support/session/raw_frames.ts";

/** What keeping a message takes beside its payload. */
const OVERHEAD = 384;
const SEND_BUDGET = 20_000, FLATTEN = 5_000;

/** A lane to a peer that takes fragments of 2,000 bytes, and so many bytes in all. */
function lane(receiveBudgetBytes = 80_000, maxFragmentBytes = 2_000) {
  const budget = new PeerBudget();
  budget.open({
    maxMessageBytes: 60_000,
    maxFragmentBytes,
    receiveBudgetBytes,
    streamBudgetBytes: 10_000,
    maxCalls: 9,
  });
  const bulk = new BulkLane(budget, FLATTEN, SEND_BUDGET);
  const writer = new BatchWriter(new WriterPool(), null);
  /** The next frame, as it leaves. */
  const next = (nowMs = 0): RawFrame[] => {
    bulk.writeFragment(writer, nowMs, Infinity);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    writer.drain(pieces, Infinity, nowMs);
    return parseFrames(joined(...pieces));
  };
  return { bulk, budget, next };
}

function request(bytes: number, id = 1 << 20, call: TestCall | null = null): QueuedMessage {
  return new QueuedMessage(FrameType.request, 1, 2, id, 7, numbered(bytes), call, null);
}

Deno.test("what waits counts with its bytes and 384 more, until all of it has left", () => {
  const { bulk, next } = lane();
  assertEquals([bulk.queuedBytes, bulk.isReady(0)], [0, false]);
  bulk.add(request(3_000));
  assertEquals([bulk.queuedBytes, bulk.isReady(0), bulk.departures], [3_000 + OVERHEAD, true, 0]);
  const [first] = next();
  assertEquals([first?.type, first?.flags, first?.code, first?.argument], [
    FrameType.request,
    FLAG_FIRST | 1,
    2,
    7,
  ]);
  assertEquals(first?.payload, joined(u32(3_000), numbered(3_000).subarray(0, 2_000)));
  assertEquals([bulk.queuedBytes, bulk.departures], [1_000 + OVERHEAD, 1]);
  const [second] = next();
  assertEquals([second?.type, second?.payload], [
    FrameType.openerFragment,
    numbered(3_000).subarray(2_000),
  ]);
  assertEquals([bulk.queuedBytes, bulk.departures, bulk.isReady(0)], [0, 2, false]);
});

Deno.test("over a path that is not known to be fast, a piece has 64 KiB at most", () => {
  const { bulk, next } = lane(1_000_000, 100_000);
  bulk.add(request(60_000 + 65_536));
  assertEquals(next()[0]?.payload.length, 4 + 65_536);
  bulk.pacer.onArrived(65_536, 0);
  next(1);
  bulk.pacer.onSent(262_144, 2);
  bulk.pacer.onArrived(65_536 + 60_000 + 262_144, 3);
  bulk.add(request(60_000 + 65_536));
  assertEquals([next(3)[0]?.payload.length, next(3)[0]?.payload.length], [4 + 100_000, 25_536]);
});

/** A message of a stream. */
function output(payload: Uint8Array<ArrayBuffer>): QueuedMessage {
  const stream: QueuedStream = { priority: 0, shiftQueued: () => message, firstQueued() {} };
  const message = new QueuedMessage(FrameType.output, 0, 0, 1 << 20, 0, payload, null, stream);
  return message;
}

Deno.test("only a stream's message is written from where it lies, if it leaves at once and is nowhere lent", () => {
  const lent = new LendingPool().lend(FLATTEN + 1), response = numbered(FLATTEN + 1);
  const cases: [what: string, message: QueuedMessage, roomBytes: number, isReferenced: boolean][] =
    [
      ["of a stream", output(numbered(FLATTEN + 1)), 1, true],
      ["as large as the limit", output(numbered(FLATTEN)), 1, false],
      ["that may have to wait", output(numbered(FLATTEN + 1)), 0, false],
      ["that is lent", output(lent), 1, false],
      ["a request, whose call may end before", request(FLATTEN + 1), 1, false],
      [
        "a response",
        new QueuedMessage(FrameType.response, 0, 0, 1 << 20, 0, response, null, null),
        1,
        false,
      ],
    ];
  for (const [what, message, roomBytes, isReferenced] of cases) {
    const { bulk } = lane(80_000, 20_000), writer = new BatchWriter(new WriterPool(), null);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    bulk.addInOrder(message);
    bulk.writeFragment(writer, 0, roomBytes);
    writer.drain(pieces, Infinity, 0);
    const { buffer } = message.payload;
    assertEquals(pieces.some((piece) => piece.buffer === buffer), isReferenced, what);
    assertEquals(parseFrames(joined(...pieces))[0]?.payload, message.payload, what);
  }
});

Deno.test("a piece takes no more than the room that is left, but never less than a short one", () => {
  for (
    const [roomBytes, expected] of [[100_000, 100_000], [65_537, 65_537], [9, 65_536]] as const
  ) {
    const { bulk } = lane(2_000_000, 200_000), writer = new BatchWriter(new WriterPool(), null);
    bulk.pacer.onSent(262_144, 0);
    bulk.pacer.onArrived(262_144, 1);
    bulk.add(request(150_000));
    assertEquals(bulk.nextBytes, 150_000);
    bulk.writeFragment(writer, 1, roomBytes);
    assertEquals(bulk.nextBytes, 150_000 - expected);
  }
  assertEquals(lane().bulk.nextBytes, 0);
});

Deno.test("a message of exactly one fragment leaves whole", () => {
  const { bulk, next } = lane();
  bulk.add(request(2_000));
  const [frame] = next();
  assertEquals([frame?.flags, frame?.payload.length, bulk.isReady(0)], [1, 2_000, false]);
});

Deno.test("fragments of a response come from the responder, and only messages are fragmented", () => {
  const { bulk, next } = lane();
  for (const type of [FrameType.response, FrameType.output, FrameType.input, FrameType.open]) {
    bulk.addInOrder(new QueuedMessage(type, 0, 0, 1, 0, numbered(2_001), null, null));
    assertEquals(next()[0]?.flags, FLAG_FIRST);
    const responds = type === FrameType.response || type === FrameType.output;
    assertEquals(
      next()[0]?.type,
      responds ? FrameType.responderFragment : FrameType.openerFragment,
    );
  }
  bulk.addInOrder(new QueuedMessage(FrameType.error, 0, 0, 1, 0, numbered(2_001), null, null));
  assertEquals(next()[0]?.payload.length, 2_001);
});

Deno.test("only bulk counts as under way: no whole message of up to 8 KiB", () => {
  const { bulk, next } = lane(200_000, 10_000);
  bulk.add(request(8_192));
  next();
  assertEquals(bulk.pacer.underWayBytes, 0);
  bulk.add(request(8_193));
  next();
  assertEquals(bulk.pacer.underWayBytes, 8_193);
  bulk.add(request(10_001));
  next();
  next();
  assertEquals(bulk.pacer.underWayBytes, 8_193 + 10_001);
});

Deno.test("what fits the send budget may wait, and one message of any size beside it", () => {
  const { bulk, next } = lane();
  bulk.add(request(50_000));
  bulk.add(request(SEND_BUDGET - OVERHEAD - 1 - OVERHEAD));
  assertEquals([bulk.hasRoom(1), bulk.hasRoom(2)], [true, false]);
  const error = assertThrows(() => bulk.checkRoom(2), InternodeError, "sendBudgetBytes (20000)");
  assertEquals([error.code, error.outcome, bulk.refusedBytes], ["Overloaded", "notSent", 2]);
  bulk.checkRoom(1);
  // What has left of the large one makes no room, as it did not count.
  for (let n = 0; n < 4; n++) next();
  assertEquals([bulk.hasRoom(4_001), bulk.hasRoom(4_002)], [true, false]);
});

Deno.test("there is room for another of any size once the one beside the budget has left, or is given up", () => {
  const left = lane();
  left.bulk.add(request(30_000));
  assertEquals([left.bulk.hasRoom(30_000), left.bulk.hasRoom(SEND_BUDGET - OVERHEAD)], [
    false,
    true,
  ]);
  for (let n = 0; n < 15; n++) left.next();
  assertEquals([left.bulk.queuedBytes, left.bulk.hasRoom(30_000)], [0, true]);

  const dropped = lane();
  dropped.bulk.add(request(30_000));
  assertEquals(dropped.bulk.drop(1 << 20, false), true);
  assertEquals([dropped.bulk.queuedBytes, dropped.bulk.hasRoom(60_000)], [0, true]);

  const both = lane();
  both.bulk.add(request(30_000, 1));
  both.bulk.add(request(1_000, 2));
  both.bulk.drop(2, false);
  assertEquals(both.bulk.hasRoom(30_000), false, "the one that was given up was another");
  both.bulk.add(request(1_000, 3));
  // It is the other's turn in between.
  for (let n = 0; n < 2; n++) both.next();
  assertEquals(both.bulk.hasRoom(30_000), false, "the one that has left was another");

  const fits = lane();
  fits.bulk.add(request(SEND_BUDGET - OVERHEAD));
  assertEquals(fits.bulk.hasRoom(30_000), true, "what just fits is not beside");
});

Deno.test("a message too large for the peer is refused for its size", () => {
  const { bulk } = lane();
  bulk.checkRoom(60_000);
  const error = assertThrows(() => bulk.checkRoom(60_001), InternodeError);
  assertEquals(error.code, "MessageTooLarge");
});

Deno.test("what the peer has no room for waits, in order, until it has", () => {
  const { bulk, budget, next } = lane(65_536);
  const order: number[] = [];
  for (const id of [1, 2, 3]) bulk.add(request(40_000, id));
  bulk.add(request(2_000, 4));
  assertEquals(budget.window, 65_536 - 40_128);
  const drain = () => {
    while (bulk.isReady(0)) order.push(...next().map(({ id }) => id));
  };
  drain();
  assertEquals(new Set(order), new Set([1]), "the small one does not pass those before it");
  bulk.drop(2, false);
  budget.giveBack(40_128);
  bulk.pacer.onArrived(40_000, 1);
  bulk.onWindow();
  drain();
  assertEquals([...new Set(order)], [1, 3, 4]);
});

Deno.test("what is given up before it was begun gives its room back, later it does not", () => {
  const { bulk, budget, next } = lane();
  bulk.add(request(3_000, 1));
  bulk.add(request(3_000, 2));
  next();
  assertEquals(budget.window, 80_000 - 2 * 3_128);
  assertEquals([bulk.drop(2, false), budget.window], [true, 80_000 - 3_128]);
  assertEquals([bulk.drop(1, false), budget.window], [true, 80_000 - 3_128]);
  assertEquals([bulk.queuedBytes, bulk.isReady(0)], [0, false]);
  assertEquals(bulk.drop(1, false), false);
});

Deno.test("what answers the peer's call and what belongs to a call of ours are told apart", () => {
  const { bulk } = lane();
  bulk.add(request(3_000, 1));
  assertEquals([bulk.drop(1, true), bulk.drop(1, false)], [false, true]);
  bulk.addInOrder(new QueuedMessage(FrameType.response, 0, 0, 1, 0, numbered(9), null, null));
  assertEquals([bulk.drop(1, false), bulk.drop(1, true)], [false, true]);
});

Deno.test("a message given up twice is uncounted once", () => {
  const { bulk } = lane(), message = request(3_000);
  bulk.add(message);
  bulk.add(request(1_000, 2));
  bulk.discard(message);
  bulk.discard(message);
  assertEquals([bulk.queuedBytes, bulk.departures], [1_000 + OVERHEAD, 1]);
  assertEquals(bulk.drop(message.id, false), false, "it is no sign of an unanswered call");
});

Deno.test("a stream's message counts apart, and takes those behind it along when it is given up", () => {
  const { bulk, next } = lane(), stream = new StreamQueue(FrameType.input, 10);
  const message = () =>
    new QueuedMessage(FrameType.input, 0, 0, 5, 0, numbered(3_000), null, stream);
  for (const each of [message(), message()]) {
    bulk.countStream(each);
    if (stream.enqueue(each)) bulk.addInOrder(each);
  }
  assertEquals([bulk.streamBytes, bulk.queuedBytes], [2 * (3_000 + OVERHEAD), 0]);
  next();
  assertEquals([bulk.streamBytes, bulk.departures], [4_000 + 2 * OVERHEAD, 0]);
  next();
  assertEquals([bulk.streamBytes, stream.queued], [3_000 + OVERHEAD, true]);
  assertEquals(next()[0]?.type, FrameType.input, "the second takes the place of the first");
  assertEquals(bulk.streamBytes, 1_000 + OVERHEAD);
  assertEquals(bulk.drop(5, false), true);
  assertEquals([bulk.streamBytes, stream.queued], [0, false]);
});

Deno.test("a message whose time has run out is not begun, one whose memory is gone ends its call", () => {
  const { bulk, next } = lane(), lost: [number, boolean][] = [];
  bulk.listener = { onPayloadLost: (id, responder) => lost.push([id, responder]) };
  bulk.add(request(3_000, 1, new TestCall(10)));
  assertEquals([next(10), bulk.queuedBytes], [[], 0]);
  bulk.add(request(3_000, 2, new TestCall(11)));
  assertEquals(next(10)[0]?.argument, 1);
  next(10);

  for (const type of [FrameType.request, FrameType.response]) {
    const message = new QueuedMessage(type, 0, 0, 3, 0, numbered(3_000), null, null);
    bulk.add(message);
    structuredClone(message.payload, { transfer: [message.payload.buffer] });
    assertEquals([next(10), bulk.queuedBytes], [[], 0]);
  }
  assertEquals(lost, [[3, false], [3, true]]);
});

Deno.test("a call whose message waited is notified when it has left completely, and counts as sent from its first fragment on", () => {
  const { bulk, next } = lane(), call = new TestCall();
  let transmitted = 0;
  call.onTransmitted = () => transmitted++;
  call.state = "waiting";
  bulk.add(request(3_000, 1, call));
  assertEquals(next()[0]?.argument, NO_TIMEOUT);
  assertEquals([call.state, transmitted], ["sent", 0]);
  next();
  assertEquals(transmitted, 1);
});

Deno.test("a lane that was cleared holds nothing", () => {
  const { bulk } = lane(65_536), stream = new StreamQueue(FrameType.input, 10);
  bulk.add(request(30_000, 1));
  bulk.add(request(50_000, 2));
  const message = new QueuedMessage(FrameType.input, 0, 0, 5, 0, numbered(9), null, stream);
  bulk.countStream(message);
  bulk.clear();
  assertEquals([bulk.queuedBytes, bulk.streamBytes, bulk.isReady(0)], [0, 0, false]);
  assertEquals(bulk.hasRoom(100_000), true);
  bulk.onWindow();
  assertEquals(bulk.isReady(0), false);
});

Deno.test("clearing a lane returns the calls of which a part has left", () => {
  const { bulk, next } = lane(), calls = Array.from({ length: 3 }, () => new TestCall());
  const [first, second] = calls;
  // What belongs to no call leaves in part, too.
  bulk.addInOrder(
    new QueuedMessage(
      FrameType.input,
      0,
      0,
      9,
      0,
      numbered(3_000),
      null,
      new StreamQueue(FrameType.input, 1),
    ),
  );
  bulk.countStream(request(3_000));
  calls.forEach((call, n) => bulk.add(request(3_000, n, call)));
  for (let n = 0; n < 3; n++) next();
  bulk.drop(1, false);
  assertEquals([...bulk.clear()], [first]);
  assertEquals([second!.error, ...bulk.clear()], [null]);
});

Deno.test("the time left is rounded up, never negative, and never that of a call without a deadline", () => {
  assertEquals([timeoutArgument(Infinity, 5), timeoutArgument(5.2, 5)], [NO_TIMEOUT, 1]);
  assertEquals([timeoutArgument(5, 5), timeoutArgument(4, 5)], [0, 0]);
  assertEquals(timeoutArgument(1e12, 5), NO_TIMEOUT - 1);
});

Deno.test("a call whose time runs out is not sent, unless a fragment of it has left", () => {
  for (const begun of [true, false]) {
    const { bulk, next } = lane();
    const call = new TestCall(100);
    bulk.add(request(3_000, 1 << 20, call));
    if (begun) assertEquals(next(99).length, 1);
    assertEquals(next(100).map(({ type }) => type), begun ? [FrameType.openerFragment] : []);
    assertEquals(bulk.queuedBytes, 0);
  }
});

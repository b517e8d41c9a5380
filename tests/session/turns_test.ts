/** What a turn is: how long it lasts, what time it is in it, and what it leaves behind. @module */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { CallerSide } from "../../lib/session/caller_side.ts";
import { encodeHello } from "../../lib/session/hello.ts";
import { Inbox } from "../../lib/session/inbox.ts";
import { NO_METADATA } from "../../lib/session/metadata.ts";
import { OutgoingCall } from "../../lib/session/outgoing_calls.ts";
import type { CreditGiver } from "../../lib/session/receive_half.ts";
import { ResponderSide } from "../../lib/session/responder_side.ts";
import { SendHalf } from "../../lib/session/send_half.ts";
import { TurnLag } from "../../lib/session/turn_lag.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../lib/wire/limits.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";
import { rawCodec, TestAccepted, TestCall, TestIncoming, TestStream } from "./calls.ts";
import { openOutbox } from "./open_outbox.ts";
import { joined, parseFrames, rawFrame } from "./raw_frames.ts";
import { peerHello, ScriptedPeer } from "./scripted_peer.ts";

const ERROR = new InternodeError("Cancelled", "enough of it", { origin: "caller" });
const ID = 1 << 20;

/** Both sides of a session, by themselves. */
function sides() {
  const { outbox, drain } = openOutbox();
  const inbox = new Inbox(DEFAULT_LIMITS, outbox);
  const giver: CreditGiver = { release(): void {}, giveCredit(): void {} };
  const caller = new CallerSide(outbox, inbox, giver);
  const responder = new ResponderSide(outbox, inbox, giver, { resolve: () => null }, 10);
  return { outbox, drain, caller, responder };
}

type Sides = ReturnType<typeof sides>;

function request({ caller }: Sides, call: TestCall, nowMs: number): TestCall {
  caller.request(call, 0, rawCodec, null, null, nowMs);
  return call;
}

/** A request of the peer's that is not answered yet. */
function incoming({ responder }: Sides): TestIncoming {
  const call = new TestIncoming(responder, ID, Infinity, null, NO_METADATA);
  responder.acceptCall(call);
  return call;
}

/** A stream of the peer's with as much credit in each direction. */
function accepted({ responder }: Sides, credit: number): TestAccepted {
  const stream = new TestAccepted(responder, ID, Infinity, null, NO_METADATA);
  responder.acceptStream(stream, credit, credit);
  return stream;
}

/** All that enters from outside in a turn of its own, at the time 77. */
const ENTRIES: [what: string, enter: (all: Sides) => void][] = [
  ["a name's number", ({ caller }) => void caller.nameNumber("a", "b", 77)],
  ["a key's number", ({ caller }) => void caller.keyNumber("key", "a", 77)],
  ["a request", (all) => void request(all, new TestCall(), 77)],
  ["a stream", ({ caller }) => caller.open(new TestStream(), 0, rawCodec, null, null, 1, 1, 77)],
  ["a cancel", (all) => {
    const call = request(all, new TestCall(), 5);
    all.caller.cancel(call, ERROR, "Cancelled", 77);
  }],
  ["an answer", (all) => void all.responder.finishCall(incoming(all), rawCodec, null, 77)],
  ["a failure", (all) => all.responder.failCall(incoming(all), ERROR, null, 77)],
  ["a stream's failure", (all) => all.responder.failCall(accepted(all, 1), ERROR, null, 77)],
  ["a stream's end", (all) => all.responder.finishStream(accepted(all, 1), 77)],
  ["an end of no outputs", (all) => all.responder.finishStream(accepted(all, 0), 77)],
  ["a handler given up", (all) => all.responder.endCall(incoming(all), ERROR, 77)],
  ["a direction's end", ({ outbox }) => {
    new SendHalf(outbox, FrameType.input, 1).end(() => {}, 77);
  }],
];

for (const [what, enter] of ENTRIES) {
  Deno.test(`${what} says what time it is`, () => {
    const all = sides();
    all.outbox.nowMs = 5;
    enter(all);
    assertEquals(all.outbox.nowMs, 77);
  });
}

Deno.test("a call that was given up has no deadline any more, though its slot is in use", () => {
  const all = sides(), { caller, outbox } = all;
  const first = request(all, new TestCall(100), 0), second = request(all, new TestCall(50), 0);
  caller.cancel(first, ERROR, "Cancelled", 10);
  assertEquals([first.state, caller.calls.active], ["abandoned", 2]);
  outbox.nowMs = 50;
  caller.expire();
  assertEquals([second.error?.code, caller.earliestDeadlineMs()], ["DeadlineExceeded", Infinity]);
});

Deno.test("a deadline that is set counts from no turn", () => {
  const call = new class extends OutgoingCall {
    override onResponse(): void {}
    override onError(): void {}
  }();
  const lag = new TurnLag();
  call.untilMs = 100;
  call.lag = lag;
  lag.ms = 7;
  assertEquals(call.deadlineMs, 107);
  call.deadlineMs = 50;
  assertEquals(call.deadlineMs, 50);
});

Deno.test("a turn may end after 32 frames that run no handler, each time", () => {
  const peer = ScriptedPeer.open("acceptor"), { side } = peer;
  side.endTurns = true;
  const pings = Array.from({ length: 70 }, (_, argument) => rawFrame(FrameType.ping, { argument }));
  side.receiveBatch(joined(...pings));
  const answered: number[] = [];
  for (;;) {
    answered.push(peer.frames().length);
    if (!side.interrupted) break;
    side.resume();
  }
  // The hello was the first of all.
  assertEquals(answered, [31, 63, 70]);
});

Deno.test("a turn may end after 16 KiB of frames that run no handler", () => {
  // A cancel's text is read as far as it is to be shown.
  const cancel = rawFrame(FrameType.cancel, { id: ID, code: 4, payload: new Uint8Array(5_000) });
  const peer = ScriptedPeer.open("acceptor"), { side } = peer;
  side.endTurns = true;
  side.receiveBatch(joined(...Array.from({ length: 10 }, () => cancel)));
  let turns = 1;
  for (; side.interrupted; turns++) side.resume();
  // Four of them are more than that, three are less.
  assertEquals([turns, side.closed], [3, null]);
});

Deno.test("a handshake ends no turn", () => {
  const peer = new ScriptedPeer("acceptor"), { side } = peer;
  side.endTurns = true;
  const hello = rawFrame(FrameType.hello, { payload: encodeHello(peerHello()) });
  side.receiveBatch(joined(hello, rawFrame(FrameType.ping, { argument: 9 })));
  assertEquals([side.session.state, side.interrupted], ["open", false]);
  assertEquals(peer.frames().at(-1)?.type, FrameType.pong);
});

Deno.test("what was written is used again, and not before", () => {
  const pool = new WriterPool(), peer = ScriptedPeer.open("acceptor", { pool }), { side } = peer;
  while (pool.take().bytes.some((byte) => byte !== 0));
  peer.send(rawFrame(FrameType.ping, { argument: 0x1234_5678 }));
  side.drain();
  const [frame] = side.transit.flatMap(parseFrames);
  assertEquals(frame?.argument, 0x1234_5678);
  assert(pool.take().bytes.every((byte) => byte === 0), "it is still being written");
  side.written();
  assert(pool.take().bytes.some((byte) => byte !== 0));
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { CallTime, TurnLag } from "../../../lib/session/frames/call_time.ts";
import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { failingCodec, numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { errorPayload, joined, rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

Deno.test("a deadline travels as the time left at the moment of sending", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 1000 });
  peer.side.request("echo", numbered(1));
  peer.nowMs += 300;
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 700 });
  peer.expect(FrameType.request, { argument: NO_TIMEOUT });
});

Deno.test("each request has its own time left, however long the one before has waited", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 60_000 });
  peer.nowMs += 10_000;
  peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 5000 });
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 50_000 });
  peer.expect(FrameType.request, { argument: 5000 });
});

Deno.test("requests that wait in one batch have each its own time left, to the millisecond", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 1000 });
  peer.nowMs += 4;
  peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 1000 });
  peer.nowMs += 16;
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 980 });
  peer.expect(FrameType.request, { argument: 984 });
});

Deno.test("what a turn took counts for the deadline of a call made in it, also on its way", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 1000 });
  const lag = new TurnLag();
  call.time = new CallTime(peer.nowMs, 1000, lag);
  peer.nowMs += lag.ms = 200;
  peer.nowMs += 50;
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 950 });
  assertEquals(call.deadlineMs, peer.nowMs + 950);
});

Deno.test("a request whose call has ended here while it waited has no time left", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 1000 });
  peer.nowMs += 10;
  peer.side.session.outgoing.cancel(call, "enough", "Cancelled", peer.nowMs);
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 0 });
  peer.expect(FrameType.cancel);
});

Deno.test("a request that left the batch again has no say in the next one's time", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  assertThrows(() => side.request("echo", null, { codec: failingCodec, deadlineMs: 61_000 }));
  peer.expect(FrameType.name);
  assertThrows(() => side.request("echo", null, { codec: failingCodec, deadlineMs: 61_000 }));
  peer.nowMs += 10_000;
  side.request("echo", numbered(1), { deadlineMs: peer.nowMs + 5000 });
  peer.nowMs += 100;
  peer.expect(FrameType.request, { argument: 4900 });
});

Deno.test("a message in the bulk lane has the time left when its first piece leaves", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("echo", numbered(300_000), { deadlineMs: peer.nowMs + 9000 });
  peer.nowMs += 4000;
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { argument: 5000 });
});

Deno.test("a call without an answer ends at its deadline, and the peer gets a cancel", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null, { deadlineMs: pair.nowMs + 250 });
  pair.pump();
  pair.advance(249);
  assert(!call.done);
  pair.advance(1);
  assertEquals([call.error?.code, call.error?.outcome], ["DeadlineExceeded", "maybeExecuted"]);
  assert(kept.requests[0]!.cancelled !== null);
  assertNothingLeft(pair);
});

Deno.test("the deadline ends the call on both sides, even when neither hears the other", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null, { deadlineMs: pair.nowMs + 250 });
  pair.pump();
  pair.nowMs += 250;
  pair.fire();
  assertEquals(call.error?.code, "DeadlineExceeded");
  assertEquals(kept.requests[0]!.cancelled?.code, "DeadlineExceeded");
  pair.pump();
  assertNothingLeft(pair);
});

Deno.test("a stream ends at its deadline", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const stream = pair.dialler.open("keep", null, {
    input: 2,
    output: 2,
    deadlineMs: pair.nowMs + 250,
  });
  pair.pump();
  kept.streams[0]!.send!.send(rawCodec, numbered(1));
  pair.pump();
  pair.advance(250);
  assertEquals(stream.received, [numbered(1)]);
  assertEquals(stream.error?.code, "DeadlineExceeded");
  assert(kept.streams[0]!.cancelled !== null);
  pair.pump();
  assertNothingLeft(pair);
});

Deno.test("a call whose time ran out in a queue sends nothing", () => {
  // The peer takes one budget's worth, which the first two requests use up.
  const peer = ScriptedPeer.open("dialler", {}, { receiveBudgetBytes: 65_536 });
  const { side } = peer;
  const first = side.request("echo", numbered(40_000));
  const second = side.request("echo", numbered(40_000), { deadlineMs: peer.nowMs + 100 });
  const opening = side.open("echo", numbered(40_000), { deadlineMs: peer.nowMs + 100, input: 1 });
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { id: first.id });
  peer.nowMs += 100;
  side.session.onTimer(peer.nowMs);
  for (const call of [second, opening]) {
    assertEquals([call.error?.code, call.error?.outcome], ["DeadlineExceeded", "notSent"]);
  }
  peer.send(rawFrame(FrameType.window, { argument: 40_000 }));
  peer.expectNothing();
  assertEquals(side.session.outgoing.calls.active, 1);
  assertEquals(side.session.queuedBytes, 0);
});

Deno.test("a call whose time runs out, or whose connection is lost, when a part of it has left was not run", () => {
  for (const isLost of [false, true]) {
    const peer = ScriptedPeer.open("dialler", { limits: { sendBudgetBytes: 100_000_000 } });
    const { side } = peer, options = { deadlineMs: peer.nowMs + 100 };
    const request = side.request("echo", numbered(3_000_000), options);
    const opening = side.open("echo", numbered(3_000_000), { ...options, input: 1 });
    const whole = side.request("echo", numbered(1), options);
    side.drain();
    side.written();
    assertEquals([request, opening, whole].map(({ state }) => state), ["sent", "sent", "sent"]);
    peer.nowMs += 100;
    if (isLost) side.session.onLost("the cable was cut", peer.nowMs);
    else side.session.onTimer(peer.nowMs);
    const code = isLost ? "Disconnected" : "DeadlineExceeded";
    assertEquals([request, opening, whole].map(({ error }) => [error?.code, error?.outcome]), [
      [code, "notExecuted"],
      [code, "notExecuted"],
      [code, "maybeExecuted"],
    ]);
  }
});

Deno.test("a call whose time ran out just before its turn in the bulk lane is not begun", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  const call = side.request("echo", numbered(300_000), { deadlineMs: peer.nowMs + 50 });
  peer.nowMs += 50;
  peer.expect(FrameType.name);
  peer.expectNothing();
  side.session.onTimer(peer.nowMs);
  assertEquals([call.error?.code, call.error?.outcome], ["DeadlineExceeded", "notSent"]);
  assertEquals(side.session.queuedBytes, 0);
  assertEquals(side.session.outgoing.calls.active, 0);
  assertEquals(side.session.sendWindowBytes, 128 * 1024 * 1024);
  peer.expectNothing();
});

Deno.test("calls that wait for a slot end at their own deadlines, whatever the order", () => {
  const pair = new Pair({ acceptor: { limits: { maxCalls: 1 } } });
  pair.keep();
  const { dialler } = pair;
  dialler.request("keep", null);
  pair.pump();
  const never = dialler.request("keep", null);
  const late = dialler.request("keep", null, { deadlineMs: pair.nowMs + 5000 });
  const soon = dialler.request("keep", null, { deadlineMs: pair.nowMs + 100 });
  const middle = dialler.open("keep", null, { deadlineMs: pair.nowMs + 300, output: 1 });
  pair.advance(100);
  assertEquals([never, late, soon, middle].map((call) => call.done), [false, false, true, false]);
  pair.advance(200);
  assertEquals([never, late, soon, middle].map((call) => call.done), [false, false, true, true]);
  assertEquals([soon.error?.code, soon.error?.outcome], ["DeadlineExceeded", "notSent"]);
  pair.advance(4700);
  assertEquals([never, late].map((call) => call.done), [false, true]);
});

Deno.test("a call whose slot comes too late is not sent", () => {
  const peer = ScriptedPeer.open("dialler", {}, { maxCalls: 1 });
  const { side } = peer;
  const first = side.request("echo", null);
  const second = side.request("echo", null, { deadlineMs: peer.nowMs + 100 });
  const third = side.request("echo", null);
  peer.expect(FrameType.name);
  peer.expect(FrameType.request);
  peer.nowMs += 100;
  // The answer comes before the timer does.
  peer.send(rawFrame(FrameType.response, { id: first.id }));
  const { id } = peer.expect(FrameType.request);
  peer.expectNothing();
  assertEquals(id, third.id);
  assertEquals([second.error?.code, second.error?.outcome], ["DeadlineExceeded", "notSent"]);
});

Deno.test("a request that arrives with no time left is refused and not run", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(peer.name(0, "keep"), peer.request(1 << 20, { argument: 0 }));
  const text = "The call's time had run out when it arrived.";
  peer.expect(FrameType.error, { id: 1 << 20, code: 3, payload: errorPayload(1, text) });
});

Deno.test("the time left of a message in pieces counts from its first piece's arrival", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = peer.keep(), firstMs = peer.nowMs;
  const send = (id: number, frame: Uint8Array): void => {
    peer.send(frame);
    peer.nowMs += 60;
    peer.send(rawFrame(FrameType.openerFragment, { id, payload: numbered(10_000) }));
  };
  peer.send(peer.name(0, "keep"));
  const piece = { flags: FLAG_FIRST, argument: 100 };
  const request = 1 << 20, opening = 1 << 20 | 1;
  send(request, peer.request(request, { ...piece, payload: joined(u32(10_001), numbered(1)) }));
  assertEquals(kept.requests[0]!.deadlineMs, firstMs + 100);
  peer.nowMs = firstMs;
  const payload = joined(u32(10_008), u32(1, 1));
  send(opening, rawFrame(FrameType.open, { id: opening, ...piece, payload }));
  assertEquals(kept.streams[0]!.deadlineMs, firstMs + 100);
});

Deno.test("a message that is whole only after its time is refused and not run", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = peer.keep(), id = 1 << 20;
  const payload = joined(u32(10_001), numbered(1));
  peer.send(
    peer.name(0, "keep"),
    peer.request(id, { flags: FLAG_FIRST, argument: 100, payload }),
  );
  peer.nowMs += 100;
  peer.send(rawFrame(FrameType.openerFragment, { id, payload: numbered(10_000) }));
  const text = "The call's time had run out when it arrived.";
  peer.expect(FrameType.error, { id, code: 3, payload: errorPayload(1, text) });
  assertEquals([kept.requests.length, peer.side.session.heldBytes], [0, 0]);
});

Deno.test("a call whose time runs out before its handler has its turn was not run", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = peer.keep();
  peer.send(peer.name(0, "keep"), peer.request(1 << 20, { argument: 100 }));
  kept.requests[0]!.hasBegun = false;
  peer.nowMs += 100;
  peer.side.session.onTimer(peer.nowMs);
  assertEquals(kept.requests[0]!.cancelled?.outcome, "notExecuted");
  assertEquals(peer.expect(FrameType.error, { id: 1 << 20, code: 3 }).payload[0], 1);
});

Deno.test("a late answer to a call past its deadline is dropped", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  const call = side.request("echo", null, { deadlineMs: peer.nowMs + 10 });
  peer.expect(FrameType.name);
  const { id } = peer.expect(FrameType.request);
  peer.nowMs += 10;
  side.session.onTimer(peer.nowMs);
  assertEquals(call.error?.code, "DeadlineExceeded");
  peer.expect(FrameType.cancel, { id, code: 3 });
  assertEquals(side.session.outgoing.calls.active, 1);
  peer.send(rawFrame(FrameType.response, { id, payload: numbered(100) }));
  assertEquals(call.response, undefined);
  assertEquals(side.session.outgoing.calls.active, 0);
  assertEquals(side.session.heldBytes, 0);
});

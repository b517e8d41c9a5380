import { assert, assertEquals } from "@std/assert";
import { FrameType } from "../../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

Deno.test("one slot is used more often than its count can tell, under another id each time, never 0", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  side.session.outgoing.nameNumber("echo", "", peer.nowMs);
  peer.expect(FrameType.name);
  let last = -1;
  const seen = new Set<number>();
  for (let use = 0; use < 9000; use++) {
    const call = side.request("echo", null);
    const { id } = peer.expect(FrameType.request);
    assert(id !== last && id !== 0, `use ${use} has id ${id} after ${last}`);
    assertEquals(id & 0xfffff, 0);
    assert(id < 2 ** 31, `id ${id} takes an object of its own in V8`);
    seen.add(last = id);
    peer.send(rawFrame(FrameType.response, { id }));
    assertEquals(call.endings, 1);
  }
  assertEquals(seen.size, 2047);
});

Deno.test("a stream whose slot has used up its count is still asked after", () => {
  const pair = new Pair();
  pair.echo();
  pair.keep();
  for (let use = 0; use < 2047; use++) {
    pair.dialler.request("echo", null);
    pair.pump();
  }
  const stream = pair.dialler.open("keep", null, { output: 1 });
  pair.pump();
  pair.advance(120_000);
  assert(!stream.done, stream.error?.message);
});

Deno.test("when all slots are taken, calls wait in line", () => {
  const pair = new Pair({ acceptor: { limits: { maxCalls: 3 } } });
  const kept = pair.keep();
  const calls = Array.from({ length: 7 }, (_, n) => pair.dialler.request("keep", numbered(1, n)));
  const stream = pair.dialler.open("keep", null, { output: 1 });
  const last = pair.dialler.request("keep", numbered(1, 8));
  pair.pump();
  assertEquals(kept.requests.length, 3);
  let answered = 0;
  while (kept.requests.length + kept.streams.length < 9) {
    const incoming = kept.requests[answered++]!;
    incoming.responder.finishCall(incoming, rawCodec, incoming.payload, pair.nowMs);
    pair.pump();
    assert(pair.acceptor.session.incoming.calls.active <= 3);
  }
  assertEquals(stream.opened, 1);
  for (const incoming of kept.requests.slice(answered)) {
    incoming.responder.finishCall(incoming, rawCodec, incoming.payload, pair.nowMs);
  }
  kept.streams[0]!.responder.finishStream(kept.streams[0]!, pair.nowMs);
  pair.pump();
  calls.forEach((call, n) => assertEquals(call.response, numbered(1, n)));
  assertEquals(last.response, numbered(1, 8));
  assert(stream.done);
  assertNothingLeft(pair);
});

Deno.test("a call that waited for a slot and then cannot be sent fails, and the next one goes", () => {
  const pair = new Pair({ acceptor: { limits: { maxCalls: 1, maxMessageBytes: 2000 } } });
  const kept = pair.keep();
  pair.dialler.request("keep", null);
  const tooLarge = pair.dialler.request("keep", numbered(2001));
  const fine = pair.dialler.request("keep", numbered(3));
  pair.pump();
  const [first] = kept.requests;
  first!.responder.finishCall(first!, rawCodec, null, pair.nowMs);
  pair.pump();
  assertEquals(tooLarge.error?.code, "MessageTooLarge");
  assertEquals(kept.requests[1]?.payload, numbered(3));
  assert(!fine.done);
});

Deno.test("calls that wait for a slot end with the connection, as not sent", () => {
  const pair = new Pair({ acceptor: { limits: { maxCalls: 1 } } });
  pair.keep();
  const sent = pair.dialler.request("keep", null);
  const waiting = [pair.dialler.request("keep", null), pair.dialler.request("keep", null)];
  pair.pump();
  pair.dialler.session.onLost("cable pulled", pair.nowMs);
  assertEquals([sent.error?.code, sent.error?.outcome], ["Disconnected", "maybeExecuted"]);
  for (const call of waiting) {
    assertEquals([call.error?.code, call.error?.outcome], ["Disconnected", "notSent"]);
  }
});

Deno.test("a peer that takes more calls than ids can tell apart is sent no more than that", () => {
  const peer = ScriptedPeer.open("dialler", {}, {
    maxCalls: 0xffff_ffff,
    maxFragmentBytes: 0xffff_ffff,
  });
  peer.side.request("echo", numbered(3_000_000));
  peer.expect(FrameType.name);
  const { payload } = peer.expect(FrameType.request);
  // What a piece has before the path is known; see peer_budget_test.ts for the most that it ever has.
  assertEquals(payload.length, 4 + 64 * 1024);
});

Deno.test("an id whose slot is beyond maxCalls, or in use, ends the connection", () => {
  const limits = { maxCalls: 4 };
  const beyond = ScriptedPeer.open("acceptor", { limits });
  beyond.send(beyond.name(0, "keep"), beyond.request(1 << 20 | 4));
  beyond.expectBreach("maxCalls is 4");
  const pair = new Pair();
  pair.keep();
  const twice = ScriptedPeer.open("acceptor");
  twice.side.handlers.set("keep", pair.acceptor.handlers.get("keep")!);
  twice.send(twice.name(0, "keep"), twice.request(1 << 20 | 4));
  twice.send(twice.request(2 << 20 | 4));
  twice.expectBreach("slot is in use");
});

for (
  const [what, frame] of [
    ["a response", rawFrame(FrameType.response, { id: 5 << 20 })],
    ["an error", rawFrame(FrameType.error, { id: 5 << 20, payload: new Uint8Array(4) })],
    ["an output", rawFrame(FrameType.output, { id: 5 << 20 })],
    ["an end", rawFrame(FrameType.outputEnd, { id: 5 << 20 })],
  ] as const
) {
  Deno.test(`${what} for a call that is not under way ends the connection`, () => {
    const peer = ScriptedPeer.open("dialler");
    peer.send(frame);
    peer.expectBreach(/in flight/);
  });

  Deno.test(`${what} for a call of which nothing was sent ends the connection`, () => {
    const peer = ScriptedPeer.open("dialler", {}, { receiveBudgetBytes: 65_536 });
    peer.side.request("echo", numbered(50_000));
    const init = { input: 1, output: 1 };
    const stalled = [
      peer.side.request("echo", numbered(50_000)),
      peer.side.open("echo", numbered(50_000), init),
    ];
    const call = what === "an output" || what === "an end" ? stalled[1]! : stalled[0]!;
    const copy = frame.slice();
    new DataView(copy.buffer).setUint32(8, call.id, true);
    peer.send(copy);
    peer.expectBreach(/in flight/);
    assertEquals([call.error?.code, call.endings], ["Disconnected", 1]);
  });
}

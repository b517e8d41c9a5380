import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FLAG_FIRST, FrameType } from "../../lib/wire/frame.ts";
import { KeepTarget, numbered, rawCodec } from "./calls.ts";
import { Pair } from "./pair.ts";
import { joined, rawFrame, u32 } from "./raw_frames.ts";
import { ScriptedPeer } from "./scripted_peer.ts";

/** Lets a scripted peer's session live for a while; its pings are answered or not. */
function live(peer: ScriptedPeer, ms: number, answer: boolean): number {
  const { session } = peer.side, end = peer.nowMs + ms;
  let pings = 0;
  while (session.nextDeadlineMs() <= end && session.state === "open") {
    peer.nowMs = Math.max(peer.nowMs, session.nextDeadlineMs());
    session.onTimer(peer.nowMs);
    for (const frame of peer.frames().splice(0)) {
      if (frame.type !== FrameType.ping || frame.id !== 0) continue;
      pings++;
      if (answer) peer.send(rawFrame(FrameType.pong, { argument: frame.argument }));
    }
  }
  peer.nowMs = Math.max(peer.nowMs, end);
  return pings;
}

Deno.test("an idle connection is pinged at its interval and lives", () => {
  const pair = new Pair();
  pair.advance(10 * 60_000);
  assertEquals([pair.dialler.session.state, pair.acceptor.session.state], ["open", "open"]);
  const { lastPing } = pair.dialler.session;
  assertEquals(lastPing, { atMs: 601_000, roundTripMs: 0 });
});

Deno.test("the round trip of the last ping is known", () => {
  const peer = ScriptedPeer.open("acceptor");
  assertEquals(peer.side.session.lastPing, null);
  peer.nowMs += 10_000;
  peer.side.session.onTimer(peer.nowMs);
  const { argument } = peer.expect(FrameType.ping, { id: 0 });
  peer.nowMs += 37;
  // An answer to another ping says nothing about this one.
  peer.send(rawFrame(FrameType.pong, { argument: argument + 1 }));
  assertEquals(peer.side.session.lastPing, null);
  peer.send(rawFrame(FrameType.pong, { argument }));
  assertEquals(peer.side.session.lastPing, { atMs: 11_037, roundTripMs: 37 });
});

Deno.test("a ping is answered with its own number", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping, { argument: 0xfedc_ba98 }));
  peer.expect(FrameType.pong, { id: 0, argument: 0xfedc_ba98 });
});

Deno.test("a silent peer is lost after the liveness time, and every call with it", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", null);
  assertEquals(live(peer, 29_999, false), 2);
  assertEquals(peer.side.session.state, "open");
  live(peer, 1, false);
  assertEquals(peer.side.closed?.code, "Disconnected");
  assertStringIncludes(peer.side.closed!.message, "no sign of life for 30000 ms");
  assertEquals([call.error?.code, call.error?.outcome], ["Disconnected", "maybeExecuted"]);
});

Deno.test("any bytes are a sign of life", () => {
  const peer = ScriptedPeer.open("acceptor");
  for (let n = 0; n < 10; n++) {
    live(peer, 25_000, false);
    peer.send(rawFrame(FrameType.drain));
  }
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a process that was itself held up does not blame its peer", () => {
  const peer = ScriptedPeer.open("acceptor");
  live(peer, 25_000, false);
  // Nothing ran here for a minute; the peer's bytes may wait unread.
  peer.nowMs += 60_000;
  peer.side.session.onTimer(peer.nowMs);
  assertEquals(peer.side.session.state, "open");
  peer.expect(FrameType.ping);
  // It reads on for a second and no longer, however much it is held up again.
  peer.nowMs += 5000;
  peer.side.session.onTimer(peer.nowMs);
  assertStringIncludes(peer.side.closed!.message, "no sign of life");
});

Deno.test("a peer that takes no bytes is lost, though it sends", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping));
  peer.side.drain();
  for (let n = 0; n < 29; n++) {
    peer.nowMs += 1000;
    peer.send(rawFrame(FrameType.drain));
    peer.side.session.onTimer(peer.nowMs);
  }
  assertEquals(peer.side.session.state, "open");
  peer.nowMs += 1000;
  peer.side.session.onTimer(peer.nowMs);
  assertStringIncludes(peer.side.closed!.message, "has taken no bytes for 30000 ms");
});

Deno.test("a write that ends in time is forgotten", () => {
  const pair = new Pair();
  pair.acceptor.session.startDraining(pair.nowMs);
  pair.acceptor.drain();
  pair.acceptor.written();
  pair.advance(100_000);
  assertEquals(pair.acceptor.session.state, "open");
});

Deno.test("pings go out while a stream's sender waits for credit", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = new KeepTarget();
  peer.side.handlers.set("keep", kept);
  peer.send(peer.name(0, "keep"), peer.open(1 << 20, 1, 1));
  kept.streams[0]!.send!.send(rawCodec, numbered(10));
  kept.streams[0]!.send!.send(rawCodec, numbered(10));
  peer.frames().splice(0);
  assertEquals(live(peer, 60_000, true), 6);
  assertEquals(peer.side.session.state, "open");
});

Deno.test("quiet streams are asked after, and live as long as the peer knows them", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const streams = [
    pair.dialler.open("keep", null, { input: 1 }),
    pair.dialler.open("keep", null, { output: 1 }),
    pair.dialler.open("keep", null, { input: 1, output: 1 }),
    pair.dialler.open("keep", null),
  ];
  pair.pump();
  pair.advance(20 * 60_000);
  assert(streams.every((stream) => !stream.done));
  assertEquals(kept.streams.length, 4);
});

Deno.test("a stream that the peer has forgotten is ended, the connection lives", () => {
  const peer = ScriptedPeer.open("dialler");
  const forgotten = peer.side.open("keep", null, { output: 1 });
  peer.frames().splice(0);
  live(peer, 40_000, true);
  assert(!forgotten.done);
  live(peer, 20_000, true);
  assertEquals([forgotten.error?.code, forgotten.error?.outcome], [
    "Disconnected",
    "maybeExecuted",
  ]);
  assertStringIncludes(forgotten.error!.message, "no sign of this stream after 4 pings");
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a ping for a stream that is not there has no answer", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping, { id: 1 << 20 }));
  peer.expectNothing();
  // A pong for such a one means nothing.
  peer.send(rawFrame(FrameType.pong, { id: 1 << 20, argument: 5 }));
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a long output is a sign of its stream, though the handler has ended", () => {
  const peer = ScriptedPeer.open("dialler");
  const stream = peer.side.open("keep", null, { output: 1 });
  const { id } = stream;
  peer.frames().splice(0);
  const first = joined(u32(100_000), numbered(1000));
  peer.send(rawFrame(FrameType.output, { id, flags: FLAG_FIRST, payload: first }));
  for (let n = 0; n < 20; n++) {
    live(peer, 10_000, true);
    peer.send(rawFrame(FrameType.responderFragment, { id, payload: numbered(1000) }));
  }
  assert(!stream.done);
});

Deno.test("a stream whose opening is still arriving is known to the responder", () => {
  const peer = ScriptedPeer.open("acceptor");
  const payload = joined(u32(100_000), u32(1, 1), numbered(1000));
  const id = 1 << 20;
  peer.send(
    peer.name(0, "keep"),
    rawFrame(FrameType.open, { id, argument: 0xffff_ffff, flags: FLAG_FIRST, payload }),
    rawFrame(FrameType.ping, { id, argument: 7 }),
  );
  peer.expect(FrameType.pong, { id, argument: 7 });
});

Deno.test("a peer that was heard while this process was held up is as well as ever", () => {
  const peer = ScriptedPeer.open("acceptor");
  live(peer, 25_000, false);
  peer.nowMs += 60_000;
  peer.side.session.onTimer(peer.nowMs);
  peer.send(rawFrame(FrameType.drain));
  live(peer, 29_000, false);
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a short delay of timers does not lengthen the liveness time much", () => {
  const peer = ScriptedPeer.open("acceptor");
  const { session } = peer.side, start = peer.nowMs;
  while (session.state === "open") {
    peer.nowMs = session.nextDeadlineMs() + 60;
    session.onTimer(peer.nowMs);
  }
  assert(peer.nowMs - start < 33_000, `${peer.nowMs - start} ms`);
});

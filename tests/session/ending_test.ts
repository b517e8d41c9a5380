import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../support/session/pair.ts";
import { rawFrame, textOf } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

const CLOSED = new InternodeError("Closed", "this node is closing", { origin: "local" });

Deno.test("a draining side refuses new calls, finishes what runs, and calls itself", () => {
  const pair = new Pair();
  pair.echo();
  const kept = pair.keep();
  const running = pair.dialler.request("keep", null);
  pair.pump();
  pair.acceptor.session.startDraining(pair.nowMs);
  pair.acceptor.session.startDraining(pair.nowMs);
  pair.pump();
  assertEquals(pair.dialler.drainingHeard, 1);
  const late = pair.dialler.request("echo", null), stream = pair.dialler.open("keep", null);
  const back = pair.acceptor.request("echo", numbered(1));
  pair.pump();
  for (const call of [late, stream]) {
    assertEquals([call.error?.code, call.error?.outcome], ["Closed", "notExecuted"]);
  }
  assertEquals(back.response, numbered(1));
  const incoming = kept.requests[0]!;
  incoming.responder.finishCall(incoming, rawCodec, numbered(2), pair.nowMs);
  pair.pump();
  assertEquals(running.response, numbered(2));
  assertNothingLeft(pair);
});

Deno.test("a side whose connection is renewed serves what comes, and goes on calling", () => {
  const pair = new Pair();
  pair.echo();
  pair.pump();
  for (const reason of ["renewal", "replaced"] as const) {
    pair.acceptor.session.sendDrain(reason, pair.nowMs);
    pair.pump();
    const call = pair.dialler.request("echo", numbered(2));
    const back = pair.acceptor.request("echo", numbered(1));
    pair.pump();
    assertEquals([call.response, back.response], [numbered(2), numbered(1)]);
  }
  assertEquals(pair.dialler.drainReasons, ["renewal", "replaced"]);
  assertNothingLeft(pair);
  const peer = ScriptedPeer.open("dialler");
  peer.send(rawFrame(FrameType.drain, { argument: 99 }));
  assertEquals(peer.side.drainReasons, ["closing"]);
});

Deno.test("what a renewal takes along ends as GoingAway at both ends", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  const stream = pair.dialler.open("keep", null, { input: 1, output: 1 });
  pair.pump();
  const unsent = pair.acceptor.request("nobody", null);
  const error = new InternodeError("GoingAway", "open it again", { origin: "local" });
  pair.acceptor.session.close(error, pair.nowMs);
  pair.pump();
  assertEquals(pair.dialler.closed?.code, "GoingAway");
  for (const ended of [call, stream]) {
    const { code, outcome, origin, message } = ended.error!;
    assertEquals([code, outcome, origin], ["GoingAway", "maybeExecuted", "remote"]);
    assertEquals(message, "open it again");
  }
  assertEquals([unsent.error?.code, unsent.error?.origin], ["GoingAway", "local"]);
  assertEquals([kept.requests[0]!.cancelled, kept.streams[0]!.cancelled], [error, error]);
  assertNothingLeft(pair);
});

Deno.test("a dialler says whether it renews, and an acceptor does not", () => {
  for (const renews of [true, false]) {
    const pair = new Pair({ dialler: { renews }, acceptor: { renews: false } });
    pair.pump();
    assertEquals([pair.acceptor.peer?.renews, pair.dialler.peer?.renews], [renews, false]);
  }
});

for (const bytes of [false, true]) {
  Deno.test(`a goodbye tells the peer why, over ${bytes ? "bytes" : "batches"}`, () => {
    const pair = new Pair({ bytes });
    const kept = pair.keep();
    const call = pair.dialler.request("keep", null);
    const stream = pair.dialler.open("keep", null, { input: 1, output: 1 });
    pair.pump();
    pair.acceptor.session.close(CLOSED, pair.nowMs);
    pair.acceptor.session.close(CLOSED, pair.nowMs);
    pair.pump();
    assertEquals(pair.acceptor.closed, CLOSED);
    assertEquals(pair.dialler.closed?.code, "Disconnected");
    assertStringIncludes(pair.dialler.closed!.message, "It says: this node is closing");
    for (const ended of [call, stream]) {
      assertEquals([ended.error?.code, ended.error?.outcome], ["Disconnected", "maybeExecuted"]);
      assertEquals(ended.endings, 1);
    }
    assert(kept.requests[0]!.cancelled !== null && kept.streams[0]!.cancelled !== null);
    assertNothingLeft(pair);
  });
}

Deno.test("nothing is sent to a peer after its goodbye", () => {
  const pair = new Pair();
  pair.pump();
  const { acceptor, dialler } = pair;
  acceptor.session.ping(pair.nowMs);
  acceptor.session.close(CLOSED, pair.nowMs);
  pair.pump();
  assertEquals(dialler.closed?.code, "Disconnected");
  assert(!dialler.session.hasOutput, "the answer to the ping has nobody to hear it");
});

Deno.test("a ping that is asked for shows that the peer has seen what was sent before", () => {
  const pair = new Pair();
  for (let i = 1; i <= 2; i++) {
    const before = pair.dialler.session.keepalive.lastPing;
    pair.dialler.session.ping(pair.nowMs);
    assertEquals(pair.dialler.session.keepalive.lastPing, before);
    pair.pump();
    assert(pair.dialler.session.keepalive.lastPing !== before);
  }
});

Deno.test("a side that closes ends its own calls as closed", () => {
  const pair = new Pair();
  pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const large = pair.dialler.request("keep", numbered(100_000));
  pair.dialler.session.close(CLOSED, pair.nowMs);
  assertEquals([call.error?.code, call.error?.outcome], ["Closed", "maybeExecuted"]);
  assertEquals([large.error?.code, large.error?.outcome], ["Closed", "notSent"]);
  assertEquals(pair.dialler.session.queuedBytes, 0);
});

Deno.test("answers given before a goodbye still arrive", () => {
  const pair = new Pair();
  pair.echo();
  const call = pair.dialler.request("echo", numbered(9));
  pair.dialler.drain();
  pair.dialler.written();
  pair.deliver(pair.dialler, pair.acceptor);
  pair.acceptor.session.close(CLOSED, pair.nowMs);
  pair.pump();
  assertEquals(call.response, numbered(9));
});

Deno.test("nothing is heard, answered or timed after the end", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.side.session.close(CLOSED, peer.nowMs);
  const goodbye = peer.expect(FrameType.goodbye, { code: 12 });
  assertEquals(textOf(goodbye.payload), "this node is closing");
  peer.send(rawFrame(FrameType.ping), rawFrame(99), new Uint8Array(3));
  peer.side.session.onTimer(1e9);
  peer.side.session.onLost("again", peer.nowMs);
  peer.side.session.credits.release(10);
  peer.side.session.credits.grantCredit(FrameType.inputCredit, 1, 1, 1, peer.nowMs);
  peer.side.session.startDraining(peer.nowMs);
  peer.expectNothing();
  assertEquals(peer.side.session.nextDeadlineMs(), Infinity);
  assertEquals(peer.side.closed, CLOSED);
});

Deno.test("frames behind a goodbye in its batch are not looked at", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.goodbye, { code: 12 }), rawFrame(99));
  assertEquals(peer.side.closed?.code, "Disconnected");
  peer.expectNothing();
});

Deno.test("calls waiting to be sent on streams are refused when the connection is lost", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { input: 1, output: 1 });
  pair.pump();
  const told: unknown[] = [];
  for (const half of [stream.send!, kept.streams[0]!.send!]) {
    half.send(rawCodec, numbered(1));
    const waiting = half.send(rawCodec, numbered(1))!;
    waiting.onRefused = (error) => told.push((error as InternodeError).code);
    waiting.onAccepted = () => told.push("accepted");
  }
  pair.dialler.session.onLost("cable pulled", pair.nowMs);
  pair.acceptor.session.onLost("cable pulled", pair.nowMs);
  assertEquals(told, ["Disconnected", "Disconnected"]);
});

Deno.test("what waits on many streams is refused, not sent, when the connection is lost", () => {
  const pair = new Pair({
    acceptor: { limits: { receiveBudgetBytes: 65_536, maxMessageBytes: 50_000 } },
  });
  const kept = pair.keep();
  kept.autoRead = false;
  const streams = Array.from({ length: 10 }, () => pair.dialler.open("keep", null, { input: 9 }));
  pair.pump();
  const told: string[] = [];
  for (const stream of streams) {
    for (let n = 0; n < 3; n++) {
      const waiting = stream.send!.send(rawCodec, numbered(10_000));
      if (waiting === null) continue;
      waiting.onRefused = () => told.push("refused");
      waiting.onAccepted = () => told.push("accepted");
    }
  }
  pair.dialler.session.onLost("cable pulled", pair.nowMs);
  assert(told.length > 20);
  assertEquals(told.filter((text) => text === "accepted"), []);
});

Deno.test("a handler that ends after its connection sends nothing", () => {
  const pair = new Pair();
  const kept = pair.keep();
  pair.dialler.request("keep", null);
  pair.dialler.open("keep", null, { output: 1 });
  pair.pump();
  pair.acceptor.session.onLost("cable pulled", pair.nowMs);
  const call = kept.requests[0]!, stream = kept.streams[0]!;
  assertEquals(call.responder.finishCall(call, rawCodec, null, pair.nowMs), false);
  call.responder.failCall(call, CLOSED, null, pair.nowMs);
  stream.responder.finishStream(stream, pair.nowMs);
  stream.responder.failCall(stream, CLOSED, null, pair.nowMs);
  assert(!pair.acceptor.session.hasOutput);
});

Deno.test("a turn that ends within a batch goes on where it was", () => {
  for (const bytes of [false, true]) {
    const pair = new Pair({ bytes });
    const echo = pair.echo();
    pair.acceptor.endTurns = true;
    const calls = Array.from(
      { length: 10 },
      (_, n) => pair.dialler.request("echo", numbered(1, n)),
    );
    pair.dialler.drain();
    pair.dialler.written();
    const { transit } = pair.dialler;
    if (bytes) pair.acceptor.receiveBytes(transit.shift()!);
    else pair.acceptor.receiveBatch(transit.shift()!);
    assertEquals([echo.calls, pair.acceptor.interrupted], [1, true]);
    pair.acceptor.resume();
    assertEquals(echo.calls, 2);
    pair.pump();
    calls.forEach((call, n) => assertEquals(call.response, numbered(1, n)));
  }
});

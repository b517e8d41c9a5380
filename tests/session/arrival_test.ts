/** What the peer is known to have received, by the pings it has answered. @module */

import { assertEquals } from "@std/assert";
import { Arrival } from "../../lib/session/arrival.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../support/session/calls.ts";
import { openOutbox } from "../support/session/open_outbox.ts";
import { rawFrame } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** What was said through an outbox, and what is known of its arrival. */
function talk(receiveBudgetBytes?: number) {
  const { outbox, drain } = openOutbox({ hello: { receiveBudgetBytes } });
  const arrival = new Arrival(outbox);
  arrival.onOpen();
  const say = (bytes = 10): boolean =>
    outbox.send(FrameType.request, 0, 0, 1 << 20, 0, null, rawCodec, numbered(bytes), null);
  return { outbox, drain, arrival, say };
}

Deno.test("the answer to a ping shows that all has arrived that was said before it", () => {
  const { outbox, drain, arrival, say } = talk();
  assertEquals([arrival.isKnown, arrival.isAsked], [true, true], "nothing was said");
  const saying = [
    () => say(),
    () => outbox.frame(FrameType.error, 0, 1, 0),
    () => outbox.frame(FrameType.outputEnd, 0, 1, 0),
  ];
  let token = 7;
  for (const speak of saying) {
    speak();
    assertEquals([arrival.isKnown, arrival.isAsked], [false, false]);
    drain();
    arrival.onPing(++token);
    assertEquals([arrival.isKnown, arrival.isAsked], [false, true]);
    arrival.onPong(token - 1);
    assertEquals(arrival.isKnown, false, "an answer to a ping before says nothing");
    arrival.onPong(token);
    assertEquals([arrival.isKnown, arrival.isAsked], [true, true]);
  }
  // A message and a frame after it are two things said, not none.
  say();
  outbox.frame(FrameType.error, 0, 1, 0);
  assertEquals([arrival.isKnown, arrival.isAsked], [false, false]);
});

Deno.test("what overtakes messages is nothing said", () => {
  const { outbox, arrival } = talk();
  outbox.control(FrameType.ping, 0, 1);
  assertEquals([arrival.isKnown, arrival.isAsked], [true, true]);
});

Deno.test("a ping that would overtake what waits asks for nothing", () => {
  const batch = talk();
  batch.say();
  batch.arrival.onPing(1);
  assertEquals(batch.arrival.isAsked, false, "it waits in a batch");
  // Four of them are more than the peer's budget: the last waits outside it.
  const bulk = talk(65_536);
  for (let i = 0; i < 4; i++) bulk.say(20_000);
  while (bulk.drain().length > 0);
  assertEquals(bulk.outbox.hasOutput, false);
  bulk.arrival.onPing(1);
  assertEquals(bulk.arrival.isAsked, false, "it waits for the peer's leave");
  bulk.outbox.onWindow(20_128);
  while (bulk.drain().length > 0);
  bulk.arrival.onPing(2);
  assertEquals(bulk.arrival.isAsked, true);
});

Deno.test("a later answer stands for an earlier one, also where tokens wrap, and what was said since is not known", () => {
  for (const token of [5, 0xffff_ffff]) {
    const { drain, arrival, say } = talk();
    say();
    drain();
    arrival.onPing(token);
    // Asked already: this one changes nothing.
    arrival.onPing(token + 1 >>> 0);
    say();
    arrival.onPong(token + 1 >>> 0);
    assertEquals([arrival.isKnown, arrival.isAsked], [false, false]);
    drain();
    arrival.onPing(token + 2 >>> 0);
    arrival.onPong(token + 3 >>> 0);
    assertEquals(arrival.isKnown, true);
  }
});

Deno.test("a session's pings show what has arrived, and those for a stream do not", () => {
  const peer = ScriptedPeer.open("dialler"), { session } = peer.side;
  assertEquals(session.arrival.isKnown, true);
  const call = peer.side.request("keep", null);
  peer.frames().splice(0);
  session.ping(peer.nowMs);
  assertEquals([session.arrival.isKnown, session.arrival.isAsked], [false, true]);
  const { argument } = peer.expect(FrameType.ping, { id: 0 });
  peer.send(rawFrame(FrameType.pong, { id: call.id, argument }));
  assertEquals(session.arrival.isKnown, false);
  peer.send(rawFrame(FrameType.pong, { argument }));
  assertEquals(session.arrival.isKnown, true);
  // So do those that it sends by itself.
  peer.side.request("keep", null);
  peer.frames().splice(0);
  peer.nowMs = session.nextDeadlineMs();
  session.onTimer(peer.nowMs);
  const own = peer.expect(FrameType.ping, { id: 0 });
  peer.send(rawFrame(FrameType.pong, { argument: own.argument }));
  assertEquals(session.arrival.isKnown, true);
});

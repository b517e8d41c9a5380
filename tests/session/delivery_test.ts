/** What the peer is known to have received, by the pings it has answered. @module */

import { assertEquals } from "@std/assert";
import { Delivery } from "../../lib/session/delivery.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../support/session/calls.ts";
import { openScheduler } from "../support/session/open_scheduler.ts";
import { rawFrame } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** What was said through a scheduler, and what is known of its delivery. */
function talk(receiveBudgetBytes?: number) {
  const { scheduler, drain } = openScheduler({ hello: { receiveBudgetBytes } });
  const delivery = new Delivery(scheduler);
  delivery.onOpen();
  const say = (bytes = 10): boolean =>
    scheduler.send(FrameType.request, 0, 0, 1 << 20, 0, null, rawCodec, numbered(bytes), null);
  return { scheduler, drain, delivery, say };
}

Deno.test("the answer to a ping shows that all has arrived that was said before it", () => {
  const { scheduler, drain, delivery, say } = talk();
  assertEquals([delivery.isConfirmed, delivery.isRequested], [true, true], "nothing was said");
  const saying = [
    () => say(),
    () => scheduler.frame(FrameType.error, 0, 1, 0),
    () => scheduler.frame(FrameType.outputEnd, 0, 1, 0),
  ];
  let token = 7;
  for (const speak of saying) {
    speak();
    assertEquals([delivery.isConfirmed, delivery.isRequested], [false, false]);
    drain();
    delivery.onPing(++token);
    assertEquals([delivery.isConfirmed, delivery.isRequested], [false, true]);
    delivery.onPong(token - 1);
    assertEquals(delivery.isConfirmed, false, "an answer to a ping before says nothing");
    delivery.onPong(token);
    assertEquals([delivery.isConfirmed, delivery.isRequested], [true, true]);
  }
  // A message and a frame after it are two things said, not none.
  say();
  scheduler.frame(FrameType.error, 0, 1, 0);
  assertEquals([delivery.isConfirmed, delivery.isRequested], [false, false]);
});

Deno.test("what overtakes messages is nothing said", () => {
  const { scheduler, delivery } = talk();
  scheduler.control(FrameType.ping, 0, 1);
  assertEquals([delivery.isConfirmed, delivery.isRequested], [true, true]);
});

Deno.test("a ping that would overtake what waits asks for nothing", () => {
  const batch = talk();
  batch.say();
  batch.delivery.onPing(1);
  assertEquals(batch.delivery.isRequested, false, "it waits in a batch");
  // Four of them are more than the peer's budget: the last waits outside it.
  const bulk = talk(65_536);
  for (let i = 0; i < 4; i++) bulk.say(20_000);
  while (bulk.drain().length > 0);
  assertEquals(bulk.scheduler.hasOutput, false);
  bulk.delivery.onPing(1);
  assertEquals(bulk.delivery.isRequested, false, "it waits for room in the peer's window");
  bulk.scheduler.onWindow(20_128);
  while (bulk.drain().length > 0);
  bulk.delivery.onPing(2);
  assertEquals(bulk.delivery.isRequested, true);
});

Deno.test("a later answer stands for an earlier one, also where tokens wrap, and what was said since is not known", () => {
  for (const token of [5, 0xffff_ffff]) {
    const { drain, delivery, say } = talk();
    say();
    drain();
    delivery.onPing(token);
    // Asked already: this one changes nothing.
    delivery.onPing(token + 1 >>> 0);
    say();
    delivery.onPong(token + 1 >>> 0);
    assertEquals([delivery.isConfirmed, delivery.isRequested], [false, false]);
    drain();
    delivery.onPing(token + 2 >>> 0);
    delivery.onPong(token + 3 >>> 0);
    assertEquals(delivery.isConfirmed, true);
  }
});

Deno.test("a session's pings show what has arrived, and those for a stream do not", () => {
  const peer = ScriptedPeer.open("dialler"), { session } = peer.side;
  assertEquals(session.delivery.isConfirmed, true);
  const call = peer.side.request("keep", null);
  peer.frames().splice(0);
  session.ping(peer.nowMs);
  assertEquals([session.delivery.isConfirmed, session.delivery.isRequested], [false, true]);
  const { argument } = peer.expect(FrameType.ping, { id: 0 });
  peer.send(rawFrame(FrameType.pong, { id: call.id, argument }));
  assertEquals(session.delivery.isConfirmed, false);
  peer.send(rawFrame(FrameType.pong, { argument }));
  assertEquals(session.delivery.isConfirmed, true);
  // So do those that it sends by itself.
  peer.side.request("keep", null);
  peer.frames().splice(0);
  peer.nowMs = session.nextDeadlineMs();
  session.onTimer(peer.nowMs);
  const own = peer.expect(FrameType.ping, { id: 0 });
  peer.send(rawFrame(FrameType.pong, { argument: own.argument }));
  assertEquals(session.delivery.isConfirmed, true);
});

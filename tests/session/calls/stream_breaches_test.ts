import { assertEquals } from "@std/assert";
import { FEATURE_GROWING_WINDOWS, type Hello } from "../../../lib/session/frames/hello.ts";
import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import { numbered, type TestAccepted } from "../../support/session/calls.ts";
import { Pair } from "../../support/session/pair.ts";
import { joined, rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

/** A peer that knows windows that grow. */
const GROWING = { features: FEATURE_GROWING_WINDOWS };

/** An acceptor whose scripted peer has opened stream `1 << 20`. */
function scripted(outputCredit: number, inputCredit: number, hello: Partial<Hello> = {}): {
  peer: ScriptedPeer;
  accepted: TestAccepted;
  id: number;
} {
  const peer = ScriptedPeer.open("acceptor", {}, hello);
  const kept = new Pair().keep();
  kept.autoRead = false;
  peer.side.handlers.set("keep", kept);
  const id = 1 << 20;
  peer.send(peer.name(0, "keep"), peer.open(id, outputCredit, inputCredit));
  return { peer, accepted: kept.streams[0]!, id };
}

const input = (id: number, argument: number, init = {}) =>
  rawFrame(FrameType.input, { id, argument, ...init });

Deno.test("messages out of sequence end the connection", () => {
  for (const sequences of [[1], [0, 0], [0, 2], [0, 1, 3]]) {
    const { peer, id } = scripted(0, 10);
    peer.sendEach(...sequences.map((sequence) => input(id, sequence)));
    peer.expectBreach("sequence number");
  }
});

Deno.test("a message without credit ends the connection at the first one too many", () => {
  const { peer, accepted, id } = scripted(0, 2);
  peer.sendEach(input(id, 0), input(id, 1));
  assertEquals([accepted.received.length, peer.side.session.state], [2, "open"]);
  peer.send(input(id, 2));
  assertEquals(accepted.received.length, 2);
  peer.expectBreach("without credit");
});

Deno.test("an end with a wrong count ends the connection: nothing is lost silently", () => {
  for (const count of [0, 2, 0xffff_ffff]) {
    const { peer, accepted, id } = scripted(0, 2);
    peer.sendEach(input(id, 0), rawFrame(FrameType.inputEnd, { id, argument: count }));
    peer.expectBreach(`after ${count} messages, but 1 have arrived`);
    assertEquals(accepted.ended, 0);
    assertEquals(accepted.cancelled?.code, "ProtocolError");
  }
});

Deno.test("messages after an end, and a second end, end the connection", () => {
  for (const late of [input(1 << 20, 0), rawFrame(FrameType.inputEnd, { id: 1 << 20 })]) {
    const { peer, accepted, id } = scripted(0, 2);
    peer.sendEach(rawFrame(FrameType.inputEnd, { id }), late);
    peer.expectBreach(/that it had ended|ended a stream twice/);
    assertEquals(accepted.ended, 1);
  }
});

Deno.test("an end within a message ends the connection", () => {
  const { peer, accepted, id } = scripted(0, 2);
  const first = { flags: FLAG_FIRST, payload: joined(u32(2000), numbered(1000)) };
  peer.send(input(id, 0, first));
  peer.send(rawFrame(FrameType.inputEnd, { id, argument: 1 }));
  peer.expectBreach("before the last fragment");
  assertEquals(accepted.ended, 0);
});

Deno.test("a message between the pieces of another on the same stream ends the connection", () => {
  for (const flags of [0, FLAG_FIRST]) {
    const { peer, accepted, id } = scripted(0, 4);
    const payload = joined(u32(2000), numbered(1000));
    peer.send(input(id, 0, { flags: FLAG_FIRST, payload }));
    peer.send(input(id, 1, { flags, payload }));
    peer.expectBreach("before the last fragment");
    assertEquals(accepted.received.length, 0);
  }
});

Deno.test("an input on a stream without inputs, and its end, end the connection", () => {
  for (const frame of [input(1 << 20, 0), rawFrame(FrameType.inputEnd, { id: 1 << 20 })]) {
    const { peer } = scripted(2, 0);
    peer.send(frame);
    peer.expectBreach("without inputs");
  }
});

Deno.test("inputs for a stream that is not there are dropped: it may have just ended", () => {
  const { peer, id } = scripted(1, 1);
  const strange = id + 1;
  peer.send(
    input(strange, 7, { payload: numbered(100) }),
    input(strange, 8, { flags: FLAG_FIRST, payload: joined(u32(2000), numbered(1000)) }),
    rawFrame(FrameType.openerFragment, { id: strange, payload: numbered(1000) }),
    rawFrame(FrameType.inputEnd, { id: strange, argument: 99 }),
    rawFrame(FrameType.outputCredit, { id: strange, argument: 1, payload: u32(1) }),
    rawFrame(FrameType.cancel, { id: strange, code: 4 }),
  );
  assertEquals([peer.side.session.state, peer.side.session.heldBytes], ["open", 0]);
  peer.expectNothing();
});

Deno.test("credit that was not in use ends the connection", () => {
  for (const [messages, bytes] of [[1, 0], [0, 1], [0xffff_ffff, 0], [0, 0xffff_ffff]] as const) {
    const { peer, id } = scripted(2, 0);
    peer.send(rawFrame(FrameType.outputCredit, { id, argument: messages, payload: u32(bytes) }));
    peer.expectBreach("not in use");
  }
});

Deno.test("where windows grow, credit need not have been in use, up to 65,535 messages; bytes must", () => {
  for (const [messages, bytes] of [[65_533, 0], [65_534, 0], [0, 1]] as const) {
    const { peer, id } = scripted(2, 0, GROWING);
    peer.send(rawFrame(FrameType.outputCredit, { id, argument: messages, payload: u32(bytes) }));
    if (messages === 65_533) assertEquals(peer.side.session.state, "open");
    else peer.expectBreach("not in use");
  }
});

Deno.test("where windows grow, a credit frame has 4 bytes or 8", () => {
  for (const size of [0, 3, 5, 7, 9, 12]) {
    const { peer, id } = scripted(2, 0, GROWING);
    peer.send(
      rawFrame(FrameType.outputCredit, { id, argument: 1, payload: new Uint8Array(4) }),
      rawFrame(FrameType.outputCredit, { id, argument: 1, payload: new Uint8Array(8) }),
    );
    assertEquals(peer.side.session.state, "open");
    peer.send(rawFrame(FrameType.outputCredit, { id, payload: new Uint8Array(size) }));
    peer.expectBreach("credit frame");
  }
});

Deno.test("a credit frame of a wrong size ends the connection", () => {
  for (const size of [0, 3, 5, 8]) {
    const { peer, id } = scripted(2, 0);
    peer.send(rawFrame(FrameType.outputCredit, { id, payload: new Uint8Array(size) }));
    peer.expectBreach("credit frame");
  }
});

Deno.test("an opening that is too short or has capacities beyond reason ends the connection", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(peer.name(0, "keep"));
  peer.send(rawFrame(FrameType.open, { id: 1 << 20, argument: 5, payload: u32(1).subarray(0, 3) }));
  peer.expectBreach("without its credits");
  const greedy = ScriptedPeer.open("acceptor");
  greedy.send(greedy.name(0, "keep"), greedy.open(1 << 20, 0, 65_536));
  greedy.expectBreach("at most 65535 are allowed");
});

Deno.test("outputs where the stream has none, and a wrong count of them, end the connection", () => {
  for (
    const [frame, reason] of [
      [rawFrame(FrameType.output), "without outputs"],
      [rawFrame(FrameType.outputEnd, { argument: 1 }), "without outputs"],
    ] as const
  ) {
    const peer = ScriptedPeer.open("dialler");
    const stream = peer.side.open("keep", null, { input: 1 });
    new DataView(frame.buffer).setUint32(8, stream.id, true);
    peer.send(frame);
    peer.expectBreach(reason);
    assertEquals([stream.endings, stream.error?.code], [1, "Disconnected"]);
  }
  const peer = ScriptedPeer.open("dialler");
  const stream = peer.side.open("keep", null, { output: 2 });
  const { id } = stream;
  peer.send(rawFrame(FrameType.output, { id }), rawFrame(FrameType.outputEnd, { id, argument: 3 }));
  peer.expectBreach("after 3 messages, but 1 have arrived");
  assertEquals([stream.endings, stream.error?.code], [1, "Disconnected"]);
});

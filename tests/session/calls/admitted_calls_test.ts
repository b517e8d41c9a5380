/** Calls that waited for a connection, more of them than a session would take from its user. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import {
  encodedCodec,
  numbered,
  type Payload,
  rawCodec,
  TestCall,
} from "../../support/session/calls.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const BUDGET = 100_000;
const LIMITS = { sendBudgetBytes: BUDGET };
const GREEDY = { receiveBudgetBytes: 0xffff_ffff, maxMessageBytes: 0xffff_ffff };

/** A call that waits already, as those for which there is no connection do. */
function admitted(peer: ScriptedPeer, payload: Payload, codec = rawCodec, deadlineMs = Infinity) {
  const call = new TestCall(deadlineMs);
  call.state = "waiting";
  return peer.side.request("put", payload, { call, codec });
}

/** Reads what was sent, and answers it. */
function answer(peer: ScriptedPeer): number {
  const requests = peer.frames().splice(0).filter(({ type }) => type === FrameType.request);
  for (const { id } of requests) peer.send(rawFrame(FrameType.response, { id }));
  return requests.length;
}

Deno.test("calls that waited for a connection wait on for slots, however many they are", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, { ...GREEDY, maxCalls: 10 });
  const calls = Array.from({ length: 2_000 }, () => admitted(peer, null));
  assertEquals(calls.filter(({ done }) => done).length, 0);
  // One that comes new is refused while so many wait, as ever.
  const error = assertThrows(() => peer.side.request("put", null), InternodeError);
  assertEquals([error.code, error.outcome], ["Overloaded", "notSent"]);
  while (answer(peer) > 0);
  assertEquals(calls.filter(({ done, error }) => done && error === null).length, 2_000);
  peer.side.request("put", null);
});

for (const codec of [rawCodec, encodedCodec]) {
  for (const size of [100, 4_000, 60_000, 300_000]) {
    const kind = codec === rawCodec ? "raw" : "encoded";
    Deno.test(`calls of ${size} bytes, ${kind}, that waited flow as there is room for them`, () => {
      const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, { ...GREEDY, maxCalls: 4_000 });
      const { session } = peer.side;
      const count = Math.ceil(20 * BUDGET / size);
      const calls = Array.from({ length: count }, () => admitted(peer, numbered(size), codec));
      const held = session.queuedBytes + session.pendingBytes;
      assert(held < 1.3 * BUDGET + 2 * size + count * 48, `${held} bytes are held`);
      while (answer(peer) > 0);
      assertEquals(calls.map(({ error }) => error?.message).filter(Boolean), []);
      assertEquals(calls.filter(({ done }) => done).length, count);
    });
  }
}

Deno.test("of calls that wait for room one may end at its deadline or by its caller; the others go", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, GREEDY);
  const large = () => admitted(peer, numbered(90_000), rawCodec);
  const going = [large(), large()];
  const late = admitted(peer, numbered(90_000), rawCodec, peer.nowMs + 50);
  const [cancelled, last] = [large(), large()];
  assertEquals(peer.side.session.nextDeadlineMs(), peer.nowMs + 50);
  peer.side.cancel(cancelled);
  peer.nowMs += 50;
  peer.side.session.onTimer(peer.nowMs);
  assertEquals([late.error?.code, late.error?.outcome], ["DeadlineExceeded", "notSent"]);
  assertEquals(cancelled.error?.message, "changed my mind");
  while (answer(peer) > 0);
  assertEquals([...going, last].map(({ done, error }) => done && error === null), [
    true,
    true,
    true,
  ]);
});

Deno.test("a call that was cancelled while it waited for room leaves no deadline behind", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, GREEDY);
  const large = (deadlineMs = Infinity) => admitted(peer, numbered(90_000), rawCodec, deadlineMs);
  large();
  large();
  peer.side.cancel(large(peer.nowMs + 50));
  const last = large(peer.nowMs + 80);
  peer.nowMs += 60;
  peer.side.session.onTimer(peer.nowMs);
  assertEquals(peer.side.session.nextDeadlineMs(), last.deadlineMs);
});

Deno.test("calls that wait for room end with the connection, as not sent", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, GREEDY);
  const calls = Array.from({ length: 5 }, () => admitted(peer, numbered(90_000)));
  peer.side.session.onLost("cable pulled", peer.nowMs);
  assertEquals(calls.map(({ error }) => error?.outcome), Array(5).fill("notSent"));
});

Deno.test("a codec of the user's own that calls itself overloaded ends its call, and holds up no other", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, GREEDY);
  const call = admitted(peer, null, {
    encode: () => {
      throw new InternodeError("Overloaded", "by the user's own codec");
    },
    decode: rawCodec.decode,
  });
  assertEquals(call.error?.code, "InvalidPayload");
  assertEquals(call.error?.message, "Cannot encode: by the user's own codec.");
  const next = admitted(peer, null);
  answer(peer);
  assert(next.done);
});

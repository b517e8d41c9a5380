/** The tables of calls: slots, ids and deadlines. @module */

import { assertEquals } from "@std/assert";
import { IncomingCall, IncomingCallTable } from "../../../lib/session/calls/incoming_call_table.ts";
import { CallTime } from "../../../lib/session/frames/call_time.ts";
import {
  OutgoingCall,
  OutgoingCallTable,
} from "../../../lib/session/sending/outgoing_call_table.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { errorPayload, rawFrame, typeName } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

class Mine extends OutgoingCall {
  constructor(deadlineMs = Infinity) {
    super();
    this.time = new CallTime(0, deadlineMs);
  }
  override onResponse(): void {}
  override onError(): void {}
}

class Theirs extends IncomingCall {
  constructor(id: number, deadlineMs = Infinity) {
    super(id, deadlineMs);
  }
  override onCancelled(): void {}
}

/** The calls that are expired at that time. */
function expired<Call>(
  calls: { expire(nowMs: number, onExpired: (call: Call) => void): void },
  nowMs: number,
): Call[] {
  const found: Call[] = [];
  calls.expire(nowMs, (call) => found.push(call));
  return found;
}

Deno.test("an outgoing call has an id of its slot and of how often that was used, and -1 before and after", () => {
  const calls = new OutgoingCallTable(), first = new Mine(), second = new Mine();
  assertEquals([first.id, first.handler, first.state], [-1, -1, "idle"]);
  assertEquals([calls.add(first, Infinity), calls.add(second, Infinity)], [0x10_0000, 0x10_0001]);
  assertEquals([calls.active, calls.get(0x10_0001)], [2, second]);
  calls.remove(first);
  assertEquals([calls.active, first.id, calls.get(0x10_0000)], [1, -1, null]);
  assertEquals(calls.add(first, Infinity), 0x20_0000);
  assertEquals([calls.get(0x10_0000), calls.get(0x20_0000)], [null, first]);
  assertEquals([calls.get(0x10_0002), [...calls]], [null, [first, second]]);
});

Deno.test("a slot's 2,048th use has the id of its first, as ids stay below 2^31", () => {
  const calls = new OutgoingCallTable(), call = new Mine(), ids: number[] = [];
  for (let use = 0; use < 2_048; use++) {
    ids.push(calls.add(call, Infinity));
    calls.remove(call);
  }
  assertEquals([ids[0], ids[2_046], ids[2_047]], [0x10_0000, 0x7ff0_0000, 0x10_0000]);
});

Deno.test("outgoing calls that were taken out are gone, and slots begin anew", () => {
  const calls = new OutgoingCallTable(), one = new Mine(5), two = new Mine();
  calls.add(one, one.deadlineMs);
  calls.add(two, two.deadlineMs);
  calls.remove(one);
  assertEquals(calls.clear(), [two]);
  assertEquals([two.id, calls.active, calls.earliestMs, [...calls]], [-1, 0, Infinity, []]);
  assertEquals(calls.add(one, one.deadlineMs), 0x10_0000);
});

Deno.test("an incoming call is found by its whole id, its slot by a part of it", () => {
  const calls = new IncomingCallTable(), call = new Theirs(0x30_0002);
  assertEquals([calls.has(0x30_0002), call.pending, call.heldBytes, call.hasBegun], [
    false,
    false,
    0,
    true,
  ]);
  calls.add(call);
  assertEquals([calls.active, call.pending, [...calls]], [1, true, [call]]);
  assertEquals([calls.get(0x30_0002), calls.get(0x40_0002), calls.get(0x30_0001)], [
    call,
    null,
    null,
  ]);
  assertEquals([0x40_0002, 0x30_0001, 0x30_0003].map((id) => calls.has(id)), [true, false, false]);
  calls.remove(call);
  assertEquals([calls.active, call.pending, calls.has(0x30_0002)], [0, false, false]);
});

Deno.test("incoming calls that were taken out are gone", () => {
  const calls = new IncomingCallTable(), call = new Theirs(0x10_0001, 5);
  calls.add(call);
  assertEquals(calls.clear(), [call]);
  assertEquals([call.pending, calls.active, calls.earliestMs, [...calls]], [
    false,
    0,
    Infinity,
    [],
  ]);
});

Deno.test("calls expire at their deadline and not before, and the next one is known then", () => {
  const mine = new OutgoingCallTable(), theirs = new IncomingCallTable();
  const deadlines = [30, 10, Infinity, 20];
  const outgoing = deadlines.map((deadlineMs) => new Mine(deadlineMs));
  const incoming = deadlines.map((deadlineMs, slot) => new Theirs(0x10_0000 + slot, deadlineMs));
  for (const call of outgoing) mine.add(call, call.deadlineMs);
  for (const call of incoming) theirs.add(call);
  assertEquals([mine.earliestMs, theirs.earliestMs], [10, 10]);
  assertEquals([expired(mine, 9), expired(theirs, 9)], [[], []]);
  assertEquals(expired(mine, 10), [outgoing[1]!]);
  assertEquals(expired(theirs, 10), [incoming[1]!]);
  outgoing.slice(1, 2).forEach((call) => mine.remove(call));
  incoming.slice(1, 2).forEach((call) => theirs.remove(call));
  assertEquals([mine.earliestMs, theirs.earliestMs], [20, 20]);
  assertEquals(expired(mine, 30), [outgoing[0]!, outgoing[3]!]);
  assertEquals(expired(theirs, 30), [incoming[0]!, incoming[3]!]);
});

for (const last of [FrameType.response, FrameType.error]) {
  Deno.test(`the one call that waits for a slot goes when the call before has its ${typeName(last)}`, () => {
    const peer = ScriptedPeer.open("dialler", {}, { maxCalls: 1 });
    const first = peer.side.request("keep", null), second = peer.side.request("keep", null);
    peer.expect(FrameType.name);
    peer.expect(FrameType.request, { id: first.id });
    peer.expectNothing();
    const payload = last === FrameType.error ? errorPayload(2, "no") : new Uint8Array(0);
    peer.send(rawFrame(last, { id: first.id, code: last === FrameType.error ? 6 : 0, payload }));
    assertEquals([first.done, second.done], [true, false]);
    peer.expect(FrameType.request, { id: second.id });
  });
}

Deno.test("a response to a stream, or to a call that there is not, is a breach", () => {
  for (const other of [0, 1]) {
    const peer = ScriptedPeer.open("dialler"), stream = peer.side.open("keep", null);
    peer.frames();
    peer.send(rawFrame(FrameType.response, { id: stream.id + other }));
    peer.expectBreach("which is not a request in flight");
  }
});

/** The priority of calls: what is sent, what is a breach, and who goes first. */

import { assertEquals } from "@std/assert";
import { FEATURE_PRIORITY } from "../../../lib/session/frames/hello.ts";
import { Priority } from "../../../lib/session/frames/priority.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { KeepTarget, TestCall, TestStream } from "../../support/session/calls.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const KNOWN = { features: FEATURE_PRIORITY };

function call(priority: number): TestCall {
  const made = new TestCall();
  made.priority = priority;
  return made;
}

for (
  const [what, hello, sent] of [["knows it", KNOWN, [0x11, 0x21, 1]], [
    "does not know it",
    {},
    [1, 1, 1],
  ]] as const
) {
  Deno.test(`a peer that ${what} is told of the priority accordingly`, () => {
    const peer = ScriptedPeer.open("dialler", {}, hello);
    for (const priority of [Priority.high, Priority.low, Priority.normal]) {
      peer.side.request("keep", null, { call: call(priority) });
    }
    const requests = peer.frames().filter(({ type }) => type === FrameType.request);
    assertEquals(requests.map(({ flags }) => flags), [...sent]);
    const stream = new TestStream();
    stream.priority = Priority.low;
    peer.side.open("keep", null, { stream });
    const open = peer.frames().find(({ type }) => type === FrameType.open)!;
    assertEquals(open.flags >>> 4, sent[1] >>> 4);
  });
}

Deno.test("a priority is no breach where both sides know it, unless it is 3 or has other bits beside it", () => {
  for (
    const [hello, flags, code] of [
      [KNOWN, 0x10, undefined],
      [KNOWN, 0x20, undefined],
      [KNOWN, 0x30, "ProtocolError"],
      [KNOWN, 0x50, "ProtocolError"],
      [KNOWN, 0x90, "ProtocolError"],
      [KNOWN, 0x13, "ProtocolError"],
      [{}, 0x10, "ProtocolError"],
      [{}, 0x20, "ProtocolError"],
    ] as const
  ) {
    for (const type of [FrameType.request, FrameType.ping]) {
      const peer = ScriptedPeer.open("acceptor", {}, hello);
      peer.side.handlers.set("keep", new KeepTarget());
      peer.send(peer.name(0, "keep"));
      peer.send(rawFrame(type, { id: type === FrameType.ping ? 0 : 1 << 20, flags }));
      assertEquals(peer.side.closed?.code, code, `${type} ${flags}`);
    }
  }
});

Deno.test("calls that wait for a slot go by their priority", () => {
  const peer = ScriptedPeer.open("dialler", {}, { ...KNOWN, maxCalls: 1 });
  const first = peer.side.request("keep", null);
  const names = ["low", "a", "high", "b"] as const;
  for (const name of names) {
    const priority = name === "low" || name === "high" ? Priority[name] : Priority.normal;
    peer.side.request(name, null, { call: call(priority) });
  }
  assertEquals(first.state, "sent");
  const order: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const request = peer.frames().filter(({ type }) => type === FrameType.request).at(-1)!;
    order.push(request.flags >>> 4);
    peer.send(rawFrame(FrameType.response, { id: request.id, flags: 2 }));
  }
  assertEquals(order, [0, 1, 0, 0, 2]);
});

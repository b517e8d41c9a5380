/** Which messages are lent is asked before anything of them was checked, so no answer may do harm. @module */

import { assertEquals } from "@std/assert";
import { FrameType } from "../../lib/wire/frame.ts";
import { rawFrame } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** A peer that has opened two streams of this side, the second without inputs, and made a request. */
function scene() {
  const peer = ScriptedPeer.open("acceptor"), kept = peer.keep();
  kept.onStream = (stream) => void (stream.lends = true);
  peer.send(peer.name(0, "keep"), peer.open(1 << 20, 9, 9), peer.open(1 << 20 | 1, 9, 0));
  peer.send(peer.request(1 << 20 | 2));
  assertEquals([kept.streams.length, kept.requests.length], [2, 1]);
  const { session } = peer.side;
  const lends = (type: number, id: number, length = 100_000): boolean => {
    const head = rawFrame(type, { id });
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    view.setUint32(4, length, true);
    return session.lends(view, 0);
  };
  return { peer, session, lends };
}

Deno.test("only messages of a stream whose reader takes them lent are lent, whatever a peer says", () => {
  const { peer, session, lends } = scene();
  const cases: [what: string, type: number, id: number, expected: boolean][] = [
    ["an input", FrameType.input, 1 << 20, true],
    ["of a stream without inputs", FrameType.input, 1 << 20 | 1, false],
    ["of a request", FrameType.input, 1 << 20 | 2, false],
    ["of another generation", FrameType.input, 2 << 20, false],
    ["of a slot that there is not", FrameType.input, 0xffff_ffff, false],
    ["an output, of no call of this side", FrameType.output, 1 << 20, false],
    ["a request", FrameType.request, 1 << 20, false],
    ["a response", FrameType.response, 1 << 20, false],
    ["an unknown type", 255, 1 << 20, false],
  ];
  for (const [what, type, id, expected] of cases) assertEquals(lends(type, id), expected, what);
  assertEquals(session.state, "open");
  assertEquals(lends(FrameType.input, 1 << 20, 262_145), false, "too large a frame");
  peer.send(rawFrame(FrameType.input, { id: 1 << 20 | 1 }));
  peer.expectBreach("sent an input on a stream without inputs");
  assertEquals(lends(FrameType.input, 1 << 20), false, "when all is over");
});

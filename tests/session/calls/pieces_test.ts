/** Messages in pieces: each piece goes to the call that it names, of all that have had its slot. @module */

import { assertEquals } from "@std/assert";
import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import { type KeepTarget, numbered, type TestCall } from "../../support/session/calls.ts";
import { joined, rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

/** The first call of a slot, and the next one that has the same. */
const ID = 1 << 20, NEXT_IN_SLOT = 2 << 20;
const BYTES = numbered(30_000);

/** The first of three pieces of a message. */
const first = { flags: FLAG_FIRST, payload: joined(u32(30_000), BYTES.subarray(0, 10_000)) };
const piece = (type: number, id: number, from: number) =>
  rawFrame(type, { id, payload: BYTES.subarray(from, from + 10_000) });

/** An acceptor to which the first piece of a request has come. */
function requested(): { peer: ScriptedPeer; kept: KeepTarget } {
  const peer = ScriptedPeer.open("acceptor"), kept = peer.keep();
  peer.send(peer.name(0, "keep"), peer.request(ID, first));
  return { peer, kept };
}

/** A dialler to whose request the first piece of the response has come. */
function answered(): { peer: ScriptedPeer; call: TestCall; id: number } {
  const peer = ScriptedPeer.open("dialler"), call = peer.side.request("keep", numbered(1));
  peer.expect(FrameType.name);
  const { id } = peer.expect(FrameType.request);
  peer.send(rawFrame(FrameType.response, { id, ...first }));
  return { peer, call, id };
}

Deno.test("a piece of a call that had the slot of a request before does not become part of it", () => {
  const { peer, kept } = requested();
  peer.send(piece(FrameType.openerFragment, NEXT_IN_SLOT, 10_000));
  peer.send(
    piece(FrameType.openerFragment, ID, 10_000),
    piece(FrameType.openerFragment, ID, 20_000),
  );
  assertEquals(kept.requests.map(({ payload }) => payload), [BYTES]);
});

Deno.test("a piece of a call that had the slot of a response before does not become part of it", () => {
  const { peer, call, id } = answered();
  peer.send(piece(FrameType.responderFragment, id + (1 << 20), 10_000));
  assertEquals(peer.side.session.state, "open");
  peer.send(
    piece(FrameType.responderFragment, id, 10_000),
    piece(FrameType.responderFragment, id, 20_000),
  );
  assertEquals([call.error, call.response], [null, BYTES]);
});

Deno.test("a cancel of a call that had the slot of a request before leaves its pieces alone", () => {
  const { peer, kept } = requested();
  const held = peer.side.session.heldBytes;
  peer.send(rawFrame(FrameType.cancel, { id: NEXT_IN_SLOT, code: 4 }));
  assertEquals(peer.side.session.heldBytes, held);
  peer.send(
    piece(FrameType.openerFragment, ID, 10_000),
    piece(FrameType.openerFragment, ID, 20_000),
  );
  assertEquals(kept.requests.map(({ payload }) => payload), [BYTES]);
});

Deno.test("a cancel between the fragments of a request releases its bytes, and later fragments are dropped", () => {
  const { peer, kept } = requested();
  peer.send(rawFrame(FrameType.cancel, { id: ID, code: 4 }));
  peer.send(
    piece(FrameType.openerFragment, ID, 10_000),
    piece(FrameType.openerFragment, ID, 20_000),
  );
  assertEquals([peer.side.session.heldBytes, kept.requests], [0, []]);
});

for (const [length, total] of [[10_000, 10_000], [10_000, 9_999], [0, 0]] as const) {
  Deno.test(`a message of ${total} bytes whose first piece has ${length} ends the connection`, () => {
    const peer = ScriptedPeer.open("acceptor");
    peer.keep();
    const payload = joined(u32(total), BYTES.subarray(0, length));
    peer.send(peer.name(0, "keep"), peer.request(ID, { flags: FLAG_FIRST, payload }));
    peer.expectBreach("in one fragment");
  });
}

for (const length of [0, 20_001]) {
  Deno.test(`a piece of ${length} bytes where 20,000 are left ends the connection`, () => {
    const { peer } = requested();
    peer.send(rawFrame(FrameType.openerFragment, { id: ID, payload: BYTES.subarray(0, length) }));
    peer.expectBreach(
      `a fragment of ${length} bytes, but 20000 bytes are left of its message of 30000`,
    );
  });
}

Deno.test("bytes of a message in pieces are the receiver's own without another copy, those of a whole one are borrowed", () => {
  const owned: boolean[] = [];
  const peer = ScriptedPeer.open("acceptor");
  peer.side.handlers.set("keep", {
    onRequest: (_responder, _id, _kind, reader) => void owned.push(reader.owned),
    onOpen(): void {},
  });
  peer.send(
    peer.name(0, "keep"),
    peer.request(ID, { payload: numbered(10) }),
    peer.request(ID, first),
    piece(FrameType.openerFragment, ID, 10_000),
    piece(FrameType.openerFragment, ID, 20_000),
    peer.request(ID, { payload: numbered(10) }),
  );
  assertEquals([owned, peer.side.session.heldBytes], [[false, true, false], 0]);
});

/** What PROTOCOL.md states of things that one could take otherwise, each with the bytes. @module */

import { assert, assertEquals } from "@std/assert";
import { encodeHello } from "../../lib/session/frames/hello.ts";
import { FLAG_FIRST, FLAG_METADATA, FrameType, PayloadKind } from "../../lib/wire/frame.ts";
import { assertPayload, numbered, rawCodec, type TestCall } from "../support/session/calls.ts";
import { Pair } from "../support/session/pair.ts";
import { joined, namePayload, rawFrame, textOf, u32, utf8 } from "../support/session/raw_frames.ts";
import { peerHello, ScriptedPeer } from "../support/session/scripted_peer.ts";

const ID = 1 << 20;
const ROLES = ["dialler", "acceptor"] as const;

/** An acceptor whose handler "keep" has number 0. */
function keeper(options = {}): { peer: ScriptedPeer; kept: ReturnType<ScriptedPeer["keep"]> } {
  const peer = ScriptedPeer.open("acceptor", options), kept = peer.keep();
  kept.now = () => peer.nowMs;
  peer.send(peer.name(0, "keep"));
  return { peer, kept };
}

for (const role of ROLES) {
  Deno.test(`during the handshake the ${role} answers a frame out of turn by Refused, a broken batch by ProtocolError`, () => {
    const begun = (): ScriptedPeer => {
      const peer = new ScriptedPeer(role);
      if (role === "dialler") peer.expect(FrameType.hello);
      return peer;
    };
    const breaches: [Uint8Array, RegExp, number][] = [
      [rawFrame(FrameType.ping), /frame type 7 during the handshake/, 10],
      [rawFrame(99, { flags: 0xff }), /frame type 99 during the handshake/, 10],
      [rawFrame(FrameType.hello), /does not speak this protocol/, 10],
      [rawFrame(FrameType.hello, { length: 1 }), /beyond its batch/, 11],
      [new Uint8Array(15), /within a frame's header/, 11],
    ];
    for (const [bytes, reason, code] of breaches) {
      const peer = begun();
      peer.send(bytes);
      peer.expectBreach(reason, code);
    }
  });

  Deno.test(`during the handshake the ${role} looks at no flag, and at no byte that is to be 0`, () => {
    const peer = new ScriptedPeer(role);
    const payload = encodeHello(peerHello());
    payload.fill(0xff, 12, 16);
    payload.fill(0xff, 93, 96);
    // All features but those that mean something, and "2: I prove a secret".
    payload.set(u32(0xffff_fff8), 8);
    payload[92] = 2;
    const odd = { flags: 0xff, code: 7, id: 7, argument: 7 };
    peer.send(rawFrame(FrameType.hello, { ...odd, payload }));
    if (role === "dialler") {
      peer.send(rawFrame(FrameType.welcome, { ...odd, payload: numbered(3) }));
    }
    assertEquals(peer.side.session.state, "open");
  });

  Deno.test(`the ${role} takes a goodbye with any flags, and after the handshake goes by its code`, () => {
    const peer = ScriptedPeer.open(role);
    peer.send(rawFrame(FrameType.goodbye, { flags: 0xff, code: 14, payload: utf8("renewed") }));
    assertEquals(peer.side.closed?.code, "GoingAway");
  });

  Deno.test(`the ${role} takes host names of 1,024 bytes and an empty one, and none with a character that is not seen`, () => {
    const names: [string, boolean][] = [
      ["n".repeat(1024), true],
      ["", true],
      ["n".repeat(1025), false],
      ["a\u007f", false],
      ...[..."\u2028\u202e\u00ad\u200b\u2064\u206a\ufeff\ufff9\u{e0000}\u{e007f}"].map((
        hidden,
      ): [string, boolean] => [`a${hidden}b`, false]),
      ["größe \u200c\u00a0✓", true],
    ];
    for (const [name, isTaken] of names) {
      const peer = new ScriptedPeer(role);
      peer.send(rawFrame(FrameType.hello, { payload: encodeHello(peerHello({ name })) }));
      assertEquals(peer.side.closed === null, isTaken, JSON.stringify(name.slice(0, 9)));
    }
  });

  Deno.test(`each frame that the ${role} gets may have bits without a meaning, but none of 4 to 7 and not kind 3`, () => {
    const credit = u32(0);
    const frames: [number, Uint8Array][] = [
      [FrameType.drain, numbered(1)],
      [FrameType.name, namePayload("x")],
      [FrameType.ping, numbered(1)],
      [FrameType.pong, numbered(1)],
      [FrameType.window, numbered(1)],
      [FrameType.arrived, numbered(1)],
      [FrameType.inputEnd, numbered(1)],
      [FrameType.cancel, numbered(1)],
      [FrameType.outputCredit, credit],
      [FrameType.openerFragment, numbered(1)],
      [FrameType.inputCredit, credit],
      [FrameType.responderFragment, numbered(1)],
    ];
    for (const [type, payload] of frames) {
      for (const flags of [FLAG_FIRST, FLAG_METADATA, 1, 2, 3, 0x10, 0x80]) {
        const peer = ScriptedPeer.open(role);
        peer.send(rawFrame(type, { flags, payload }));
        assertEquals(peer.side.closed === null, flags < 0x10 && flags !== 3, `${type}, ${flags}`);
      }
    }
  });
}

Deno.test("bytes behind a null or absent value are not looked at, and count", () => {
  const { peer, kept } = keeper();
  peer.send(
    peer.request(ID, { flags: PayloadKind.null, payload: numbered(5) }),
    peer.request(ID | 1, { flags: PayloadKind.absent, payload: numbered(7) }),
  );
  assertEquals(kept.requests.map(({ payload }) => payload), [null, undefined]);
  assertEquals(peer.side.session.heldBytes, 5 + 7 + 2 * 128);
});

Deno.test("metadata is not looked for in a response", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("keep", null);
  peer.send(rawFrame(FrameType.response, { id: call.id, flags: FLAG_METADATA, payload: u32(0) }));
  assertEquals(call.response, u32(0));
});

Deno.test("a receiver does not look at the count in an id, so a call may have id 0", () => {
  const { peer, kept } = keeper();
  peer.send(peer.request(0), peer.request(1));
  assertEquals(kept.requests.map(({ id }) => id), [0, 1]);
});

Deno.test("an empty name is taken, has no handler, and what is not UTF-8 reads as U+FFFD", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(
    rawFrame(FrameType.name, { payload: namePayload("") }),
    peer.request(ID),
    rawFrame(FrameType.name, { code: 1, payload: Uint8Array.of(1, 0, 0xff) }),
    peer.request(ID | 1, { code: 1 }),
  );
  peer.expect(FrameType.error, { id: ID, code: 5 });
  const { payload } = peer.expect(FrameType.error, { id: ID | 1, code: 5 });
  assert(textOf(payload).includes("\ufffd"));
});

for (const [outputs, inputs] of [[0, 4], [4, 0], [0, 0]] as const) {
  Deno.test(`a stream of ${outputs} outputs and ${inputs} inputs: where there is no such direction count 0 alone ends it, and no end of inputs`, () => {
    for (const count of [0, 1]) {
      const peer = ScriptedPeer.open("dialler");
      const stream = peer.side.open("keep", null, { input: inputs, output: outputs });
      peer.send(rawFrame(FrameType.outputEnd, { id: stream.id, argument: count }));
      assertEquals([peer.side.closed === null, stream.done], [count === 0, true]);
    }
    const { peer } = keeper();
    peer.send(
      peer.open(ID, outputs, inputs),
      rawFrame(FrameType.inputEnd, { id: ID, argument: 0 }),
    );
    if (inputs === 0) peer.expectBreach("on a stream without inputs");
    assertEquals(peer.side.closed === null, inputs > 0);
  });
}

for (const [capacity, after] of [[1, 1], [2, 1], [3, 2], [4, 2], [5, 3]] as const) {
  Deno.test(`of a credit of ${capacity}, ${after} consumed messages are reported, and not fewer`, () => {
    const { peer } = keeper();
    peer.send(peer.open(ID, 0, capacity));
    for (let argument = 0; argument < after; argument++) {
      peer.expectNothing();
      peer.send(rawFrame(FrameType.input, { id: ID, argument, payload: numbered(10) }));
    }
    const payload = u32(after * (10 + 128));
    peer.expect(FrameType.inputCredit, { id: ID, argument: after, payload });
  });
}

Deno.test("a cost of 32,768 is reported however few messages it is", () => {
  for (const extra of [0, 1]) {
    const { peer } = keeper();
    peer.send(peer.open(ID, 0, 1000));
    const payload = numbered(32_768 - 128 - 1 + extra);
    peer.send(rawFrame(FrameType.input, { id: ID, argument: 0, payload }));
    const credit = peer.frames().filter(({ type }) => type === FrameType.inputCredit);
    assertEquals(
      credit.map(({ argument, payload }) => [argument, payload]),
      [
        [1, u32(32_768)],
      ].slice(1 - extra),
    );
  }
});

Deno.test("a message given up in the midst: its receiver gives the whole cost back, its sender adds nothing", () => {
  const peer = ScriptedPeer.open("dialler", {}, { maxFragmentBytes: 1024 });
  const { session } = peer.side, before = session.sendWindowBytes;
  const first = peer.side.request("keep", numbered(200_000));
  while (session.queuedBytes > 0 && peer.side.transit.length === 0) {
    peer.side.drain();
    peer.side.written();
  }
  peer.side.cancel(first, new Error("enough"));
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { flags: FLAG_FIRST });
  assertEquals(session.sendWindowBytes, before - 200_000 - 128);
  const { peer: receiver } = keeper();
  receiver.send(
    receiver.request(ID, { flags: FLAG_FIRST, payload: joined(u32(30_000_000), numbered(9)) }),
    rawFrame(FrameType.cancel, { id: ID, code: 4 }),
  );
  receiver.expect(FrameType.window, { argument: 30_000_128 });
});

Deno.test("a message of which nothing was sent costs nothing once it is given up", () => {
  const peer = ScriptedPeer.open("dialler");
  const { session } = peer.side, before = session.sendWindowBytes;
  const call = peer.side.request("keep", numbered(200_000));
  assertEquals(session.sendWindowBytes, before - 200_000 - 128);
  peer.side.cancel(call, new Error("enough"));
  assertEquals(session.sendWindowBytes, before);
});

Deno.test("two sides with small budgets, both answering as much as they ask, never wait for each other", () => {
  const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: 50_000, maxFragmentBytes: 4096 };
  const pair = new Pair({ both: { limits } });
  pair.echo();
  const calls: TestCall[] = [];
  for (let round = 0; round < 8; round++) {
    for (const side of [pair.dialler, pair.acceptor]) {
      calls.push(side.request("echo", numbered(50_000, round)));
    }
  }
  pair.pump();
  for (const [index, call] of calls.entries()) {
    assertPayload(call.response, numbered(50_000, index >> 1));
  }
});

Deno.test("a request's bytes are given back when its answer is made, though that still waits", () => {
  const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: 50_000 };
  const peer = ScriptedPeer.open("acceptor", { limits }, { receiveBudgetBytes: 65_536 });
  const kept = peer.keep();
  peer.send(
    peer.name(0, "keep"),
    peer.request(ID, { payload: numbered(50_000) }),
    peer.request(ID | 1),
  );
  peer.frames().splice(0);
  const [first, second] = kept.requests;
  second!.responder.finishCall(second!, rawCodec, numbered(50_000), peer.nowMs);
  peer.frames().splice(0);
  first!.responder.finishCall(first!, rawCodec, numbered(50_000), peer.nowMs);
  // The second response does not fit the peer's budget, of which it has given nothing back.
  peer.expect(FrameType.window, { argument: 50_000 + 2 * 128 });
  peer.expectNothing();
});

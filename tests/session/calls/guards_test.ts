/** What a session does not do before it is open or after its end, and what it takes of a call to the byte. @module */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { ReceiveBuffer } from "../../../lib/session/calls/receive_buffer.ts";
import { IncomingCalls } from "../../../lib/session/calls/incoming_calls.ts";
import { readError } from "../../../lib/session/frames/wire_error.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../../lib/wire/limits.ts";
import { openScheduler } from "../../support/session/open_scheduler.ts";
import { rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

type Session = ScriptedPeer["side"]["session"];

/** What is asked of a session from outside. */
const ASKED: [what: string, ask: (session: Session, nowMs: number) => void][] = [
  ["drain", (session, nowMs) => session.startDraining(nowMs)],
  ["say why it is to drain", (session, nowMs) => session.sendDrain("closing", nowMs)],
  ["ping", (session, nowMs) => session.ping(nowMs)],
];
const ASKED_LATE: typeof ASKED = [
  ...ASKED,
  [
    "give credit",
    (session, nowMs) => session.credits.grantCredit(FrameType.inputCredit, 1, 1, 1, nowMs),
  ],
  ["give much of the budget back", (session) => session.credits.release(64 * 1024 * 1024)],
  ["close", (session, nowMs) => session.close(new InternodeError("Closed", "again"), nowMs)],
  ["be lost", (session, nowMs) => session.onLost("again", nowMs)],
  ["look at the time", (session, nowMs) => session.onTimer(nowMs + 1e6)],
];

for (const [what, ask] of ASKED) {
  Deno.test(`a session says nothing when it is to ${what} before it is open`, () => {
    const peer = new ScriptedPeer("acceptor");
    ask(peer.side.session, peer.nowMs);
    peer.expectNothing();
    assertEquals([peer.side.session.state, peer.side.session.incoming.draining], [
      "handshake",
      false,
    ]);
  });
}

for (const [what, ask] of ASKED_LATE) {
  Deno.test(`a session says nothing more when it is to ${what} after its end`, () => {
    const peer = ScriptedPeer.open("acceptor"), { session } = peer.side;
    session.close(new InternodeError("Closed", "for good"), peer.nowMs);
    peer.expect(FrameType.goodbye);
    const { closed } = peer.side;
    ask(session, peer.nowMs);
    peer.expectNothing();
    assertEquals([session.state, session.nextDeadlineMs()], ["closed", Infinity]);
    assert(peer.side.closed === closed, "it closes once");
  });
}

Deno.test("a session that drains says so once", () => {
  const peer = ScriptedPeer.open("acceptor"), { session } = peer.side;
  for (let n = 0; n < 2; n++) session.startDraining(peer.nowMs);
  peer.expect(FrameType.drain, { argument: 0 });
  peer.expectNothing();
});

Deno.test("nothing is sent to a peer after its goodbye, though something waits", () => {
  const peer = ScriptedPeer.open("acceptor"), { session } = peer.side;
  session.ping(peer.nowMs);
  assertEquals(session.hasOutput, true);
  peer.send(rawFrame(FrameType.goodbye, { code: 11 }));
  assertEquals([session.state, session.hasOutput], ["closed", false]);
});

Deno.test("a stream has capacities of up to 65,535, both of which its opening names", () => {
  const cases: [outputs: number, inputs: number, fits: boolean][] = [
    [65_535, 65_535, true],
    [65_536, 1, false],
    [1, 65_536, false],
    [0, 0, true],
  ];
  for (const [outputs, inputs, fits] of cases) {
    const peer = ScriptedPeer.open("acceptor"), kept = peer.keep();
    peer.send(peer.name(0, "keep"), peer.open(1 << 20, outputs, inputs));
    if (fits) {
      const { send, receive } = kept.streams[0]!;
      assertEquals([send !== null, receive !== null], [outputs > 0, inputs > 0]);
      assertEquals(send?.credit ?? 0, outputs);
    } else peer.expectBreach("at most 65535 are allowed");
  }
  for (const bytes of [0, 7]) {
    const peer = ScriptedPeer.open("acceptor");
    peer.keep();
    const payload = u32(1, 1).subarray(0, bytes);
    peer.send(
      peer.name(0, "keep"),
      rawFrame(FrameType.open, { id: 1 << 20, argument: NO_TIMEOUT, payload }),
    );
    peer.expectBreach("without its credits");
  }
});

Deno.test("errors tell little while more than 1 MiB waits to be sent", () => {
  const text = "t".repeat(1_000), error = new InternodeError("HandlerFailed", text);
  for (const [waiting, textBytes, hasDetail] of [[0, 1_000, true], [1, 64, false]] as const) {
    const { scheduler, drain } = openScheduler();
    const granter = { release(): void {}, grantCredit(): void {} };
    const receiveBuffer = new ReceiveBuffer(DEFAULT_LIMITS, scheduler);
    const responder = new IncomingCalls(
      scheduler,
      receiveBuffer,
      granter,
      { resolve: () => null },
      10,
    );
    // With its header.
    scheduler.frame(FrameType.error, 0, 0, 0, new Uint8Array(1024 * 1024 - 16 + waiting));
    responder.respondError(1 << 20, error, new Uint8Array(5));
    let payload = new Uint8Array(0), code = 0;
    for (let frames = drain(); frames.length > 0; frames = drain()) {
      payload = frames.at(-1)!.payload.slice();
      code = frames.at(-1)!.code;
    }
    const reader = new ByteReader();
    reader.reset(payload, 0, payload.length);
    const told = readError(code, reader)!;
    assertEquals([told.message.length, told.hasDetail], [textBytes, hasDetail]);
    assertEquals(responder.answers.shown(), { HandlerFailed: 1 });
  }
});

/** What ends a session or asks it for something; each tells it what time it is. */
const TELLING: typeof ASKED = [
  ...ASKED,
  ["close", (session, nowMs) => session.close(new InternodeError("Closed", "for good"), nowMs)],
  ["be lost", (session, nowMs) => session.onLost("cut", nowMs)],
  ["look at the time", (session, nowMs) => session.onTimer(nowMs)],
  ["hand out bytes", (session, nowMs) => session.drain([], nowMs)],
];

for (const [what, ask] of TELLING) {
  Deno.test(`a session knows the time of the turn in which it is to ${what}`, () => {
    const { side: { session }, nowMs } = ScriptedPeer.open("acceptor");
    ask(session, nowMs + 7);
    assertEquals(session.incoming.nowMs, nowMs + 7);
  });
}

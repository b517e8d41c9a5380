import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Keepalive } from "../../lib/session/keepalive.ts";
import { DEFAULT_TIMES } from "../../lib/session/frames/session_options.ts";
import { FLAG_FIRST, FrameType } from "../../lib/wire/frame.ts";
import { KeepTarget, numbered, rawCodec } from "../support/session/calls.ts";
import { Pair } from "../support/session/pair.ts";
import { joined, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** Lets a scripted peer's session live for a while; its pings are answered or not. */
function live(peer: ScriptedPeer, ms: number, answer: boolean): number {
  const { session } = peer.side, end = peer.nowMs + ms;
  let pings = 0;
  while (session.nextDeadlineMs() <= end && session.state === "open") {
    peer.nowMs = Math.max(peer.nowMs, session.nextDeadlineMs());
    session.onTimer(peer.nowMs);
    for (const frame of peer.frames().splice(0)) {
      if (frame.type !== FrameType.ping || frame.id !== 0) continue;
      pings++;
      if (answer) peer.send(rawFrame(FrameType.pong, { argument: frame.argument }));
    }
  }
  peer.nowMs = Math.max(peer.nowMs, end);
  return pings;
}

Deno.test("an idle connection is pinged at its interval and lives", () => {
  const pair = new Pair();
  pair.advance(10 * 60_000);
  assertEquals([pair.dialler.session.state, pair.acceptor.session.state], ["open", "open"]);
  const { lastPing } = pair.dialler.session.keepalive;
  assertEquals(lastPing, { atMs: 601_000, roundTripMs: 0 });
});

Deno.test("the round trip of the last ping is known", () => {
  const peer = ScriptedPeer.open("acceptor");
  assertEquals(peer.side.session.keepalive.lastPing, null);
  peer.nowMs += 10_000;
  peer.side.session.onTimer(peer.nowMs);
  const { argument } = peer.expect(FrameType.ping, { id: 0 });
  peer.nowMs += 37;
  // An answer to another ping says nothing about this one.
  peer.send(rawFrame(FrameType.pong, { argument: argument + 1 }));
  assertEquals(peer.side.session.keepalive.lastPing, null);
  peer.send(rawFrame(FrameType.pong, { argument }));
  assertEquals(peer.side.session.keepalive.lastPing, { atMs: 11_037, roundTripMs: 37 });
});

Deno.test("a ping is answered with its own number", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping, { argument: 0xfedc_ba98 }));
  peer.expect(FrameType.pong, { id: 0, argument: 0xfedc_ba98 });
});

Deno.test("a silent peer is lost after livenessTimeoutMs, and every call with it", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", null);
  assertEquals(live(peer, 29_999, false), 2);
  assertEquals(peer.side.session.state, "open");
  live(peer, 1, false);
  assertEquals(peer.side.closed?.code, "Disconnected");
  assertStringIncludes(peer.side.closed!.message, "has sent nothing for 30000 ms");
  assertEquals([call.error?.code, call.error?.outcome], ["Disconnected", "maybeExecuted"]);
});

Deno.test("any bytes are a sign of life", () => {
  const peer = ScriptedPeer.open("acceptor");
  for (let n = 0; n < 10; n++) {
    live(peer, 25_000, false);
    peer.send(rawFrame(FrameType.drain));
  }
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a process that was itself held up does not blame its peer", () => {
  const peer = ScriptedPeer.open("acceptor");
  live(peer, 25_000, false);
  // Nothing ran here for a minute; the peer's bytes may wait unread.
  peer.nowMs += 60_000;
  peer.side.session.onTimer(peer.nowMs);
  assertEquals(peer.side.session.state, "open");
  peer.expect(FrameType.ping);
  // It reads on for a second and no longer, however much it is held up again.
  peer.nowMs += 5000;
  peer.side.session.onTimer(peer.nowMs);
  assertStringIncludes(peer.side.closed!.message, "has sent nothing");
});

Deno.test("a peer that takes no bytes is lost, though it sends", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping));
  peer.side.drain();
  for (let n = 0; n < 29; n++) {
    peer.nowMs += 1000;
    peer.send(rawFrame(FrameType.drain));
    peer.side.session.onTimer(peer.nowMs);
  }
  assertEquals(peer.side.session.state, "open");
  peer.nowMs += 1000;
  peer.side.session.onTimer(peer.nowMs);
  assertStringIncludes(peer.side.closed!.message, "has read nothing for 30000 ms");
});

Deno.test("a write that ends in time is forgotten", () => {
  const pair = new Pair();
  pair.acceptor.session.startDraining(pair.nowMs);
  pair.acceptor.drain();
  pair.acceptor.written();
  pair.advance(100_000);
  assertEquals(pair.acceptor.session.state, "open");
});

Deno.test("pings go out while a stream's sender waits for credit", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = new KeepTarget();
  peer.side.handlers.set("keep", kept);
  peer.send(peer.name(0, "keep"), peer.open(1 << 20, 1, 1));
  kept.streams[0]!.send!.send(rawCodec, numbered(10));
  kept.streams[0]!.send!.send(rawCodec, numbered(10));
  peer.frames().splice(0);
  assertEquals(live(peer, 60_000, true), 6);
  assertEquals(peer.side.session.state, "open");
});

Deno.test("quiet streams are asked after, and live as long as the peer knows them", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const streams = [
    pair.dialler.open("keep", null, { input: 1 }),
    pair.dialler.open("keep", null, { output: 1 }),
    pair.dialler.open("keep", null, { input: 1, output: 1 }),
    pair.dialler.open("keep", null),
  ];
  pair.pump();
  pair.advance(20 * 60_000);
  assert(streams.every((stream) => !stream.done));
  assertEquals(kept.streams.length, 4);
});

Deno.test("a stream that the peer has forgotten is ended, the connection lives", () => {
  const peer = ScriptedPeer.open("dialler");
  const forgotten = peer.side.open("keep", null, { output: 1 });
  peer.frames().splice(0);
  live(peer, 40_000, true);
  assert(!forgotten.done);
  live(peer, 20_000, true);
  assertEquals([forgotten.error?.code, forgotten.error?.outcome], [
    "Disconnected",
    "maybeExecuted",
  ]);
  assertStringIncludes(forgotten.error!.message, "did not answer 4 pings of this stream");
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a ping for a stream that is not there has no answer", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.send(rawFrame(FrameType.ping, { id: 1 << 20 }));
  peer.expectNothing();
  // A pong for such a one means nothing.
  peer.send(rawFrame(FrameType.pong, { id: 1 << 20, argument: 5 }));
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a long output is a sign of its stream, though the handler has ended", () => {
  const peer = ScriptedPeer.open("dialler");
  const stream = peer.side.open("keep", null, { output: 1 });
  const { id } = stream;
  peer.frames().splice(0);
  const first = joined(u32(100_000), numbered(1000));
  peer.send(rawFrame(FrameType.output, { id, flags: FLAG_FIRST, payload: first }));
  for (let n = 0; n < 20; n++) {
    live(peer, 10_000, true);
    peer.send(rawFrame(FrameType.responderFragment, { id, payload: numbered(1000) }));
  }
  assert(!stream.done);
});

Deno.test("a stream whose opening is still arriving is known to the responder", () => {
  const peer = ScriptedPeer.open("acceptor");
  const payload = joined(u32(100_000), u32(1, 1), numbered(1000));
  const id = 1 << 20;
  peer.send(
    peer.name(0, "keep"),
    rawFrame(FrameType.open, { id, argument: 0xffff_ffff, flags: FLAG_FIRST, payload }),
    rawFrame(FrameType.ping, { id, argument: 7 }),
  );
  peer.expect(FrameType.pong, { id, argument: 7 });
});

Deno.test("a peer that sent bytes while this process was blocked stays connected", () => {
  const peer = ScriptedPeer.open("acceptor");
  live(peer, 25_000, false);
  peer.nowMs += 60_000;
  peer.side.session.onTimer(peer.nowMs);
  peer.send(rawFrame(FrameType.drain));
  live(peer, 29_000, false);
  assertEquals(peer.side.session.state, "open");
});

Deno.test("a short delay of timers does not lengthen livenessTimeoutMs much", () => {
  const peer = ScriptedPeer.open("acceptor");
  const { session } = peer.side, start = peer.nowMs;
  while (session.state === "open") {
    peer.nowMs = session.nextDeadlineMs() + 60;
    session.onTimer(peer.nowMs);
  }
  assert(peer.nowMs - start < 33_000, `${peer.nowMs - start} ms`);
});

/** A peer's sign of a stream, by the frame that it is; what none is. */
const SIGNS: [what: string, isSign: boolean, frame: (id: number, n: number) => Uint8Array][] = [
  ["outputs", true, (id, n) => rawFrame(FrameType.output, { id, argument: n })],
  ["credit", true, (id) => rawFrame(FrameType.inputCredit, { id, argument: 0, payload: u32(0) })],
  ["answers to its pings", true, (id) => rawFrame(FrameType.pong, { id })],
  ["signs of another stream", false, (id) => rawFrame(FrameType.pong, { id: id + 1 })],
];

for (const [what, isSign, frame] of SIGNS) {
  Deno.test(`a stream lives on ${what}: ${isSign}`, () => {
    const peer = ScriptedPeer.open("dialler");
    const stream = peer.side.open("keep", null, { input: 1, output: 1000 });
    const { id } = stream;
    peer.frames().splice(0);
    for (let n = 0; n < 12; n++) {
      live(peer, 20_000, true);
      peer.send(frame(id, n));
    }
    assertEquals(stream.done, !isSign);
    assertEquals(peer.side.session.state, "open");
  });
}

const TIMES = {
  ...DEFAULT_TIMES,
  handshakeTimeoutMs: 5_000,
  pingIntervalMs: 10_000,
  livenessTimeoutMs: 30_000,
};
/** So much under way has not been read. */
const UNTAKEN_BYTES = 32 * 1024;

/** What is known of a peer from time 0 on, that has just been heard. */
function open(nowMs = 0): Keepalive {
  const keepalive = new Keepalive(TIMES, nowMs);
  keepalive.onOpen(nowMs);
  return keepalive;
}

/** Hears the peer at each second up to a time, and says why it is lost. */
function hear(keepalive: Keepalive, fromMs: number, untilMs: number): string | null {
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 1_000) {
    keepalive.onReceived(nowMs);
    const step = keepalive.onTimer(nowMs, nowMs);
    if (step.kind === "lost") return `${nowMs}: ${step.reason}`;
  }
  return null;
}

const NOTHING_TAKEN = "30000 ms (livenessTimeoutMs).", WRITE = "The peer has read nothing for ";

Deno.test("a handshake has its time to the millisecond", () => {
  const keepalive = new Keepalive(TIMES, 7);
  assertEquals(keepalive.nextDeadlineMs, 5_007);
  assertEquals(keepalive.onTimer(5_006, 5_006).kind, "nothing");
  const step = keepalive.onTimer(5_007, 5_007);
  assertEquals(step, { kind: "lost", reason: "The handshake did not complete within 5000 ms." });
});

Deno.test("what a connection went through before its session counts towards the handshake's time", () => {
  const keepalive = new Keepalive({ ...TIMES, handshakeUsedMs: 1_500 }, 7);
  assertEquals(keepalive.nextDeadlineMs, 3_507);
  assertEquals(keepalive.onTimer(3_506, 3_506).kind, "nothing");
  const step = keepalive.onTimer(3_507, 3_507);
  // What is told is the whole time.
  assertEquals(step, { kind: "lost", reason: "The handshake did not complete within 5000 ms." });
  keepalive.onOpen(100);
  assertEquals(keepalive.onTimer(3_507, 3_507).kind, "nothing");
});

Deno.test("a write has livenessTimeoutMs, which begins anew whenever some of it is taken", () => {
  const stuck = open();
  stuck.onWriteBegun(1_000);
  assertEquals(stuck.nextDeadlineMs, 10_000);
  assertEquals(hear(stuck, 1_000, 90_000), `31000: ${WRITE}${NOTHING_TAKEN}`);
  const slow = open();
  slow.onWriteBegun(1_000);
  hear(slow, 1_000, 20_000);
  slow.onTaken(20_000);
  assertEquals(hear(slow, 21_000, 90_000), `50000: ${WRITE}${NOTHING_TAKEN}`);
  const done = open();
  done.onWriteBegun(1_000);
  done.onWritten();
  // Nothing is under way that could be taken.
  done.onTaken(2_000);
  assertEquals(hear(done, 2_000, 90_000), null);
});

Deno.test("bulk that is not read is found out, which begins anew whenever some of it is taken or has arrived", () => {
  const told: [what: string, tell: (keepalive: Keepalive) => void, lostMs: number | null][] = [
    ["nothing", () => {}, 31_000],
    ["taken", (keepalive) => keepalive.onTaken(20_000), 50_000],
    ["arrived", (keepalive) => keepalive.onBulk(UNTAKEN_BYTES, 5, 20_000), 50_000],
    ["no more arrived", (keepalive) => keepalive.onBulk(UNTAKEN_BYTES + 1, 0, 20_000), 31_000],
    ["little left", (keepalive) => keepalive.onBulk(UNTAKEN_BYTES - 1, 0, 20_000), null],
  ];
  for (const [what, tell, lostMs] of told) {
    const keepalive = open();
    keepalive.onBulk(UNTAKEN_BYTES, 0, 1_000);
    hear(keepalive, 1_000, 20_000);
    tell(keepalive);
    const lost = lostMs === null ? null : `${lostMs}: ${WRITE}${NOTHING_TAKEN}`;
    assertEquals(hear(keepalive, 20_000, 90_000), lost, what);
  }
});

Deno.test("the next deadline is the earliest of all that is waited for", () => {
  const keepalive = open(1_000);
  assertEquals(keepalive.nextDeadlineMs, 11_000, "a ping");
  for (const nowMs of [11_000, 22_500]) keepalive.onTimer(nowMs, nowMs);
  assertEquals(keepalive.nextDeadlineMs, 31_000, "a sign of life");
  keepalive.onReceived(20_000);
  keepalive.onWriteBegun(1_200);
  assertEquals(keepalive.nextDeadlineMs, 31_200, "a write");
  keepalive.onBulk(UNTAKEN_BYTES, 0, 1_100);
  assertEquals(keepalive.nextDeadlineMs, 31_100, "bulk");
});

Deno.test("an unexpected or repeated pong does not change the round trip", () => {
  const keepalive = open();
  keepalive.onPong(0, 500);
  assertEquals(keepalive.lastPing, null);
  const token = keepalive.ask(1_000);
  keepalive.onPong(token, 1_020);
  keepalive.onPong(token, 9_000);
  assertEquals(keepalive.lastPing, { atMs: 1_020, roundTripMs: 20 });
});

Deno.test("a timer up to 50 ms late shows nothing, a later one that this process was held up", () => {
  for (const [lateMs, lost] of [[50, true], [51, false]] as const) {
    const keepalive = open();
    const step = keepalive.onTimer(30_000 + lateMs, 30_000);
    assertEquals(step.kind === "lost", lost);
    // Then it reads on for a second.
    if (!lost) {
      assertEquals(keepalive.onTimer(31_000 + lateMs - 1, 31_000 + lateMs - 1).kind, "nothing");
      assertEquals(keepalive.onTimer(31_000 + lateMs, 31_000 + lateMs).kind, "lost");
    }
  }
});

Deno.test("a ping says whether the one before was answered", () => {
  const keepalive = open(), pings: unknown[] = [];
  for (let n = 1; n <= 4; n++) {
    keepalive.onReceived(n * 10_000);
    const step = keepalive.onTimer(n * 10_000, n * 10_000);
    pings.push(step.kind === "ping" && [step.token, step.wasAnswered]);
    if (n % 2 === 1) keepalive.onPong(n, n * 10_000 + 1);
  }
  assertEquals(pings, [[1, true], [2, true], [3, false], [4, true]]);
  assertEquals(keepalive.nextDeadlineMs, 50_000);
});

Deno.test("as long as this process was held up, so much longer a peer has, for a sign of life and for taking bulk", () => {
  const silent = open();
  silent.onTimer(15_000, 10_000);
  assertEquals(silent.onTimer(34_999, 34_999).kind === "lost", false);
  const lost = silent.onTimer(35_000, 35_000);
  assertEquals(lost, {
    kind: "lost",
    reason: `The peer has sent nothing for ${NOTHING_TAKEN}`,
  });
  for (const begin of ["onBulk", "onWriteBegun"] as const) {
    const stuck = open();
    if (begin === "onBulk") stuck.onBulk(UNTAKEN_BYTES, 0, 1_000);
    else stuck.onWriteBegun(1_000);
    stuck.onTimer(15_000, 10_000);
    assertEquals(hear(stuck, 16_000, 90_000), `36000: ${WRITE}${NOTHING_TAKEN}`, begin);
  }
});

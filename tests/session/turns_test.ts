/** What a turn is: how long it lasts, what time it is in it, and what it leaves behind. @module */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { OutgoingCalls } from "../../lib/session/calls/outgoing_calls.ts";
import { encodeHello } from "../../lib/session/frames/hello.ts";
import { ReceiveBuffer } from "../../lib/session/calls/receive_buffer.ts";
import { NO_METADATA } from "../../lib/session/frames/metadata.ts";
import type { CreditGranter } from "../../lib/session/calls/receive_half.ts";
import { IncomingCalls } from "../../lib/session/calls/incoming_calls.ts";
import { SendHalf } from "../../lib/session/sending/send_half.ts";
import { CallTime, TurnLag } from "../../lib/session/frames/call_time.ts";
import { FLAG_FIRST, FrameType } from "../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../lib/wire/limits.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";
import {
  rawCodec,
  TestAccepted,
  TestCall,
  TestIncoming,
  TestStream,
} from "../support/session/calls.ts";
import { openScheduler } from "../support/session/open_scheduler.ts";
import { errorPayload, joined, parseFrames, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { peerHello, ScriptedPeer } from "../support/session/scripted_peer.ts";

const ERROR = new InternodeError("Cancelled", "enough of it", { origin: "caller" });
const ID = 1 << 20;

/** Both sides of a session, by themselves. */
function sides() {
  const { scheduler, drain } = openScheduler();
  const receiveBuffer = new ReceiveBuffer(DEFAULT_LIMITS, scheduler);
  const granter: CreditGranter = { release(): void {}, grantCredit(): void {} };
  const outgoing = new OutgoingCalls(scheduler, receiveBuffer, granter);
  const incoming = new IncomingCalls(
    scheduler,
    receiveBuffer,
    granter,
    { resolve: () => null },
    10,
  );
  return { scheduler, drain, outgoing, incoming };
}

type Sides = ReturnType<typeof sides>;

function request({ outgoing }: Sides, call: TestCall, nowMs: number): TestCall {
  outgoing.request(call, 0, rawCodec, null, null, nowMs);
  return call;
}

/** A request of the peer's that is not answered yet. */
function incoming({ incoming }: Sides): TestIncoming {
  const call = new TestIncoming(incoming, ID, Infinity, null, NO_METADATA);
  incoming.acceptCall(call);
  return call;
}

/** A stream of the peer's with as much credit in each direction. */
function accepted({ incoming }: Sides, credit: number): TestAccepted {
  const stream = new TestAccepted(incoming, ID, Infinity, null, NO_METADATA);
  incoming.acceptStream(stream, credit, credit);
  return stream;
}

/** All that enters from outside in a turn of its own, at the time 77. */
const ENTRIES: [what: string, enter: (all: Sides) => void][] = [
  ["a name's number", ({ outgoing }) => void outgoing.nameNumber("a", "b", 77)],
  ["a key's number", ({ outgoing }) => void outgoing.keyNumber("key", "a", 77)],
  ["a request", (all) => void request(all, new TestCall(), 77)],
  [
    "a stream",
    ({ outgoing }) => outgoing.open(new TestStream(), 0, rawCodec, null, null, 1, 1, 77),
  ],
  ["a cancel", (all) => {
    const call = request(all, new TestCall(), 5);
    all.outgoing.cancel(call, ERROR, "Cancelled", 77);
  }],
  ["an answer", (all) => void all.incoming.finishCall(incoming(all), rawCodec, null, 77)],
  ["a failure", (all) => all.incoming.failCall(incoming(all), ERROR, null, 77)],
  ["a stream's failure", (all) => all.incoming.failCall(accepted(all, 1), ERROR, null, 77)],
  ["a stream's end", (all) => all.incoming.finishStream(accepted(all, 1), 77)],
  ["an end of no outputs", (all) => all.incoming.finishStream(accepted(all, 0), 77)],
  ["a handler given up", (all) => all.incoming.endCall(incoming(all), ERROR, 77)],
  ["a direction's end", ({ scheduler }) => {
    new SendHalf(scheduler, FrameType.input, 1).end(() => {}, 77);
  }],
];

for (const [what, enter] of ENTRIES) {
  Deno.test(`${what} says what time it is`, () => {
    const all = sides();
    all.scheduler.nowMs = 5;
    enter(all);
    assertEquals(all.scheduler.nowMs, 77);
  });
}

Deno.test("a call that was given up has no deadline any more, though its slot is in use", () => {
  const all = sides(), { outgoing, scheduler } = all;
  const first = request(all, new TestCall(100), 0), second = request(all, new TestCall(50), 0);
  outgoing.cancel(first, ERROR, "Cancelled", 10);
  assertEquals([first.state, outgoing.calls.active], ["abandoned", 2]);
  scheduler.nowMs = 50;
  outgoing.expire();
  assertEquals([second.error?.code, outgoing.earliestDeadlineMs()], ["DeadlineExceeded", Infinity]);
});

Deno.test("what a turn took moves the deadlines of the calls made in it, and of no others", () => {
  const exact = new TestCall(), later = new TestCall(), lag = new TurnLag();
  exact.time = new CallTime(60, 40);
  later.time = new CallTime(60, 40, lag);
  lag.ms = 7;
  assertEquals([exact.deadlineMs, later.deadlineMs], [100, 107]);
});

Deno.test("a turn may end after 32 frames that run no handler, each time", () => {
  const peer = ScriptedPeer.open("acceptor"), { side } = peer;
  side.endTurns = true;
  const pings = Array.from({ length: 70 }, (_, argument) => rawFrame(FrameType.ping, { argument }));
  side.receiveBatch(joined(...pings));
  const answered: number[] = [];
  for (;;) {
    answered.push(peer.frames().length);
    if (!side.interrupted) break;
    side.resume();
  }
  // The hello was the first of all.
  assertEquals(answered, [31, 63, 70]);
});

Deno.test("a turn may end after 16 KiB of frames that run no handler", () => {
  // A cancel's text is read as far as it is to be shown.
  const cancel = rawFrame(FrameType.cancel, { id: ID, code: 4, payload: new Uint8Array(4_080) });
  const peer = ScriptedPeer.open("acceptor"), { side } = peer;
  side.endTurns = true;
  side.receiveBatch(joined(...Array.from({ length: 10 }, () => cancel)));
  let turns = 1;
  for (; side.interrupted; turns++) side.resume();
  // Four of them are just that.
  assertEquals([turns, side.closed], [3, null]);
});

Deno.test("a handshake ends no turn", () => {
  const peer = new ScriptedPeer("acceptor"), { side } = peer;
  side.endTurns = true;
  const hello = rawFrame(FrameType.hello, { payload: encodeHello(peerHello()) });
  side.receiveBatch(joined(hello, rawFrame(FrameType.ping, { argument: 9 })));
  assertEquals([side.session.state, side.interrupted], ["open", false]);
  assertEquals(peer.frames().at(-1)?.type, FrameType.pong);
});

Deno.test("what was written is used again, and not before", () => {
  const pool = new WriterPool(), peer = ScriptedPeer.open("acceptor", { pool }), { side } = peer;
  while (pool.take().bytes.some((byte) => byte !== 0));
  peer.send(rawFrame(FrameType.ping, { argument: 0x1234_5678 }));
  side.drain();
  const [frame] = side.transit.flatMap(parseFrames);
  assertEquals(frame?.argument, 0x1234_5678);
  assert(pool.take().bytes.every((byte) => byte === 0), "it is still being written");
  side.written();
  assert(pool.take().bytes.some((byte) => byte !== 0));
});

/** A peer whose session has a call or stream of this side's, or of the peer's, with that id. */
interface Scene {
  readonly peer: ScriptedPeer;
  readonly id: number;
}

function served(init: { stream: boolean }): Scene {
  const peer = ScriptedPeer.open("acceptor");
  peer.keep();
  peer.send(peer.name(0, "keep"), init.stream ? peer.open(ID, 5, 5) : peer.request(ID));
  peer.frames();
  return { peer, id: ID };
}

function called(init: { stream: boolean }): Scene {
  const peer = ScriptedPeer.open("dialler");
  const { id } = init.stream
    ? peer.side.open("keep", null, { input: 5, output: 5 })
    : peer.side.request("keep", null);
  peer.frames();
  return { peer, id };
}

const STREAM = { stream: true }, SINGLE = { stream: false };
const PIECE = new Uint8Array(10);
/** A first piece, of a message of 20 bytes. */
const FIRST = { flags: FLAG_FIRST, payload: joined(u32(20), PIECE) };

/** Frames, where they come, and whether a handler may run at them. */
const FRAMES: [
  what: string,
  runs: boolean,
  scene: () => Scene,
  frame: (scene: Scene) => Uint8Array,
][] = [
  ["a request", true, () => served(SINGLE), ({ peer }) => peer.request(ID + 1)],
  ["an opening", true, () => served(SINGLE), ({ peer }) => peer.open(ID + 1, 1, 1)],
  ["an input", true, () => served(STREAM), ({ id }) => rawFrame(FrameType.input, { id })],
  [
    "an input for nobody",
    false,
    () => served(STREAM),
    ({ id }) => rawFrame(FrameType.input, { id: id + 1 }),
  ],
  ["an output", true, () => called(STREAM), ({ id }) => rawFrame(FrameType.output, { id })],
  ["a response", false, () => called(SINGLE), ({ id }) => rawFrame(FrameType.response, { id })],
  [
    "an error",
    false,
    () => called(SINGLE),
    ({ id }) => rawFrame(FrameType.error, { id, code: 6, payload: errorPayload(3, "no") }),
  ],
  [
    "an end of outputs",
    false,
    () => called(STREAM),
    ({ id }) => rawFrame(FrameType.outputEnd, { id }),
  ],
  [
    "an end of inputs",
    false,
    () => served(STREAM),
    ({ id }) => rawFrame(FrameType.inputEnd, { id }),
  ],
  [
    "credit for inputs",
    false,
    () => called(STREAM),
    ({ id }) => rawFrame(FrameType.inputCredit, { id, payload: u32(0) }),
  ],
  [
    "credit for outputs",
    false,
    () => served(STREAM),
    ({ id }) => rawFrame(FrameType.outputCredit, { id, payload: u32(0) }),
  ],
  [
    "a cancel",
    false,
    () => served(SINGLE),
    ({ id }) => rawFrame(FrameType.cancel, { id, code: 4 }),
  ],
  ["a first piece", false, () => served(SINGLE), ({ peer }) => peer.request(ID + 1, FIRST)],
  ["a piece that is not the last", false, () => {
    const scene = served(SINGLE);
    scene.peer.send(scene.peer.request(ID + 1, FIRST));
    return scene;
  }, () => rawFrame(FrameType.openerFragment, { id: ID + 1, payload: PIECE.subarray(1) })],
  ["the last piece of a request", true, () => {
    const scene = served(SINGLE);
    scene.peer.send(scene.peer.request(ID + 1, FIRST));
    return scene;
  }, () => rawFrame(FrameType.openerFragment, { id: ID + 1, payload: PIECE })],
  ["the last piece of an answer", false, () => {
    const scene = called(SINGLE);
    scene.peer.send(rawFrame(FrameType.response, { id: scene.id, ...FIRST }));
    return scene;
  }, ({ id }) => rawFrame(FrameType.responderFragment, { id, payload: PIECE })],
  ["a name", false, () => served(SINGLE), ({ peer }) => peer.name(1, "other")],
  ["more window", false, () => called(SINGLE), () => rawFrame(FrameType.window, { argument: 1 })],
  ["bulk that has arrived", false, () => called(SINGLE), () => rawFrame(FrameType.arrived)],
  ["a ping", false, () => called(SINGLE), () => rawFrame(FrameType.ping)],
  ["an answer to a ping", false, () => called(SINGLE), () => rawFrame(FrameType.pong)],
  ["a wish to drain", false, () => called(SINGLE), () => rawFrame(FrameType.drain)],
];

for (const [what, runs, scene, frame] of FRAMES) {
  Deno.test(`the turn may end right behind ${what}: ${runs}`, () => {
    const made = scene(), { side } = made.peer;
    side.endTurns = true;
    side.receiveBatch(joined(frame(made), rawFrame(FrameType.ping)));
    assertEquals([side.interrupted, side.session.state], [runs, "open"]);
  });
}

Deno.test("credit is of use if it gives anything to a stream that there is", () => {
  const given: [messages: number, bytes: number, isOfUse: boolean][] = [
    [0, 0, false],
    [1, 0, true],
    [0, 5, true],
    [1, 200, true],
    [1, 1, true],
  ];
  for (const [messages, bytes, isOfUse] of given) {
    const all = sides(), { outgoing, incoming } = all;
    const served = accepted(all, 5), opened = new TestStream();
    outgoing.open(opened, 0, rawCodec, null, null, 5, 5, 0);
    for (const half of [served.send!, opened.send!]) {
      for (let n = 0; n < 3; n++) half.send(rawCodec, new Uint8Array(100));
    }
    assertEquals(incoming.onOutputCredit(ID, messages, bytes), isOfUse);
    assertEquals(outgoing.onInputCredit(opened.id, messages, bytes), isOfUse);
    assertEquals(incoming.onOutputCredit(ID + 1, messages, bytes), false);
    assertEquals(outgoing.onInputCredit(opened.id + 1, messages, bytes), false);
  }
});

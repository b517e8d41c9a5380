/** What waits for a peer that does not read. */

import { FEATURE_NAME_REUSE } from "../../../lib/session/frames/hello.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import {
  EchoTarget,
  encodedCodec,
  KeepTarget,
  numbered,
  rawCodec,
} from "../../support/session/calls.ts";
import { joined, rawFrame, textOf, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

/** What a hello says that takes whatever there is. */
const GREEDY = {
  maxMessageBytes: 0xffff_ffff,
  receiveBudgetBytes: 0xffff_ffff,
  streamBudgetBytes: 0xffff_ffff,
  maxCalls: 0xffff_ffff,
};
const BUDGET = 1_000_000;
const LIMITS = { sendBudgetBytes: BUDGET };
const CALL = 1 << 20;

/** All that is held for the peer. */
function waiting({ side }: ScriptedPeer): number {
  return side.session.queuedBytes + side.session.pendingBytes;
}

function codes(peer: ScriptedPeer): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { type } of peer.frames().splice(0)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

for (const codec of [rawCodec, encodedCodec]) {
  for (const size of [100, 8_000, 50_000]) {
    const kind = codec === rawCodec ? "raw" : "encoded";
    Deno.test(`own requests of ${size} bytes, ${kind}, are refused before they fill memory`, () => {
      const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, GREEDY);
      const { side } = peer;
      let made = 0;
      const error = assertThrows(() => {
        for (; made < 100_000; made++) side.request("put", numbered(size), { codec });
      }, InternodeError);
      assertEquals([error.code, error.outcome], ["Overloaded", "notSent"]);
      assert(made * size > BUDGET / 4, `${made} were taken`);
      assert(waiting(peer) < 1.3 * BUDGET + size, `${waiting(peer)} bytes wait`);
      // With the peer reading again all that was taken goes, and there is room.
      assertEquals(codes(peer).get(FrameType.request), made);
      side.request("put", numbered(size), { codec });
    });
  }
}

Deno.test("responses beyond the budget become short errors, until the peer reads", () => {
  const peer = ScriptedPeer.open("acceptor", { limits: LIMITS }, GREEDY);
  const kept = new KeepTarget();
  peer.side.handlers.set("keep", kept);
  peer.send(peer.name(0, "keep"));
  let refused = 0;
  for (let slot = 0; slot < 1_000; slot++) {
    peer.send(peer.request(CALL | slot));
    const call = kept.requests.at(-1)!;
    try {
      call.responder.finishCall(call, rawCodec, numbered(8_000), peer.nowMs);
    } catch (error) {
      refused++;
      call.responder.failCall(call, error as InternodeError, null, peer.nowMs);
    }
  }
  assert(refused > 800 && refused < 950, `${refused} were refused`);
  assert(waiting(peer) < 1.5 * BUDGET, `${waiting(peer)} bytes wait`);
  const sent = codes(peer);
  assertEquals([sent.get(FrameType.response), sent.get(FrameType.error)], [
    1_000 - refused,
    refused,
  ]);
  assertEquals(waiting(peer), 0);
});

Deno.test("a handler target knows how much of the last response waits, and whether there is room", () => {
  const peer = ScriptedPeer.open("acceptor", { limits: LIMITS }, GREEDY);
  const { incoming } = peer.side.session;
  peer.side.handlers.set("echo", new EchoTarget());
  peer.send(peer.name(0, "echo"), peer.request(CALL, { payload: numbered(100) }));
  assertEquals(incoming.waitingBytes, 0);
  const payload = joined(u32(700_000), numbered(60_000));
  peer.send(peer.request(CALL | 1, { flags: FLAG_FIRST, payload }));
  for (let left = 640_000; left > 0; left -= 64_000) {
    peer.send(rawFrame(FrameType.openerFragment, { id: CALL | 1, payload: numbered(64_000) }));
  }
  assertEquals(incoming.waitingBytes, 700_000);
  // One of any size may wait beside those that fit.
  assert(incoming.bulk.hasRoom(700_000));
  incoming.respond(CALL | 2, rawCodec, numbered(700_000));
  assert(!incoming.bulk.hasRoom(700_000));
  assert(incoming.bulk.hasRoom(200_000));
});

Deno.test("messages of streams stay with their senders while much of them waits", () => {
  const peer = ScriptedPeer.open("acceptor", { limits: LIMITS }, GREEDY);
  const kept = new KeepTarget();
  peer.side.handlers.set("push", kept);
  peer.send(peer.name(0, "push"));
  const accepted: number[] = [];
  for (let slot = 0; slot < 20; slot++) {
    peer.send(peer.open(CALL | slot, 65_535, 0));
    const { send } = kept.streams.at(-1)!;
    for (let n = 0; n < 10; n++) {
      const later = send!.send(rawCodec, numbered(20_000));
      if (later === null) accepted.push(slot);
      else later.onAccepted = () => accepted.push(slot);
    }
  }
  assert(accepted.length < 20, `${accepted.length} of 200 were taken`);
  // A call of the other kind is not held up by that.
  peer.side.request("put", numbered(20_000));
  assertEquals(codes(peer).get(FrameType.output), 200);
  assertEquals(accepted.length, 200);
});

Deno.test("small messages of streams stay with their senders, too", () => {
  const peer = ScriptedPeer.open("acceptor", { limits: LIMITS }, GREEDY);
  const kept = new KeepTarget();
  peer.side.handlers.set("push", kept);
  peer.send(peer.name(0, "push"), peer.open(CALL, 65_535, 0));
  const { send } = kept.streams[0]!;
  let taken = 0;
  for (let n = 0; n < 10_000; n++) {
    const later = send!.send(rawCodec, numbered(100));
    if (later === null) taken++;
    else later.onAccepted = () => taken++;
  }
  assert(taken < 3_000, `${taken} were taken`);
  assertEquals(codes(peer).get(FrameType.output), 10_000);
  assertEquals(taken, 10_000);
});

Deno.test("calls that wait for a slot are bounded, and those that ended make room", () => {
  const peer = ScriptedPeer.open("dialler", { limits: LIMITS }, { maxCalls: 1 });
  const { side } = peer;
  side.request("put", null);
  const calls = Array.from({ length: 9 }, () => side.request("put", numbered(100_000)));
  const more = () => side.request("put", numbered(100_000));
  const error = assertThrows(more, InternodeError, "takes maxCalls at a time");
  assertEquals([error.code, error.outcome], ["Overloaded", "notSent"]);
  side.cancel(calls[3]!);
  const last = more();
  assertThrows(more, InternodeError);
  // Each goes as the one before it is answered.
  for (let answered = 0; answered < 9; answered++) {
    const [request] = peer.frames().splice(0).filter(({ type }) => type === FrameType.request);
    peer.send(rawFrame(FrameType.response, { id: request!.id }));
  }
  assert(calls[8]!.done && !last.done);
});

Deno.test("errors tell little while much waits to be read", () => {
  const peer = ScriptedPeer.open("acceptor", {}, GREEDY);
  const { incoming } = peer.side.session;
  const failure = new InternodeError("HandlerFailed", "x".repeat(4_000), { outcome: "executed" });
  for (let id = 0; id < 2_000; id++) incoming.respondError(CALL | id, failure, numbered(500));
  assert(waiting(peer) < 1_500_000, `${waiting(peer)} bytes wait`);
  const errors = peer.frames().splice(0).filter(({ type }) => type === FrameType.error);
  assertEquals(errors.length, 2_000);
  assertEquals(textOf(errors[0]!.payload.subarray(4, 4_004)), "x".repeat(4_000));
  assertEquals(errors.at(-1)!.payload.length, 4 + 64);
});

Deno.test("a peer may ask for much over time, as long as it reads", () => {
  const peer = ScriptedPeer.open("acceptor", { limits: { maxCalls: 1 } }, GREEDY);
  const ping = rawFrame(FrameType.ping);
  const pings = joined(...Array.from({ length: 1_000 }, () => ping));
  const { incoming } = peer.side.session;
  // Something always waits: the lane is never empty, and yet all is read.
  for (let round = 0; round < 400; round++) {
    incoming.respond(CALL | round, rawCodec, numbered(8_000));
    peer.nowMs += 500;
    peer.send(pings);
    peer.side.drain();
    peer.side.written();
  }
  assertEquals(peer.side.session.state, "open");
  for (let round = 0; round < 400 && peer.side.closed === null; round++) {
    peer.nowMs += 500;
    peer.send(pings);
  }
  assert(peer.side.closed?.message.includes("of responses wait for it"));
});

Deno.test("the memory of names is limited", () => {
  const long = "n".repeat(255);
  const peer = ScriptedPeer.open("acceptor");
  let number = 0;
  for (; number < 65_535 && peer.side.closed === null; number++) {
    peer.send(peer.name(number, long, long));
  }
  peer.expectBreach("names that the peer sent exceed");
  const asker = ScriptedPeer.open("dialler", {}, { features: FEATURE_NAME_REUSE });
  const { outgoing } = asker.side.session;
  let asked = 0;
  const error = assertThrows(() => {
    for (; asked < 65_535; asked++) outgoing.nameNumber(long, `${long.slice(5)}${asked}`, 0);
  }, InternodeError);
  assertEquals(error.code, "Overloaded");
  assert(Math.abs(asked - number) < 500, `${asked} are used, ${number} were taken`);
  const short = ScriptedPeer.open("acceptor");
  for (let each = 0; each < 65_535; each++) short.send(short.name(each, `handler ${each}`));
  assertEquals(short.side.closed, null);
});

Deno.test("a peer that takes no bulk is lost, whatever it sends", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  side.request("put", numbered(5_000_000));
  const elapse = (ms: number): void => {
    for (const untilMs = peer.nowMs + ms; peer.nowMs < untilMs; peer.nowMs += 1_000) {
      while (side.session.hasOutput) {
        side.drain();
        side.written();
      }
      if (peer.nowMs >= side.session.nextDeadlineMs()) side.session.onTimer(peer.nowMs);
      peer.send(rawFrame(FrameType.ping));
    }
  };
  elapse(25_000);
  // As long as it reads anything, however slowly, it is there.
  peer.send(rawFrame(FrameType.arrived, { argument: 40_000 }));
  elapse(25_000);
  assertEquals(side.closed, null);
  elapse(10_000);
  assertEquals(side.closed?.message, "The peer has read nothing for 30000 ms (livenessTimeoutMs).");
});

Deno.test("unread inputs still count after the last of them has arrived", () => {
  const peer = ScriptedPeer.open("acceptor", {
    limits: { receiveBudgetBytes: 65_536, maxMessageBytes: 20_000 },
  });
  const kept = new KeepTarget();
  kept.autoRead = false;
  peer.side.handlers.set("sink", kept);
  peer.send(peer.name(0, "sink"), peer.open(CALL, 0, 8));
  const input = (sequence: number) =>
    rawFrame(FrameType.input, { id: CALL, argument: sequence, payload: numbered(10_000) });
  for (let n = 0; n < 4; n++) peer.send(input(n));
  peer.send(rawFrame(FrameType.inputEnd, { id: CALL, argument: 4 }));
  assertEquals(peer.side.session.heldBytes, 4 * 10_128);
  const [stream] = kept.streams;
  stream!.read(1);
  assertEquals(peer.side.session.heldBytes, 3 * 10_128);
  stream!.responder.finishStream(stream!, peer.nowMs);
  assertEquals(peer.side.session.heldBytes, 0);
  assertEquals(stream!.ended, 1);
});

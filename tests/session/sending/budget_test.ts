import { assertEquals } from "@std/assert";
import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import { largestMessage } from "../../../lib/wire/limits.ts";
import { assertPayload, KeepTarget, numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { joined, rawFrame, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

/** Each message counts with so much beside its payload. */
const OVERHEAD = 128;
const LIMITS = { receiveBudgetBytes: 65_536, maxMessageBytes: 20_000, maxFragmentBytes: 4096 };

/** An acceptor with small limits whose handler keeps every request. */
function keeper(): { peer: ScriptedPeer; kept: KeepTarget } {
  const peer = ScriptedPeer.open("acceptor", { limits: LIMITS });
  const kept = new KeepTarget();
  kept.autoRead = false;
  peer.side.handlers.set("keep", kept);
  peer.send(peer.name(0, "keep"));
  return { peer, kept };
}

Deno.test("a peer may use the whole budget; the first byte too many ends the connection", () => {
  for (const extra of [0, 1]) {
    const { peer, kept } = keeper();
    // 15 messages of 4096 with their overhead leave 2176 bytes, which one message can fill.
    for (let slot = 0; slot < 15; slot++) {
      peer.send(peer.request(1 << 20 | slot, { payload: numbered(4096) }));
    }
    const left = 65_536 - 15 * (4096 + OVERHEAD) - OVERHEAD;
    peer.send(peer.request(1 << 20 | 15, { payload: numbered(left + extra) }));
    if (extra === 1) {
      peer.expectBreach("receiveBudgetBytes allows 65536");
      assertEquals(kept.requests.length, 15);
    } else {
      assertEquals([kept.requests.length, peer.side.session.heldBytes], [16, 65_536]);
      peer.send(peer.request(1 << 20 | 16));
      peer.expectBreach("exceeds its budget");
    }
  }
});

Deno.test("a message in pieces counts whole from its first piece", () => {
  const { peer } = keeper();
  for (let slot = 0; slot < 3; slot++) {
    const payload = joined(u32(20_000), numbered(1));
    peer.send(peer.request(1 << 20 | slot, { flags: FLAG_FIRST, payload }));
  }
  assertEquals(peer.side.session.heldBytes, 3 * (20_000 + OVERHEAD));
  const payload = joined(u32(20_000), numbered(1));
  peer.send(peer.request(1 << 20 | 3, { flags: FLAG_FIRST, payload }));
  peer.expectBreach("exceeds its budget");
});

Deno.test("a message over maxMessageBytes ends the connection, before any of it is stored", () => {
  const { peer } = keeper();
  const payload = joined(u32(20_001), numbered(1));
  peer.send(peer.request(1 << 20, { flags: FLAG_FIRST, payload }));
  peer.expectBreach("maxMessageBytes is 20000");
  const huge = keeper().peer;
  huge.send(
    huge.request(1 << 20, { flags: FLAG_FIRST, payload: joined(u32(0xffff_ffff), numbered(1)) }),
  );
  huge.expectBreach("a message of 4294967295 bytes");
});

Deno.test("a piece over maxFragmentBytes ends the connection", () => {
  const whole = keeper().peer;
  whole.send(whole.request(1 << 20, { payload: numbered(4096) }));
  assertEquals(whole.side.session.state, "open");
  whole.send(whole.request(2 << 20 | 1, { payload: numbered(4097) }));
  whole.expectBreach("maxFragmentBytes is 4096");
  for (const size of [4096, 4097]) {
    const { peer } = keeper();
    const payload = joined(u32(10_000), numbered(size));
    peer.send(peer.request(1 << 20, { flags: FLAG_FIRST, payload }));
    if (size > 4096) peer.expectBreach("maxFragmentBytes is 4096");
    else {
      peer.send(rawFrame(FrameType.openerFragment, { id: 1 << 20, payload: numbered(4097) }));
      peer.expectBreach("maxFragmentBytes is 4096");
    }
  }
});

Deno.test("pieces that do not make up the message they announced end the connection", () => {
  const id = 1 << 20;
  const first = (payload: Uint8Array) =>
    rawFrame(FrameType.request, { id, argument: 9, flags: FLAG_FIRST, payload });
  const next = (size: number) =>
    rawFrame(FrameType.openerFragment, { id, payload: numbered(size) });
  for (
    const [frames, reason] of [
      [[first(u32(100).subarray(0, 3))], "without its size"],
      [[first(u32(0))], "in one fragment"],
      [[first(joined(u32(100), numbered(100)))], "in one fragment"],
      [[first(joined(u32(100), numbered(101)))], "in one fragment"],
      [[first(u32(100))], "a fragment of 0 bytes"],
      [[first(joined(u32(100), numbered(50))), next(0)], "a fragment of 0 bytes"],
      [[first(joined(u32(100), numbered(50))), next(51)], "but 50 bytes are left"],
      [
        [first(joined(u32(100), numbered(50))), first(joined(u32(100), numbered(50)))],
        "before the last fragment",
      ],
    ] as const
  ) {
    const { peer } = keeper();
    peer.sendEach(...frames);
    peer.expectBreach(reason);
  }
});

Deno.test("messages can be begun only for calls that there can be", () => {
  const payload = joined(u32(100), numbered(50));
  const beyond = ScriptedPeer.open("acceptor", { limits: { maxCalls: 2 } });
  beyond.send(beyond.request(1 << 20 | 2, { flags: FLAG_FIRST, payload }));
  beyond.expectBreach("out of range");
  const twice = keeper().peer;
  twice.send(twice.request(1 << 20, { flags: FLAG_FIRST, payload }));
  twice.send(twice.request(2 << 20, { flags: FLAG_FIRST, payload }));
  twice.expectBreach("before the last fragment");
  const answer = ScriptedPeer.open("dialler");
  answer.send(rawFrame(FrameType.response, { id: 1 << 20, flags: FLAG_FIRST, payload }));
  answer.expectBreach("not a request in flight");
});

Deno.test("a request counts until it is answered, an answer until it is handed over", () => {
  const pair = new Pair();
  const kept = pair.keep();
  pair.dialler.request("keep", numbered(1000));
  pair.pump();
  assertEquals(pair.acceptor.session.heldBytes, 1000 + OVERHEAD);
  const incoming = kept.requests[0]!;
  incoming.responder.finishCall(incoming, rawCodec, numbered(500), pair.nowMs);
  pair.pump();
  assertEquals([pair.acceptor.session.heldBytes, pair.dialler.session.heldBytes], [0, 0]);
});

Deno.test("the window comes back in pieces of an eighth of the budget", () => {
  const { peer, kept } = keeper();
  let slot = 0, use = 1;
  const round = (): void => {
    peer.send(peer.request(use++ << 20 | slot, { payload: numbered(4000) }));
    const incoming = kept.requests.pop()!;
    incoming.responder.finishCall(incoming, rawCodec, null, peer.nowMs);
    peer.expect(FrameType.response);
  };
  round();
  peer.expectNothing();
  round();
  // 8256 bytes are consumed, and 8192 are an eighth.
  slot++;
  assertEquals(peer.frames().length, 1);
  peer.expect(FrameType.window, { argument: 2 * (4000 + OVERHEAD), id: 0 });
  assertEquals(peer.side.session.heldBytes, 0);
});

Deno.test("more of the window than was used ends the connection", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("echo", numbered(100));
  peer.send(rawFrame(FrameType.window, { argument: 100 + OVERHEAD }));
  assertEquals(peer.side.session.state, "open");
  peer.send(rawFrame(FrameType.window, { argument: 1 }));
  peer.frames();
  peer.expectBreach("not in use");
});

Deno.test("the largest message always goes at last, whatever is held back", () => {
  const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: largestMessage(65_536) };
  const pair = new Pair({ both: { limits } });
  pair.echo();
  for (const before of [0, 1, 1000, 8000, 8063, 8064, 8100, 20_000]) {
    pair.dialler.request("echo", numbered(before));
    const size = limits.maxMessageBytes;
    const call = pair.dialler.request("echo", numbered(size));
    const small = pair.dialler.request("echo", numbered(3));
    pair.pump();
    assertPayload(call.response, numbered(size));
    assertPayload(small.response, numbered(3));
  }
  assertNothingLeft(pair);
});

Deno.test("messages that wait for the window go in order as it comes back", () => {
  const limits = { receiveBudgetBytes: 65_536 };
  const pair = new Pair({ acceptor: { limits: { ...limits, maxMessageBytes: 50_000 } } });
  const kept = pair.keep();
  const calls = Array.from(
    { length: 5 },
    (_, n) => pair.dialler.request("keep", numbered(30_000, n)),
  );
  pair.pump();
  for (let n = 0; n < 5; n++) {
    assertEquals(kept.requests.length, Math.min(5, n + 2));
    const incoming = kept.requests[n]!;
    assertPayload(incoming.payload, numbered(30_000, n));
    incoming.responder.finishCall(incoming, rawCodec, null, pair.nowMs);
    pair.pump();
    assertEquals(calls[n]!.response, null);
  }
  assertNothingLeft(pair);
});

Deno.test("a peer that makes this side answer and never reads is cut off", () => {
  const peer = ScriptedPeer.open("acceptor");
  const ping = rawFrame(FrameType.ping);
  const pings = joined(...Array.from({ length: 10_000 }, () => ping));
  for (let n = 0; n < 100 && peer.side.session.state === "open"; n++) {
    peer.nowMs += 5_000;
    peer.side.receiveBatch(pings);
  }
  peer.expectBreach("does not read");
});

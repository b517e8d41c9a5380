import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { FLAG_METADATA, FrameType, NO_TIMEOUT, PayloadKind } from "../../../lib/wire/frame.ts";
import {
  encodedCodec,
  failingCodec,
  numbered,
  type Payload,
  rawCodec,
} from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { errorPayload, parseFrames, rawFrame, textOf } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

for (const bytes of [false, true]) {
  Deno.test(`a request is answered in the same batch, over ${bytes ? "bytes" : "batches"}`, () => {
    const pair = new Pair({ bytes });
    pair.echo();
    const before = pair.acceptor.session.batchesSent;
    const calls = Array.from(
      { length: 5 },
      (_, n) => pair.dialler.request("echo", numbered(64, n)),
    );
    pair.pump();
    calls.forEach((call, n) => assertEquals(call.response, numbered(64, n)));
    assertEquals(pair.acceptor.session.batchesSent - before, 1);
    assertNothingLeft(pair);
  });
}

Deno.test("both sides call each other at the same time", () => {
  const pair = new Pair({ bytes: true });
  pair.echo();
  const there = pair.dialler.request("echo", numbered(10));
  const back = pair.acceptor.request("echo", numbered(20));
  pair.pump();
  assertEquals(there.response, numbered(10));
  assertEquals(back.response, numbered(20));
  assertNothingLeft(pair);
});

Deno.test("requests are answered in any order", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const calls = Array.from({ length: 6 }, (_, n) => pair.dialler.request("keep", numbered(3, n)));
  pair.pump();
  for (const n of [3, 0, 5, 1, 4, 2]) {
    const incoming = kept.requests[n]!;
    assert(incoming.responder.finishCall(incoming, rawCodec, incoming.payload, pair.nowMs));
    pair.pump();
    assertEquals(calls[n]!.response, numbered(3, n));
  }
  assertNothingLeft(pair);
});

Deno.test("null, empty and absent payloads stay distinct, both ways", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const payloads: Payload[] = [null, new Uint8Array(0), undefined, new Uint8Array([0])];
  for (const codec of [rawCodec, encodedCodec]) {
    for (const payload of payloads) {
      const call = pair.dialler.request("keep", payload, { codec });
      pair.pump();
      const incoming = kept.requests.pop()!;
      assertEquals(incoming.payload, payload);
      incoming.responder.finishCall(incoming, codec, payload, pair.nowMs);
      pair.pump();
      assertEquals(call.response, payload);
    }
  }
});

Deno.test("a handler's name is agreed on once, and travels before its first call", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("first", numbered(1));
  peer.side.request("second", numbered(2), { subroute: "disk 1" });
  peer.side.request("first", numbered(3));
  assertEquals(textOf(peer.expect(FrameType.name, { code: 0 }).payload.subarray(2)), "first");
  peer.expect(FrameType.request, { code: 0, argument: NO_TIMEOUT });
  const second = peer.expect(FrameType.name, { code: 1 }).payload;
  assertEquals([second[0], second[1]], [6, 0]);
  assertEquals(textOf(second.subarray(2)), "seconddisk 1");
  peer.expect(FrameType.request, { code: 1 });
  peer.expect(FrameType.request, { code: 0 });
  peer.expectNothing();
});

Deno.test("an unknown handler is an error of that call alone", () => {
  const pair = new Pair();
  pair.echo();
  const unknown = pair.dialler.request("nobody", numbered(1), { subroute: "x" });
  const known = pair.dialler.request("echo", numbered(2));
  pair.pump();
  assertEquals(unknown.error?.code, "UnknownHandler");
  assertEquals(unknown.error?.outcome, "notExecuted");
  assert(unknown.error?.message.includes('"nobody" for subroute "x"'));
  assertEquals(known.response, numbered(2));
});

Deno.test("a handler registered later is found by a name agreed on before", () => {
  const pair = new Pair();
  const early = pair.dialler.request("echo", numbered(1));
  pair.pump();
  assertEquals(early.error?.code, "UnknownHandler");
  pair.echo();
  const late = pair.dialler.request("echo", numbered(1));
  pair.pump();
  assertEquals(late.response, numbered(1));
});

Deno.test("a handler's error arrives with its message and detail, never a stack", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  const error = new InternodeError("HandlerFailed", "not enough: ü", { outcome: "executed" });
  incoming.responder.failCall(incoming, error, numbered(5), pair.nowMs);
  // A second answer is nobody's any more.
  incoming.responder.failCall(incoming, error, null, pair.nowMs);
  assertEquals(incoming.responder.finishCall(incoming, rawCodec, null, pair.nowMs), false);
  pair.pump();
  assertEquals(call.error?.code, "HandlerFailed");
  assertEquals(call.error?.message, "not enough: ü");
  assertEquals(call.error?.outcome, "executed");
  assertEquals(call.error?.origin, "remote");
  assertEquals(call.detail, numbered(5));
  assertNothingLeft(pair);
});

Deno.test("metadata reaches the handler, odd keys included", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const metadata = { trace: "a1", "": "empty key", __proto__x: "ü", ["__proto__"]: "own" };
  pair.dialler.request("keep", numbered(9), { metadata });
  pair.dialler.request("keep", undefined, { metadata: {}, codec: encodedCodec });
  pair.pump();
  const [first, second] = kept.requests;
  assertEquals(Object.entries(first!.metadata), Object.entries(metadata));
  assertEquals(first!.payload, numbered(9));
  assertEquals(Object.entries(second!.metadata), []);
  assertEquals(second!.payload, undefined);
  assertEquals(({} as Record<string, unknown>)["own"], undefined);
});

Deno.test("what cannot be encoded is refused, and nothing of it is sent", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  side.request("echo", numbered(1));
  const refused = assertThrows(
    () => side.request("echo", numbered(1), { codec: failingCodec }),
    InternodeError,
    "age must be a number",
  );
  assertEquals(refused.code, "InvalidPayload");
  assertThrows(
    () => side.request("echo", "text" as unknown as Uint8Array),
    InternodeError,
    "Uint8Array",
  );
  const big = { key: "x".repeat(4000), other: "y".repeat(100) };
  assertThrows(() => side.request("echo", null, { metadata: big }), InternodeError, "4096");
  side.request("echo", numbered(2));
  peer.expect(FrameType.name);
  const first = peer.expect(FrameType.request, { payload: numbered(1) });
  const second = peer.expect(FrameType.request, { payload: numbered(2) });
  peer.expectNothing();
  assert(first.id !== second.id);
  assertEquals(side.session.outgoing.calls.active, 2);
});

Deno.test("an oversize message is refused at the sender, with the limit's name", () => {
  const pair = new Pair({ acceptor: { limits: { maxMessageBytes: 10_000 } } });
  pair.echo();
  const { dialler } = pair;
  for (const codec of [rawCodec, encodedCodec]) {
    const error = assertThrows(
      () => dialler.request("echo", numbered(10_001), { codec }),
      InternodeError,
      "maxMessageBytes of 10000",
    );
    assertEquals([error.code, error.outcome, error.origin], [
      "MessageTooLarge",
      "notSent",
      "caller",
    ]);
    const fits = dialler.request("echo", numbered(10_000), { codec });
    pair.pump();
    assertEquals(fits.response, numbered(10_000));
  }
  assertNothingLeft(pair);
});

Deno.test("a peer cannot make a call that was sent one that was not", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  const error = new InternodeError("Overloaded", "busy", { outcome: "notSent" });
  incoming.responder.failCall(incoming, error, null, pair.nowMs);
  pair.pump();
  assertEquals([call.error?.code, call.error?.outcome], ["Overloaded", "notExecuted"]);
  assertNothingLeft(pair);
});

Deno.test("a response that is too large leaves the request unanswered for another try", () => {
  const pair = new Pair({ dialler: { limits: { maxMessageBytes: 2000 } } });
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  assertThrows(
    () => incoming.responder.finishCall(incoming, rawCodec, numbered(2001), pair.nowMs),
    InternodeError,
    "maxMessageBytes of 2000",
  );
  assert(incoming.pending);
  incoming.responder.failCall(incoming, new InternodeError("MessageTooLarge", "m"), null, 0);
  pair.pump();
  assertEquals(call.error?.code, "MessageTooLarge");
});

Deno.test("limits as small as they may be hold on both sides", () => {
  const limits = { maxMessageBytes: 1024, maxFragmentBytes: 1024, receiveBudgetBytes: 65_536 };
  for (const codec of [rawCodec, encodedCodec]) {
    const pair = new Pair({ both: { limits } });
    pair.echo();
    const kept = pair.keep();
    assertThrows(() => pair.dialler.request("echo", numbered(1025), { codec }), InternodeError);
    const fits = pair.dialler.request("echo", numbered(1024), { codec });
    const failing = pair.dialler.request("keep", null, { codec });
    pair.pump();
    const incoming = kept.requests[0]!, long = "long ".repeat(500).trim();
    const error = new InternodeError("HandlerFailed", long, { outcome: "executed" });
    incoming.responder.failCall(incoming, error, numbered(3000), pair.nowMs);
    pair.pump();
    assertEquals(fits.response, numbered(1024));
    assertEquals(failing.error?.message, long);
    assertEquals(failing.detail, numbered(3000));
    assertEquals(pair.dialler.session.state, "open");
  }
});

Deno.test("messages larger than a small fragment limit travel in pieces", () => {
  const limits = { maxFragmentBytes: 1024 };
  const pair = new Pair({ both: { limits } });
  pair.echo();
  for (const codec of [rawCodec, encodedCodec]) {
    for (const size of [1023, 1024, 1025, 4096, 8192, 8193, 50_000]) {
      const call = pair.dialler.request("echo", numbered(size), { codec, metadata: { a: "b" } });
      pair.pump();
      assertEquals(call.response, numbered(size));
    }
  }
  assertNothingLeft(pair);
});

Deno.test("an error longer than the peer's fragments still arrives whole, behind a stream's outputs", () => {
  const pair = new Pair({ both: { limits: { maxFragmentBytes: 1024 } } });
  const kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { output: 4 });
  pair.pump();
  const accepted = kept.streams[0]!, long = "why ".repeat(1000).trim();
  accepted.send!.send(rawCodec, numbered(10_000));
  const error = new InternodeError("HandlerFailed", long, { outcome: "executed" });
  accepted.responder.failCall(accepted, error, null, pair.nowMs);
  pair.pump();
  assertEquals(stream.received, [numbered(10_000)]);
  assertEquals(stream.error?.message, long);
  assertNothingLeft(pair);
});

Deno.test("the frame of a request says what PROTOCOL.md says", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", numbered(3), {
    deadlineMs: peer.nowMs + 1500,
    metadata: { k: "vv" },
  });
  peer.expect(FrameType.name);
  const frame = peer.expect(FrameType.request, { code: 0, argument: 1500, id: call.id });
  assertEquals(frame.flags, FLAG_METADATA | PayloadKind.bytes);
  assertEquals(
    frame.payload,
    new Uint8Array([7, 0, 1, 0, 0x6b, 2, 0, 0x76, 0x76, 0, 1, 2]),
  );
  peer.send(rawFrame(FrameType.error, { id: call.id, code: 6, payload: errorPayload(3, "no") }));
  assertEquals([call.error?.code, call.error?.outcome], ["HandlerFailed", "executed"]);
});

Deno.test("numbers of errors from a later version read as the nearest thing known", () => {
  const peer = ScriptedPeer.open("dialler");
  const call = peer.side.request("echo", null);
  peer.expect(FrameType.name);
  const { id } = peer.expect(FrameType.request);
  peer.send(rawFrame(FrameType.error, { id, code: 999, payload: errorPayload(77, "new") }));
  assertEquals([call.error?.code, call.error?.outcome], ["HandlerFailed", "maybeExecuted"]);
});

Deno.test("an error has the name and message of the error that the handler threw", () => {
  const failed = 6;
  const named = errorPayload(3, "no");
  for (
    const [code, remoteName, remoteMessage] of [
      [failed, "Error", "no"],
      [4, undefined, undefined],
    ] as const
  ) {
    const peer = ScriptedPeer.open("dialler"), call = peer.side.request("keep", null);
    peer.frames();
    peer.send(rawFrame(FrameType.error, { id: call.id, code, payload: named }));
    assertEquals([call.error?.remoteName, call.error?.remoteMessage], [remoteName, remoteMessage]);
    assertEquals([call.error?.origin, call.error?.outcome], ["remote", "executed"]);
  }
});

Deno.test("what is left of a request is not sent once the peer has answered it with an error", () => {
  const peer = ScriptedPeer.open("dialler"), { side } = peer;
  const call = side.request("echo", numbered(1_000_000));
  side.drain();
  side.written();
  const begun = side.transit.splice(0).flatMap(parseFrames);
  assertEquals(begun.at(-1)?.id, call.id);
  peer.send(rawFrame(FrameType.error, { id: call.id, code: 1, payload: errorPayload(1, "no") }));
  assertEquals(call.error?.remoteMessage ?? call.error?.message, "no");
  peer.acknowledge(begun);
  peer.expectNothing();
});

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { FLAG_FIRST, FrameType, NO_TIMEOUT } from "../../../lib/wire/frame.ts";
import { assertPayload, numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { errorPayload, joined, rawFrame, textOf, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const FULL = 128 * 1024 * 1024;
/** Each message counts with so much beside its payload. */
const OVERHEAD = 128;

Deno.test("an aborted caller gets its reason at once, and the handler's signal aborts", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", numbered(10));
  pair.pump();
  const reason = new Error("user left");
  pair.dialler.cancel(call, reason);
  assertStrictEquals(call.error as unknown, reason);
  pair.pump();
  const { cancelled, pending } = kept.requests[0]!;
  assertEquals([cancelled?.code, cancelled?.message], ["Cancelled", "user left"]);
  assert(!pending);
  assertNothingLeft(pair);
  // Twice is once.
  pair.dialler.cancel(call, reason);
  pair.pump();
  assertNothingLeft(pair);
});

Deno.test("cancelled while waiting for a slot: nothing is sent", () => {
  const peer = ScriptedPeer.open("dialler", {}, { maxCalls: 1 });
  const { side } = peer;
  const first = side.request("echo", null), second = side.request("echo", null);
  peer.expect(FrameType.name);
  peer.expect(FrameType.request);
  side.cancel(second);
  assert(second.done);
  peer.expectNothing();
  peer.send(rawFrame(FrameType.response, { id: first.id }));
  peer.expectNothing();
  assertEquals(side.session.outgoing.calls.active, 0);
});

Deno.test("cancelled while queued in bulk: nothing is sent, and the slot goes to the next in line", () => {
  const peer = ScriptedPeer.open("dialler", {}, { maxCalls: 1 });
  const { side } = peer;
  const large = side.request("echo", numbered(100_000)), small = side.request("echo", numbered(1));
  side.cancel(large);
  peer.expect(FrameType.name);
  const { id, payload } = peer.expect(FrameType.request);
  assertEquals([id, payload.length], [small.id, 1]);
  peer.expectNothing();
  assertEquals(side.session.queuedBytes, 0);
  assertEquals(side.session.sendWindowBytes, FULL - 1 - OVERHEAD);
});

Deno.test("cancelled when partly sent: the rest is not sent, and the slot waits for the answer", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  const call = side.request("echo", numbered(1_000_000));
  side.drain();
  side.written();
  side.cancel(call, new Error("enough"));
  peer.expect(FrameType.name);
  const { id, payload } = peer.expect(FrameType.request, { flags: FLAG_FIRST });
  assertEquals(payload.length, 4 + 65_536);
  let sent = 65_536;
  for (;;) {
    const frame = peer.frames().shift()!;
    if (frame.type === FrameType.cancel) {
      assertEquals([frame.id, frame.code, textOf(frame.payload)], [id, 4, "enough"]);
      break;
    }
    assertEquals([frame.type, frame.id], [FrameType.openerFragment, id]);
    sent += frame.payload.length;
  }
  assert(sent < 400_000, `${sent} bytes were sent`);
  peer.expectNothing();
  assertEquals(side.session.queuedBytes, 0);
  assertEquals(side.session.outgoing.calls.active, 1);
  side.request("echo", null);
  assert(peer.expect(FrameType.request).id !== id);
  peer.send(rawFrame(FrameType.error, { id, code: 4, payload: new Uint8Array(4) }));
  assertEquals(side.session.outgoing.calls.active, 1);
  // Now the slot may be used again, under another id.
  side.request("echo", null);
  const again = peer.expect(FrameType.request).id;
  assertEquals(again & 0xfffff, id & 0xfffff);
  assert(again !== id);
});

Deno.test("cancelled when partly received: the responder forgets the pieces and answers", () => {
  const peer = ScriptedPeer.open("acceptor");
  const id = 1 << 20 | 3;
  peer.send(
    peer.name(0, "echo"),
    peer.request(id, { flags: FLAG_FIRST, payload: joined(u32(100_000), numbered(1000)) }),
    rawFrame(FrameType.openerFragment, { id, payload: numbered(1000) }),
  );
  assertEquals(peer.side.session.heldBytes, 100_000 + OVERHEAD);
  peer.send(rawFrame(FrameType.cancel, { id, code: 4 }));
  // No handler has run.
  peer.expect(FrameType.error, { id, code: 4, payload: errorPayload(1, "") });
  assertEquals(peer.side.session.heldBytes, 0);
  // What was under way is dropped without a word.
  peer.send(rawFrame(FrameType.openerFragment, { id, payload: numbered(1000) }));
  peer.expectNothing();
});

Deno.test("cancelled between the pieces of an opening: no handler has run", () => {
  const peer = ScriptedPeer.open("acceptor");
  const id = 1 << 20 | 3;
  peer.send(
    peer.name(0, "keep"),
    rawFrame(FrameType.open, {
      id,
      flags: FLAG_FIRST,
      argument: NO_TIMEOUT,
      payload: joined(u32(100_000), u32(1, 1), numbered(1000)),
    }),
    rawFrame(FrameType.cancel, { id, code: 4 }),
  );
  peer.expect(FrameType.error, { id, code: 4, payload: errorPayload(1, "") });
  assertEquals(peer.side.session.heldBytes, 0);
});

Deno.test("cancelled between the pieces of an input: the handler runs, so it may have had an effect", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.keep();
  const id = 1 << 20 | 3;
  peer.send(
    peer.name(0, "keep"),
    peer.open(id, 1, 1),
    rawFrame(FrameType.input, {
      id,
      flags: FLAG_FIRST,
      payload: joined(u32(100_000), numbered(1000)),
    }),
    rawFrame(FrameType.cancel, { id, code: 4 }),
  );
  peer.expect(FrameType.error, { id, code: 4, payload: errorPayload(2, "") });
  assertEquals(peer.side.session.heldBytes, 0);
});

Deno.test("cancelled while it waits for its turn to be run: no handler has run", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = peer.keep();
  const id = 1 << 20 | 3;
  peer.send(peer.name(0, "keep"), peer.request(id));
  kept.requests[0]!.hasBegun = false;
  peer.send(rawFrame(FrameType.cancel, { id, code: 4 }));
  peer.expect(FrameType.error, { id, code: 4, payload: errorPayload(1, "") });
});

Deno.test("a cancel that crosses the answer is answered by nothing", () => {
  const pair = new Pair();
  pair.echo();
  const call = pair.dialler.request("echo", numbered(10));
  pair.dialler.drain();
  pair.dialler.written();
  pair.deliver(pair.dialler, pair.acceptor);
  pair.dialler.cancel(call);
  assertEquals(pair.dialler.session.outgoing.calls.active, 1);
  pair.pump();
  assertEquals(call.response, undefined);
  assertNothingLeft(pair);
});

Deno.test("a large response that has wholly left when the cancel comes still frees the slot", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  incoming.responder.finishCall(incoming, rawCodec, numbered(200_000), pair.nowMs);
  const { dialler, acceptor } = pair;
  while (acceptor.session.hasOutput) {
    acceptor.drain();
    acceptor.written();
  }
  // The first piece arrives, then the caller gives up.
  dialler.receiveBatch(acceptor.transit.shift()!);
  assertEquals(dialler.session.heldBytes, 200_000 + OVERHEAD);
  dialler.cancel(call);
  pair.pump();
  assertNothingLeft(pair);
  assertEquals(dialler.session.heldBytes, 0);
});

Deno.test("a large response that is only queued when the cancel comes is given up", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const { dialler, acceptor } = pair;
  const call = dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  incoming.responder.finishCall(incoming, rawCodec, numbered(10_000_000), pair.nowMs);
  acceptor.drain();
  acceptor.written();
  pair.deliver(acceptor, dialler);
  const before = acceptor.bytesSent;
  dialler.cancel(call);
  dialler.drain();
  dialler.written();
  pair.deliver(dialler, acceptor);
  pair.pump();
  assert(acceptor.bytesSent - before < 1000, "the rest was not sent");
  assertNothingLeft(pair);
  assertEquals([dialler.session.heldBytes, acceptor.session.sendWindowBytes], [
    0,
    FULL - 10_000_000 - OVERHEAD,
  ]);
});

Deno.test("a window freed by a cancel lets the next message go", () => {
  const peer = ScriptedPeer.open("dialler", {}, { receiveBudgetBytes: 65_536 });
  const { side } = peer;
  const first = side.request("echo", numbered(50_000));
  const second = side.request("echo", numbered(50_000));
  side.cancel(first);
  peer.expect(FrameType.name);
  peer.expect(FrameType.request, { id: second.id });
  peer.expectNothing();
});

Deno.test("a stream that ends while its messages queue gives their room back", () => {
  for (const how of ["error", "end", "cancelled"] as const) {
    const peer = ScriptedPeer.open("dialler", {}, { receiveBudgetBytes: 1_048_576 });
    const { side } = peer;
    const stream = side.open("scan", null, { input: 16, output: 1 });
    peer.expect(FrameType.name);
    const { id } = peer.expect(FrameType.open);
    // These are accepted and wait for their turns.
    for (let n = 0; n < 5; n++) {
      const accepted = stream.send!.send(rawCodec, numbered(30_000));
      assertEquals(accepted === null, n < 4);
    }
    assertEquals(side.session.sendWindowBytes, 1_048_576 - 120_000 - 5 * OVERHEAD - 8);
    if (how === "cancelled") side.cancel(stream);
    peer.send(
      how === "end"
        ? rawFrame(FrameType.outputEnd, { id })
        : rawFrame(FrameType.error, { id, code: 6, payload: new Uint8Array(4) }),
    );
    assert(stream.done);
    assertEquals(side.session.sendWindowBytes, 1_048_576 - OVERHEAD - 8, how);
    peer.expectNothing();
    assertEquals(side.session.outgoing.calls.active, 0);
  }
});

Deno.test("a cancel drops all queued outputs, not only the next one", () => {
  for (const finished of [true, false]) {
    const pair = new Pair();
    const kept = pair.keep();
    const stream = pair.dialler.open("keep", null, { output: 8 });
    pair.pump();
    const accepted = kept.streams[0]!, { acceptor, dialler } = pair;
    for (let n = 0; n < 3; n++) assert(accepted.send!.send(rawCodec, numbered(20_000)) === null);
    if (finished) accepted.responder.finishStream(accepted, pair.nowMs);
    assertEquals(acceptor.session.sendWindowBytes, FULL - 60_000 - 3 * OVERHEAD);
    dialler.cancel(stream);
    dialler.drain();
    dialler.written();
    pair.deliver(dialler, acceptor);
    assertEquals(acceptor.session.sendWindowBytes, FULL);
    pair.pump();
    assertNothingLeft(pair);
    assertEquals(stream.received, []);
  }
});

Deno.test("what waits to be sent on a cancelled stream is refused, opened or not", () => {
  for (const budget of [65_536, 134_217_728]) {
    const peer = ScriptedPeer.open("dialler", {}, { receiveBudgetBytes: budget });
    const { side } = peer;
    side.request("scan", numbered(40_000));
    const stream = side.open("scan", numbered(40_000), { input: 1 });
    peer.frames();
    const reason = new Error("gone");
    let refused: unknown = "not yet";
    if (budget > 65_536) {
      assertEquals(stream.opened, 1);
      assertEquals(stream.send!.send(rawCodec, numbered(1)), null);
      stream.send!.send(rawCodec, numbered(1))!.onRefused = (error) => (refused = error);
    } else {
      assertEquals(stream.opened, 0);
      refused = reason;
    }
    side.cancel(stream, reason);
    assertStrictEquals(refused, reason);
    assertStrictEquals(stream.error as unknown, reason);
  }
});

Deno.test("a cancel does not overtake inputs that were accepted", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { input: 8, output: 1 });
  pair.pump();
  for (let n = 0; n < 5; n++) stream.send!.send(rawCodec, numbered(n % 2 ? 30_000 : 10, n));
  pair.dialler.cancel(stream, new Error("that is all"));
  pair.pump();
  const accepted = kept.streams[0]!;
  assertEquals(accepted.received.length, 5);
  accepted.received.forEach((payload, n) =>
    assertPayload(payload, numbered(n % 2 ? 30_000 : 10, n))
  );
  assertEquals(accepted.cancelled?.message, "that is all");
  assertEquals(accepted.ended, 0);
  assertNothingLeft(pair);
});

Deno.test("a stream cancelled while its large opening is under way", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const { dialler, acceptor } = pair;
  const stream = dialler.open("keep", numbered(5_000_000), { input: 4, output: 4 });
  dialler.drain();
  dialler.written();
  pair.deliver(dialler, acceptor);
  dialler.cancel(stream);
  pair.pump();
  assertEquals(kept.streams.length, 0);
  assertNothingLeft(pair);
  assertEquals(acceptor.session.heldBytes, 0);
  const next = dialler.open("keep", null, { input: 1 });
  pair.pump();
  assertEquals([next.opened, kept.streams.length], [1, 1]);
});

Deno.test("a handler that fails while inputs arrive: they are dropped without a word", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { input: 16, output: 1 });
  pair.pump();
  const accepted = kept.streams[0]!;
  for (let n = 0; n < 4; n++) stream.send!.send(rawCodec, numbered(100));
  for (let n = 0; n < 4; n++) stream.send!.send(rawCodec, numbered(100_000));
  pair.dialler.drain();
  pair.dialler.written();
  const error = new InternodeError("HandlerFailed", "disk full", { outcome: "executed" });
  accepted.responder.failCall(accepted, error, null, pair.nowMs);
  pair.pump();
  assertEquals(stream.error?.message, "disk full");
  assertNothingLeft(pair);
  assertEquals(pair.acceptor.session.heldBytes, 0);
});

Deno.test("a call that ended at its deadline is not answered again when the cancel comes", () => {
  const peer = ScriptedPeer.open("acceptor");
  const kept = new Pair().keep();
  peer.side.handlers.set("keep", kept);
  const id = 1 << 20;
  peer.send(peer.name(0, "keep"), peer.open(id, 8, 0, { argument: 100 }));
  kept.streams[0]!.send!.send(rawCodec, numbered(30_000));
  peer.nowMs += 100;
  peer.side.session.onTimer(peer.nowMs);
  peer.send(rawFrame(FrameType.cancel, { id, code: 3 }));
  peer.expect(FrameType.error, { id, code: 3 });
  peer.expectNothing();
});

Deno.test("the room of a stream's queue that is given up goes to what waits for it", () => {
  const peer = ScriptedPeer.open("acceptor", {}, { receiveBudgetBytes: 65_536 });
  const kept = new Pair().keep();
  peer.side.handlers.set("keep", kept);
  const stream = 1 << 20, request = 1 << 20 | 1;
  peer.send(
    peer.name(0, "keep"),
    peer.open(stream, 8, 0, { argument: 100 }),
    peer.request(request),
  );
  const [call] = kept.requests;
  kept.streams[0]!.send!.send(rawCodec, numbered(40_000));
  call!.responder.finishCall(call!, rawCodec, numbered(40_000), peer.nowMs);
  peer.nowMs += 100;
  peer.side.session.onTimer(peer.nowMs);
  peer.expect(FrameType.error, { id: stream });
  assertEquals(peer.expect(FrameType.response, { id: request }).payload.length, 40_000);
});

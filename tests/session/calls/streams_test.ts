import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import {
  assertPayload,
  encodedCodec,
  numbered,
  type Payload,
  rawCodec,
  type TestAccepted,
  type TestStream,
} from "../../support/session/calls.ts";
import { assertNothingLeft, Pair, type PairOptions } from "../../support/session/pair.ts";

/** A pair with one open stream. */
function opened(
  input: number,
  output: number,
  options: PairOptions & { initial?: Payload; autoRead?: boolean } = {},
): { pair: Pair; stream: TestStream; accepted: TestAccepted } {
  const pair = new Pair(options);
  const kept = pair.keep();
  kept.autoRead = options.autoRead ?? true;
  const stream = pair.dialler.open("keep", options.initial, { input, output });
  stream.autoRead = kept.autoRead;
  pair.pump();
  return { pair, stream, accepted: kept.streams[0]! };
}

const ERROR = new InternodeError("HandlerFailed", "disk full", { outcome: "executed" });

for (const bytes of [false, true]) {
  const over = bytes ? "bytes" : "batches";
  Deno.test(`request-only, response-only and two-way streams, over ${over}`, () => {
    for (const [input, output] of [[4, 0], [0, 4], [4, 4], [1, 1], [0, 0]] as const) {
      const { pair, stream, accepted } = opened(input, output, { bytes, initial: numbered(5) });
      assertPayload(accepted.initial, numbered(5));
      assertEquals([stream.send !== null, stream.receive !== null], [input > 0, output > 0]);
      assertEquals([accepted.receive !== null, accepted.send !== null], [input > 0, output > 0]);
      for (let n = 0; n < 100; n++) {
        stream.send?.send(rawCodec, numbered(10, n));
        accepted.send?.send(encodedCodec, numbered(20, n));
        if (n % 7 === 0) pair.pump();
      }
      stream.send?.end(() => {}, pair.nowMs);
      pair.pump();
      accepted.responder.finishStream(accepted, pair.nowMs);
      pair.pump();
      assertEquals(accepted.received.length, input > 0 ? 100 : 0);
      assertEquals(stream.received.length, output > 0 ? 100 : 0);
      accepted.received.forEach((payload, n) => assertPayload(payload, numbered(10, n)));
      stream.received.forEach((payload, n) => assertPayload(payload, numbered(20, n)));
      assertEquals([stream.error, stream.done], [null, true]);
      assertNothingLeft(pair);
    }
  });
}

Deno.test("null, empty and absent messages keep their sequence and stay distinct", () => {
  const payloads: Payload[] = [null, new Uint8Array(0), undefined, numbered(1), null, undefined];
  for (const codec of [rawCodec, encodedCodec]) {
    const { pair, stream, accepted } = opened(2, 2, { initial: null });
    assertEquals(accepted.initial, null);
    for (const payload of payloads) {
      stream.send!.send(codec, payload);
      accepted.send!.send(codec, payload);
    }
    pair.pump();
    assertEquals(stream.received, payloads);
    assertEquals(accepted.received, payloads);
  }
});

Deno.test("null, empty and absent initial payloads stay distinct", () => {
  for (const initial of [null, undefined, new Uint8Array(0), new Uint8Array(3)]) {
    assertEquals(opened(1, 0, { initial }).accepted.initial, initial);
  }
});

for (const ending of ["end", "error", "cancel"] as const) {
  Deno.test(`N messages then ${ending}: all N arrive, then the ${ending}`, () => {
    for (const sizes of [[10], [30_000], [10, 30_000], [200_000, 10, 70_000]]) {
      for (const capacity of [1, 3, 64]) {
        const { pair, stream, accepted } = opened(capacity, capacity);
        const input = ending === "cancel";
        const half = input ? stream.send! : accepted.send!;
        let taken = 0;
        for (let n = 0; n < 12; n++) {
          const waiting = half.send(rawCodec, numbered(sizes[n % sizes.length]!, n));
          if (waiting === null) taken++;
          else waiting.onAccepted = () => taken++;
        }
        const waits = 12 - taken;
        if (ending === "end") accepted.responder.finishStream(accepted, pair.nowMs);
        else if (ending === "error") accepted.responder.failCall(accepted, ERROR, null, pair.nowMs);
        else pair.dialler.cancel(stream);
        pair.pump();
        // A clean end waits for what was handed over, the others for what was accepted.
        assertEquals(taken, ending === "end" ? 12 : 12 - waits);
        const received = input ? accepted.received : stream.received;
        assertEquals(received.length, taken);
        received.forEach((payload, n) =>
          assertPayload(payload, numbered(sizes[n % sizes.length]!, n))
        );
        if (ending === "end") assertEquals(stream.error, null);
        else if (ending === "error") assertEquals(stream.error?.message, "disk full");
        else assertEquals(accepted.cancelled?.code, "Cancelled");
        assertEquals(stream.endings, 1);
        assertNothingLeft(pair);
        assertEquals([pair.dialler.session.heldBytes, pair.acceptor.session.heldBytes], [0, 0]);
      }
    }
  });
}

Deno.test("an input ends cleanly while outputs go on", () => {
  const { pair, stream, accepted } = opened(2, 2);
  stream.send!.send(rawCodec, numbered(3));
  stream.send!.end(() => {}, pair.nowMs);
  stream.send!.end(() => {}, pair.nowMs);
  pair.pump();
  assertEquals([accepted.received.length, accepted.ended], [1, 1]);
  accepted.send!.send(rawCodec, numbered(4));
  pair.pump();
  assertEquals([stream.received, stream.done], [[numbered(4)], false]);
  accepted.responder.finishStream(accepted, pair.nowMs);
  pair.pump();
  assert(stream.done);
  assertNothingLeft(pair);
});

Deno.test("what waits for credit is accepted as the reader reads, and refused when the stream ends", () => {
  const { pair, stream, accepted } = opened(0, 2, { autoRead: false });
  const told: string[] = [];
  for (let n = 0; n < 6; n++) {
    const waiting = accepted.send!.send(rawCodec, numbered(1, n));
    assertEquals(waiting === null, n < 2);
    if (waiting === null) continue;
    waiting.onAccepted = () => told.push(`accepted ${n}`);
    waiting.onRefused = (error) => told.push(`refused ${n} ${(error as Error).message}`);
  }
  pair.pump();
  assertEquals([stream.received.length, told], [2, []]);
  stream.read(1);
  pair.pump();
  assertEquals([stream.received.length, told], [3, ["accepted 2"]]);
  accepted.responder.failCall(accepted, ERROR, null, pair.nowMs);
  pair.pump();
  assertEquals(told.slice(1), [
    "refused 3 disk full",
    "refused 4 disk full",
    "refused 5 disk full",
  ]);
  assertEquals(stream.received.length, 3);
  assertEquals(stream.error?.message, "disk full");
  assertNothingLeft(pair);
});

Deno.test("a small message that has waited goes into the batch, and so do those behind it", () => {
  const { accepted } = opened(0, 2, { autoRead: false });
  const send = accepted.send!;
  for (let n = 0; n < 3; n++) send.send(rawCodec, numbered(1, n));
  assertEquals(send.waiting, 1);
  send.onCredit(2, 0);
  assertEquals([send.waiting, send.queued], [0, false]);
  assertEquals(send.send(rawCodec, numbered(1, 3)), null);
  assertEquals(send.queued, false);
  // One that is too large for the batch makes those behind it wait, as before.
  send.onCredit(2, 0);
  send.send(rawCodec, numbered(10_000));
  assertEquals(send.queued, true);
});

Deno.test("capacity 1 sends one message at a time", () => {
  const { pair, stream, accepted } = opened(0, 1, { autoRead: false });
  for (let n = 0; n < 5; n++) accepted.send!.send(rawCodec, numbered(1, n));
  for (let n = 1; n <= 5; n++) {
    pair.pump();
    assertEquals(stream.received.length, n);
    stream.read(1);
  }
});

Deno.test("a message buffer may be used again after a small send that has to wait", () => {
  const { pair, stream, accepted } = opened(0, 1);
  const buffer = numbered(8);
  accepted.send!.send(rawCodec, buffer);
  buffer.fill(1);
  accepted.send!.send(rawCodec, buffer);
  buffer.fill(2);
  pair.pump();
  assertEquals(stream.received, [numbered(8), new Uint8Array(8).fill(1)]);
});

Deno.test("a reader that has stopped delays neither requests nor other streams", () => {
  const pair = new Pair({ bytes: true });
  const kept = pair.keep();
  const echo = pair.echo();
  kept.autoRead = false;
  const dead = pair.dialler.open("keep", null, { input: 1000 });
  const live = pair.dialler.open("keep", null, { input: 4 });
  pair.pump();
  kept.streams[1]!.autoRead = true;
  for (let n = 0; n < 1000; n++) dead.send!.send(rawCodec, numbered(100_000));
  for (let n = 0; n < 50; n++) live.send!.send(rawCodec, numbered(1000, n));
  const call = pair.dialler.request("echo", numbered(7));
  pair.pump();
  assertEquals(kept.streams[1]!.received.length, 50);
  assertPayload(call.response, numbered(7));
  assertEquals(echo.calls, 1);
  assert(pair.acceptor.session.heldBytes < 2_000_000, "one stream holds no more than its share");
});

Deno.test("streams that are half read do not use the budget up", () => {
  // Each reader has consumed what it got, but not enough of it to report.
  const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: 57_000 };
  const pair = new Pair({ acceptor: { limits } });
  const kept = pair.keep();
  pair.echo();
  const streams = Array.from(
    { length: 20 },
    () => pair.dialler.open("keep", null, { input: 1000 }),
  );
  pair.pump();
  for (const stream of streams) {
    for (let n = 0; n < 25; n++) {
      stream.send!.send(rawCodec, numbered(1000));
      pair.pump();
    }
  }
  assertEquals(kept.streams.map((stream) => stream.received.length), Array(20).fill(25));
  const call = pair.dialler.request("echo", numbered(57_000));
  pair.pump();
  assertPayload(call.response, numbered(57_000));
});

Deno.test("a stream's message as large as may be arrives", () => {
  const limits = { receiveBudgetBytes: 65_536, maxMessageBytes: 57_000 };
  const { pair, stream, accepted } = opened(4, 4, { both: { limits } });
  for (let n = 0; n < 5; n++) {
    stream.send!.send(rawCodec, numbered(57_000, n));
    accepted.send!.send(rawCodec, numbered(57_000, n));
    stream.send!.send(rawCodec, numbered(5, n));
  }
  pair.pump();
  assertEquals(
    accepted.received.map((payload) => payload!.length),
    Array(5).fill([57_000, 5]).flat(),
  );
  assertEquals(stream.received.length, 5);
});

Deno.test("no input overtakes a large opening", () => {
  for (const budget of [65_536, 134_217_728]) {
    const limits = { receiveBudgetBytes: budget, maxMessageBytes: 50_000 };
    const pair = new Pair({ acceptor: { limits } });
    const kept = pair.keep();
    pair.dialler.request("keep", numbered(40_000));
    const stream = pair.dialler.open("keep", numbered(40_000), { input: 8 });
    stream.send?.send(rawCodec, numbered(1));
    pair.dialler.drain();
    pair.dialler.written();
    stream.send?.send(rawCodec, numbered(2));
    pair.pump();
    if (stream.opened === 0) {
      const held = kept.requests[0]!;
      held.responder.finishCall(held, rawCodec, null, pair.nowMs);
      pair.pump();
    }
    assertEquals(stream.opened, 1);
    stream.send!.send(rawCodec, numbered(3));
    pair.pump();
    assertEquals(pair.acceptor.session.state, "open");
    const { initial, received } = kept.streams[0]!;
    assertPayload(initial, numbered(40_000));
    assertEquals(received.at(-1), numbered(3));
  }
});

Deno.test("credit for a stream that has ended is no error", () => {
  const { pair, stream, accepted } = opened(0, 4, { autoRead: false });
  for (let n = 0; n < 4; n++) accepted.send!.send(rawCodec, numbered(1));
  pair.pump();
  accepted.responder.finishStream(accepted, pair.nowMs);
  stream.read();
  pair.pump();
  assertEquals([stream.done, pair.acceptor.session.state], [true, "open"]);
  assertNothingLeft(pair);
});

Deno.test("what has come can still be read when the connection is lost", () => {
  const { pair, stream, accepted } = opened(0, 4, { autoRead: false });
  accepted.send!.send(rawCodec, numbered(1));
  pair.pump();
  pair.dialler.session.onLost("cable pulled", pair.nowMs);
  stream.read();
  assertEquals([stream.received, stream.error?.code], [[numbered(1)], "Disconnected"]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { LendingPool } from "../../../lib/wire/lending_pool.ts";
import { numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import type { Side } from "../../support/session/side.ts";

/** In one piece, and in many. */
const SIZES = [20_000, 5_000_000];
/** Whether some of it has left. */
const BEGUN = [false, true];

/** Lets a side write once. */
function writeOnce(side: Side): void {
  side.drain();
  side.written();
}

/** What a worker that is given the bytes does to them. */
function takeAway(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.buffer.transfer(0);
}

function assertLost(error: InternodeError | null): void {
  assert(error !== null);
  assertEquals(error.code, "InvalidPayload");
  assert(error.message.includes("could not be sent"), error.message);
}

/** The connection goes on as if nothing had been. */
function assertFine(pair: Pair): void {
  pair.echo("fine");
  const call = pair.dialler.request("fine", numbered(100_000));
  pair.pump();
  assertEquals(call.response, numbered(100_000));
}

for (const size of SIZES) {
  for (const begun of BEGUN) {
    if (begun && size === SIZES[0]) continue;
    const when = `${size} bytes, ${begun ? "partly sent" : "not sent"}`;

    Deno.test(`a request whose bytes are taken away fails alone: ${when}`, () => {
      const pair = new Pair();
      const kept = pair.keep();
      const payload = numbered(size);
      const call = pair.dialler.request("keep", payload);
      if (begun) writeOnce(pair.dialler);
      takeAway(payload);
      pair.pump();
      assertLost(call.error);
      assertEquals(call.error!.outcome, begun ? "notExecuted" : "notSent");
      assertEquals(kept.requests, []);
      assertNothingLeft(pair);
      assertFine(pair);
    });

    Deno.test(`a response whose bytes are taken away fails its call alone: ${when}`, () => {
      const pair = new Pair();
      const kept = pair.keep();
      const call = pair.dialler.request("keep", null);
      pair.pump();
      const incoming = kept.requests[0]!, payload = numbered(size);
      incoming.responder.finishCall(incoming, rawCodec, payload, pair.nowMs);
      if (begun) writeOnce(pair.acceptor);
      takeAway(payload);
      pair.pump();
      assertLost(call.error);
      assertEquals([call.error!.outcome, call.error!.origin], ["executed", "remote"]);
      assertNothingLeft(pair);
      assertFine(pair);
    });

    Deno.test(`messages of a stream whose bytes are taken away end it: ${when}`, () => {
      for (const direction of ["input", "output"] as const) {
        const pair = new Pair();
        const kept = pair.keep();
        const stream = pair.dialler.open("keep", null, { input: 8, output: 8 });
        pair.pump();
        const accepted = kept.streams[0]!;
        const [half, side] = direction === "input"
          ? [stream.send!, pair.dialler]
          : [accepted.send!, pair.acceptor];
        const payload = numbered(size);
        half.send(rawCodec, payload);
        half.send(rawCodec, numbered(30_000));
        if (begun) writeOnce(side);
        takeAway(payload);
        pair.pump();
        assertLost(stream.error);
        assertNothingLeft(pair);
        assertFine(pair);
      }
    });
  }
}

Deno.test("a stream's message whose bytes are taken away while it waits for credit ends it", () => {
  const pair = new Pair();
  const kept = pair.keep();
  kept.autoRead = false;
  const stream = pair.dialler.open("keep", null, { input: 1, output: 0 });
  pair.pump();
  const accepted = kept.streams[0]!;
  stream.send!.send(rawCodec, numbered(1));
  const payload = numbered(20_000);
  stream.send!.send(rawCodec, payload);
  pair.pump();
  takeAway(payload);
  accepted.read(1);
  pair.pump();
  assertEquals(accepted.received.length, 1);
  assertLost(stream.error);
  assertFine(pair);
});

Deno.test("bytes that are gone already are refused", () => {
  const pair = new Pair();
  const payload = numbered(10);
  takeAway(payload);
  const error = assertThrows(() => pair.dialler.request("keep", payload), InternodeError);
  assertLost(error);
  assertEquals(error.outcome, "notSent");
});

Deno.test("what is lent comes back once it is sent, and not before", () => {
  for (const size of SIZES) {
    const pair = new Pair();
    const kept = pair.keep();
    const call = pair.dialler.request("keep", null);
    pair.pump();
    const incoming = kept.requests[0]!, lending = new LendingPool();
    const payload = lending.lend(size);
    payload.set(numbered(size));
    incoming.responder.finishCall(incoming, rawCodec, payload, pair.nowMs, lending);
    if (size === SIZES[1]) writeOnce(pair.acceptor);
    assertEquals(payload.length, size);
    pair.pump();
    assertEquals([call.response, payload.length], [numbered(size), 0]);
  }
});

Deno.test("lent memory comes back when its message is dropped", () => {
  const pair = new Pair();
  const kept = pair.keep();
  const call = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!, lending = new LendingPool();
  const payload = lending.lend(5_000_000);
  incoming.responder.finishCall(incoming, rawCodec, payload, pair.nowMs, lending);
  writeOnce(pair.acceptor);
  pair.dialler.cancel(call);
  pair.pump();
  assertEquals(payload.length, 0);
  assertNothingLeft(pair);
});

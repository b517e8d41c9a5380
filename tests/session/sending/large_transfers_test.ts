/** Transfers of tens of megabytes: they take the time that `lanes_test.ts` does not. @module */

import { assert } from "@std/assert";
import { FrameType } from "../../../lib/wire/frame.ts";
import { assertPayload, numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";
import { writeAll } from "../../support/session/write_all.ts";

Deno.test("a small answer beside a running transfer leaves with the next write", () => {
  const pair = new Pair({ bytes: true });
  pair.echo();
  const kept = pair.keep();
  const large = pair.dialler.request("keep", null);
  pair.pump();
  const incoming = kept.requests[0]!;
  const payload = numbered(64 * 1024 * 1024);
  incoming.responder.finishCall(incoming, rawCodec, payload, pair.nowMs);
  const { dialler, acceptor } = pair;
  for (let n = 0; n < 50; n++) {
    acceptor.drain();
    const small = dialler.request("echo", numbered(64, n));
    dialler.drain();
    dialler.written();
    pair.deliver(dialler, acceptor);
    acceptor.written();
    pair.deliver(acceptor, dialler);
    assert(!small.done);
    acceptor.drain();
    acceptor.written();
    pair.deliver(acceptor, dialler);
    assertPayload(small.response, numbered(64, n));
  }
  assert(!large.done);
  pair.pump();
  assertPayload(large.response, payload);
  assertNothingLeft(pair);
});

for (const beside of [false, true]) {
  Deno.test(`a long path with much bandwidth is kept full${beside ? ", beside small messages too" : ""}`, () => {
    const peer = ScriptedPeer.open("dialler");
    peer.side.request("put", numbered(100 * 1024 * 1024 - 4096));
    let sent = 0, under = 0;
    for (let rounds = 0; sent < 90_000_000; rounds++) {
      assert(rounds < 200, `${under} bytes under way after ${rounds} round trips`);
      if (beside) peer.side.request("lock", numbered(64));
      sent += under = writeAll(peer) - (rounds === 0 ? 4 : 0);
      peer.nowMs += 50;
      peer.send(rawFrame(FrameType.arrived, { argument: sent }));
    }
    // Beside small messages the path is tried out eight times as slowly.
    assert(under > (beside ? 3_000_000 : 10_000_000), `${under} bytes under way`);
  });
}

Deno.test("large transfers in both directions come to their end", () => {
  const pair = new Pair({ bytes: true, both: { limits: { maxFragmentBytes: 5000 } } });
  pair.echo();
  const payload = numbered(3_000_000);
  const calls = [pair.dialler, pair.acceptor].flatMap((side) =>
    Array.from({ length: 3 }, () => side.request("echo", payload))
  );
  pair.pump();
  for (const call of calls) assertPayload(call.response, payload);
  assertNothingLeft(pair);
});

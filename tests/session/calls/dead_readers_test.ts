import { assert, assertEquals } from "@std/assert";
import { assertPayload, numbered, rawCodec } from "../../support/session/calls.ts";
import { Pair } from "../../support/session/pair.ts";

Deno.test("dead readers on many streams stop neither requests nor, once they read, each other", () => {
  for (const receiveBudgetBytes of [1_048_576, 65_536]) {
    const limits = { receiveBudgetBytes, maxMessageBytes: 50_000 };
    const pair = new Pair({ acceptor: { limits } });
    const kept = pair.keep();
    pair.echo();
    kept.autoRead = false;
    const streams = Array.from(
      { length: 200 },
      () => pair.dialler.open("keep", null, { input: 64 }),
    );
    pair.pump();
    let accepted = 0;
    for (const stream of streams) {
      for (let n = 0; n < 20; n++) {
        const waiting = stream.send!.send(rawCodec, numbered(5000, n));
        if (waiting === null) accepted++;
        else waiting.onAccepted = () => accepted++;
      }
    }
    pair.pump();
    assert(accepted < 4000);
    for (let n = 0; n < 300; n++) {
      const call = pair.dialler.request("echo", numbered(2000, n));
      pair.pump();
      assertPayload(call.response, numbered(2000, n));
    }
    for (const stream of kept.streams) {
      stream.autoRead = true;
      stream.read();
    }
    pair.pump();
    assertEquals(accepted, 4000);
    assertEquals(kept.streams.map((stream) => stream.received.length), Array(200).fill(20));
    assert(pair.acceptor.session.heldBytes === 0);
  }
});

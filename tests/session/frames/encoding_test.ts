/**
 * What user code does on its own connection while one of its values is encoded.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Codec } from "../../../lib/codec/format/codec.ts";
import { InternodeError } from "../../../lib/errors.ts";
import { payloadKind } from "../../../lib/session/frames/outgoing_payload.ts";
import { SendHalf } from "../../../lib/session/sending/send_half.ts";
import { FrameType, PayloadKind } from "../../../lib/wire/frame.ts";
import {
  encodedCodec,
  numbered,
  type Payload,
  rawCodec,
  TestCall,
} from "../../support/session/calls.ts";
import { openScheduler } from "../../support/session/open_scheduler.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";

/** Does something in the midst of a value. */
function acting(act: () => void): Codec<Payload> {
  return {
    encode(value, writer): void {
      writer.append(value!.subarray(0, 3));
      act();
      writer.append(value!.subarray(3));
    },
    decode: rawCodec.decode,
  };
}

for (const size of [10, 100_000]) {
  Deno.test(`calls that are made while another one of ${size} bytes is encoded arrive whole, and so does that`, () => {
    const pair = new Pair(), { dialler } = pair;
    pair.echo();
    const inner: TestCall[] = [], expected: Payload[] = [];
    const make = (codec: Codec<Payload>, bytes: number): void => {
      expected.push(numbered(bytes, inner.length));
      const call = new TestCall();
      inner.push(call);
      dialler.request("echo", expected.at(-1), { codec, call });
    };
    const act = (): void => {
      make(rawCodec, 5);
      make(encodedCodec, 6);
      make(rawCodec, 70_000);
      make(encodedCodec, 70_000);
      expected.push(null);
      inner.push(dialler.request("echo", null));
      make(acting(() => make(encodedCodec, 7)), 8);
      assert(!dialler.session.hasOutput, "nothing leaves in the midst of a value");
    };
    const outer = dialler.request("echo", numbered(size), { codec: acting(act) });
    pair.pump();
    assertEquals(outer.response, numbered(size));
    assertEquals(inner.map(({ response }) => response), expected);
    const next = dialler.request("echo", numbered(9), { codec: encodedCodec });
    pair.pump();
    assertEquals(next.response, numbered(9));
    assertNothingLeft(pair);
  });
}

Deno.test("calls that are cancelled while another one is encoded end alone, also if its encoding fails", () => {
  for (const fails of [false, true]) {
    const pair = new Pair(), { dialler } = pair, kept = pair.keep();
    pair.echo();
    const victim = dialler.request("keep", null);
    pair.pump();
    const codec = acting(() => {
      dialler.cancel(victim, new Error("no longer"));
      if (fails) throw new TypeError("cannot be read");
    });
    const outer = new TestCall();
    const send = (): TestCall => dialler.request("echo", numbered(10), { codec, call: outer });
    if (fails) {
      const error = assertThrows(send, InternodeError, "Cannot encode: cannot be read.");
      assertEquals([error.code, error.outcome], ["InvalidPayload", "notSent"]);
      assert(error.cause instanceof TypeError);
    } else send();
    pair.pump();
    assertEquals(outer.response, fails ? undefined : numbered(10));
    assertEquals(kept.requests.map(({ cancelled }) => cancelled !== null), [true]);
    const next = dialler.request("echo", numbered(9), { codec: encodedCodec });
    pair.pump();
    assertEquals(next.response, numbered(9));
    assertNothingLeft(pair);
  }
});

Deno.test("a codec that returns a promise as it encodes is refused, and what the promise says is heard", async () => {
  const pair = new Pair(), { dialler } = pair;
  pair.echo();
  const codec = {
    encode: (): Promise<never> => Promise.reject(new Error("nobody waits for this")),
    decode: rawCodec.decode,
  } as unknown as Codec<Payload>;
  assertThrows(
    () => dialler.request("echo", numbered(10), { codec }),
    InternodeError,
    "it must write at once",
  );
  await null;
  pair.pump();
  assertNothingLeft(pair);
});

Deno.test("metadata goes along with a call that is made while another one is encoded", () => {
  const pair = new Pair(), { dialler } = pair, target = pair.echo();
  const inner: TestCall[] = [];
  const codec = acting(() => {
    for (const size of [5, 70_000]) {
      for (const codec of [rawCodec, encodedCodec]) {
        const metadata = { size: `${size}`, raw: `${codec.raw}` };
        inner.push(dialler.request("echo", numbered(size), { codec, metadata }));
      }
    }
  });
  dialler.request("echo", numbered(10), { codec, metadata: { size: "10", raw: "outer" } });
  pair.pump();
  assertEquals(inner.map(({ response }) => response?.length), [5, 5, 70_000, 70_000]);
  const seen = target.metadata.map(({ size, raw }) => `${size} ${raw}`).sort();
  assertEquals(seen, ["10 outer", "5 false", "5 true", "70000 false", "70000 true"]);
});

Deno.test("an error that a codec throws is passed on only if it is one of this library's that says why nothing was sent", () => {
  const own = (code: "InvalidPayload" | "Overloaded", outcome: "notSent" | "maybeExecuted") =>
    new InternodeError(code, "thrown", { origin: "caller", outcome });
  const thrown: [error: Error, passes: boolean][] = [
    [own("InvalidPayload", "notSent"), true],
    [own("InvalidPayload", "maybeExecuted"), false],
    [own("Overloaded", "notSent"), false],
    [Object.assign(new Error("thrown"), { code: "InvalidPayload", outcome: "notSent" }), false],
  ];
  for (const [error, passes] of thrown) {
    const codec = acting(() => {
      throw error;
    });
    const { dialler } = new Pair();
    const told = assertThrows(
      () => dialler.request("echo", numbered(10), { codec }),
      InternodeError,
    );
    assertEquals([told === error, told.cause === error], [passes, !passes]);
    assertEquals([told.code, told.outcome], ["InvalidPayload", "notSent"]);
  }
});

Deno.test("messages of a stream that are sent while another one is encoded arrive whole, and so do those without a value", () => {
  const { scheduler, drain } = openScheduler();
  const half = new SendHalf(scheduler, FrameType.output, 10);
  half.id = 5;
  const codec = acting(() => {
    for (const value of [numbered(6), null]) half.send(encodedCodec, value);
  });
  scheduler.send(FrameType.request, 0, 0, 1 << 20, 0, null, codec, numbered(9), null);
  const sent: unknown[] = [];
  for (let frames = drain(); frames.length > 0; frames = drain()) {
    for (const { type, flags, payload } of frames) sent.push([type, flags, [...payload]]);
  }
  assertEquals(sent, [
    [FrameType.request, PayloadKind.bytes, [...numbered(9)]],
    [FrameType.output, PayloadKind.bytes, [...numbered(6)]],
    [FrameType.output, PayloadKind.null, []],
  ]);
});

Deno.test("the frame carries null and undefined only if the codec leaves them to it", () => {
  const codec: Codec<unknown> = { encode() {}, decode: () => null };
  const kinds = (codec: Codec<unknown>): number[] =>
    [undefined, null, 0].map((value) => payloadKind(codec, value));
  const { absent, bytes } = PayloadKind;
  assertEquals(kinds(codec), [bytes, bytes, bytes]);
  assertEquals(kinds({ ...codec, optional: true }), [absent, bytes, bytes]);
  assertEquals(kinds({ ...codec, nullable: true }), [bytes, PayloadKind.null, bytes]);
});

/** Headers and trailers: with responses, errors, outputs and ends, and what is a breach. */

import { assertEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { answerBlocks, type AnswerMetadata } from "../../../lib/session/frames/answer_metadata.ts";
import { FEATURE_ANSWER_METADATA } from "../../../lib/session/frames/hello.ts";
import { encodeMetadata, type Metadata } from "../../../lib/session/frames/metadata.ts";
import { readError } from "../../../lib/session/frames/wire_error.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { FLAG_FIRST, FLAG_METADATA, FrameType } from "../../../lib/wire/frame.ts";
import {
  assertPayload,
  EchoTarget,
  numbered,
  type Payload,
  rawCodec,
  type TestAccepted,
  type TestStream,
} from "../../support/session/calls.ts";
import { assertNothingLeft, Pair, type PairOptions } from "../../support/session/pair.ts";
import { joined, rawFrame, textOf, u32 } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";
import { seeded } from "../../support/seeded.ts";

const HEADERS = { etag: "a1", "server-timing": "disk;dur=3" };
const TRAILERS = { checksum: "ff00" };
const KNOWN = { features: FEATURE_ANSWER_METADATA };

/** Both blocks; those that are not given are empty. */
function blocks(headers: Metadata = {}, trailers: Metadata = {}): Uint8Array<ArrayBuffer> {
  return answerBlocks(encodeMetadata(headers), encodeMetadata(trailers));
}

function shown(metadata: AnswerMetadata): unknown {
  return [{ ...metadata.headers }, { ...metadata.trailers }];
}

/** Metadata of a text as long as it may be. */
const LONG = { long: "x".repeat(4096 - 8) };

/** A pair whose peer takes pieces of 1,024 bytes, on a byte stream cut by chance. */
function slowPair(random: PairOptions["random"]): Pair {
  return new Pair({
    bytes: true,
    ...random && { random },
    both: { limits: { maxFragmentBytes: 1024 } },
  });
}

Deno.test("metadata comes before the response, whatever its size and however it travels", () => {
  const random = seeded("answer metadata");
  for (const pair of [new Pair(), new Pair({ bytes: true, random }), slowPair(random)]) {
    const kept = pair.keep();
    for (const payload of [null, undefined, numbered(0), numbered(9), numbered(100_000)]) {
      for (
        const [headers, trailers] of [[HEADERS, TRAILERS], [LONG, LONG], [{}, TRAILERS]] as const
      ) {
        const call = pair.dialler.request("keep", null);
        pair.pump();
        const incoming = kept.requests.at(-1)!;
        const { responder } = incoming;
        responder.finishCall(
          incoming,
          rawCodec,
          payload,
          pair.nowMs,
          null,
          blocks(headers, trailers),
        );
        pair.pump();
        assertPayload(call.response, payload);
        assertEquals(call.metadata.map(shown), [[headers, trailers]]);
      }
    }
    assertNothingLeft(pair);
  }
});

Deno.test("metadata comes with an error, and the detail stays what it is", () => {
  const pair = new Pair(), kept = pair.keep();
  for (const detail of [null, numbered(7)]) {
    const calls = [
      pair.dialler.request("keep", null),
      pair.dialler.open("keep", null, { output: 2 }),
    ];
    pair.pump();
    const error = new InternodeError("HandlerFailed", "disk full", { outcome: "executed" });
    for (const incoming of [kept.requests.at(-1)!, kept.streams.at(-1)!]) {
      incoming.responder.failCall(incoming, error, detail, pair.nowMs, blocks(HEADERS, TRAILERS));
    }
    pair.pump();
    const [call, stream] = calls as [ReturnType<typeof pair.dialler.request>, TestStream];
    assertEquals(call.metadata.map(shown), [[HEADERS, TRAILERS]]);
    assertEquals(call.detail, detail);
    assertEquals(stream.metadata.map(({ all }) => shown(all)), [[HEADERS, TRAILERS]]);
    assertEquals([call.error?.code, stream.error?.code], ["HandlerFailed", "HandlerFailed"]);
  }
  assertNothingLeft(pair);
});

/** Sends headers, as many outputs, trailers and the end. */
function serve(
  pair: Pair,
  accepted: TestAccepted,
  outputs: Payload[],
  metadata: readonly Metadata[] = [HEADERS, TRAILERS],
) {
  const { responder } = accepted, { nowMs } = pair, [headers, trailers] = metadata;
  responder.sendMetadata(accepted, blocks(headers), nowMs, () => {});
  for (const output of outputs) accepted.send!.send(rawCodec, output);
  responder.sendMetadata(accepted, blocks({}, trailers), nowMs, () => {});
  responder.finishStream(accepted, nowMs);
}

Deno.test("headers come before the first output, and trailers behind the last", () => {
  const random = seeded("answer metadata");
  for (const pair of [new Pair(), new Pair({ bytes: true, random }), slowPair(random)]) {
    const kept = pair.keep();
    for (const size of [0, 9, 20_000]) {
      for (const output of [1, 2, 16]) {
        for (const metadata of [[HEADERS, TRAILERS], [LONG, LONG]]) {
          const stream = pair.dialler.open("keep", null, { output });
          pair.pump();
          const outputs = [numbered(size), null, numbered(size, 3)];
          serve(pair, kept.streams.at(-1)!, outputs, metadata);
          pair.pump();
          assertEquals(stream.received.length, 3);
          stream.received.forEach((payload, index) => assertPayload(payload, outputs[index]));
          assertEquals(stream.metadata.map(({ all, received }) => [shown(all), received]), [
            [[metadata[0], {}], 0],
            [[{}, metadata[1]], 3],
          ]);
          assertEquals([stream.endings, stream.error], [1, null]);
        }
      }
    }
    assertNothingLeft(pair);
  }
});

Deno.test("a stream without outputs has its metadata with the end", () => {
  const pair = new Pair(), kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { input: 1 });
  pair.pump();
  const [accepted] = kept.streams;
  accepted!.responder.finishStream(accepted!, pair.nowMs, undefined, blocks(HEADERS, TRAILERS));
  pair.pump();
  assertEquals(stream.metadata.map(({ all }) => shown(all)), [[HEADERS, TRAILERS]]);
  assertEquals([stream.endings, stream.error], [1, null]);
  assertNothingLeft(pair);
});

Deno.test("trailers wait for credit like an output, and the end waits behind them", () => {
  const pair = new Pair(), kept = pair.keep();
  const stream = pair.dialler.open("keep", null, { output: 2 });
  stream.autoRead = false;
  pair.pump();
  serve(pair, kept.streams[0]!, [null, null]);
  pair.pump();
  // The headers are consumed at once, so their credit is there again.
  assertEquals([stream.metadata.length, stream.received.length, stream.endings], [1, 2, 0]);
  stream.read(1);
  pair.pump();
  assertEquals([stream.metadata.length, stream.endings], [2, 1]);
  stream.read();
  pair.pump();
  assertNothingLeft(pair);
});

Deno.test("a peer that does not know metadata gets none, and nothing is read as such from it", () => {
  const peer = ScriptedPeer.open("acceptor"), kept = peer.keep(), id = 1 << 20;
  peer.send(peer.name(0, "keep"), peer.request(id), peer.request(id | 1), peer.open(id | 2, 2, 0));
  peer.send(peer.open(id | 3, 0, 1));
  const all = blocks(HEADERS, TRAILERS), { nowMs } = peer;
  const [answered, failed] = kept.requests, [outputs, none] = kept.streams;
  const { responder } = answered!;
  responder.finishCall(answered!, rawCodec, numbered(3), nowMs, null, all);
  responder.failCall(failed!, new InternodeError("HandlerFailed", "no"), numbered(2), nowMs, all);
  let left = 0;
  responder.sendMetadata(outputs!, all, nowMs, () => left++);
  responder.finishStream(outputs!, nowMs);
  responder.finishStream(none!, nowMs, undefined, all);
  assertEquals(left, 0);
  peer.expect(FrameType.response, { flags: 0, payload: numbered(3) });
  const { code, payload } = peer.expect(FrameType.error);
  const reader = new ByteReader();
  reader.reset(payload, 0, payload.length);
  const parts = readError(code, reader)!;
  assertEquals([parts.hasMetadata, parts.hasDetail, reader.remaining], [false, true, 2]);
  peer.expect(FrameType.outputEnd, { id: id | 2, argument: 0, payload: new Uint8Array(0) });
  peer.expect(FrameType.outputEnd, { id: id | 3, argument: 0, payload: new Uint8Array(0) });

  const caller = ScriptedPeer.open("dialler");
  const call = caller.side.request("keep", null);
  const stream = caller.side.open("keep", null, { output: 2 });
  const answer = { flags: FLAG_METADATA, payload: all };
  caller.send(
    rawFrame(FrameType.response, { id: call.id, ...answer }),
    rawFrame(FrameType.output, { id: stream.id, ...answer }),
    rawFrame(FrameType.outputEnd, { id: stream.id, argument: 1, payload: all }),
  );
  assertEquals([call.response, call.metadata], [all, []]);
  assertEquals([stream.received, stream.metadata, stream.endings], [[all], [], 1]);
});

/** A scripted responder that has a stream with outputs of the session under test. */
function withStream(output = 8): { peer: ScriptedPeer; stream: TestStream; id: number } {
  const peer = ScriptedPeer.open("dialler", {}, KNOWN);
  const stream = peer.side.open("keep", null, { output });
  return { peer, stream, id: stream.id };
}

function output(id: number, argument: number, payload?: Uint8Array, flags = 0): Uint8Array {
  if (payload === undefined) return rawFrame(FrameType.output, { id, argument, flags });
  return rawFrame(FrameType.output, { id, argument, payload, flags: flags | FLAG_METADATA });
}

Deno.test("metadata in a wrong place ends the connection", () => {
  const both = blocks(HEADERS, TRAILERS),
    headers = blocks(HEADERS),
    trailers = blocks({}, TRAILERS);
  const cases: [string | RegExp, (id: number) => Uint8Array[]][] = [
    ["headers of a stream behind an output", (id) => [output(id, 0), output(id, 1, headers)]],
    [
      "headers of a stream behind an output",
      (id) => [output(id, 0, headers), output(id, 1, headers)],
    ],
    ["headers of a stream behind an output", (id) => [
      output(id, 0, headers),
      rawFrame(FrameType.outputEnd, { id, argument: 1, payload: both }),
    ]],
    ["a stream that it had ended", (id) => [output(id, 0, trailers), output(id, 1)]],
    ["a stream that it had ended", (id) => [output(id, 0, both), output(id, 1, trailers)]],
    ["the trailers of a stream twice", (id) => [
      output(id, 0, both),
      rawFrame(FrameType.outputEnd, { id, argument: 1, payload: trailers }),
    ]],
    ["the trailers of a stream twice", (id) => [
      output(id, 0, both),
      rawFrame(FrameType.error, {
        id,
        code: 6,
        payload: joined(new Uint8Array([3, 4, 0, 0]), trailers),
      }),
    ]],
    ["sequence number 1 instead of 0", (id) => [output(id, 1, headers)]],
    ["after 0 messages, but 1 have", (id) => [
      output(id, 0, both),
      rawFrame(FrameType.outputEnd, { id, argument: 0 }),
    ]],
    ["metadata and a value", (id) => [output(id, 0, headers, 1)]],
    ["metadata and a value", (id) => [output(id, 0, headers, 2)]],
    ["metadata and a value", (id) => [output(id, 0, joined(headers, numbered(1)))]],
    ["cut short", (id) => [output(id, 0, headers.subarray(0, 2))]],
    ["cut short", (id) => [output(id, 0, headers.subarray(0, headers.length - 1))]],
    ["cut short", (id) => [output(id, 0, new Uint8Array(0))]],
    ["cut short", (id) => [rawFrame(FrameType.outputEnd, { id, payload: numbered(1) })]],
    ["cut short", (id) => [
      rawFrame(FrameType.error, { id, code: 6, payload: new Uint8Array([3, 4, 0, 0, 1]) }),
    ]],
    ["before the last fragment", (id) => [
      rawFrame(FrameType.output, {
        id,
        flags: FLAG_FIRST,
        payload: joined(u32(2000), numbered(9)),
      }),
      output(id, 1, trailers),
    ]],
  ];
  for (const [reason, frames] of cases) {
    const { peer, stream, id } = withStream();
    peer.sendEach(...frames(id));
    peer.expectBreach(reason);
    assertEquals([stream.endings, stream.error?.code], [1, "Disconnected"]);
  }
});

Deno.test("metadata of a response that is broken, or of no call, ends the connection", () => {
  for (
    const payload of [new Uint8Array(0), new Uint8Array([1, 0, 0, 0]), new Uint8Array([0, 0, 1])]
  ) {
    const peer = ScriptedPeer.open("dialler", {}, KNOWN);
    const call = peer.side.request("keep", null);
    const { id } = call;
    peer.send(rawFrame(FrameType.response, { id, flags: FLAG_METADATA, payload }));
    peer.expectBreach("cut short");
    assertEquals([call.endings, call.error?.code], [1, "Disconnected"]);
  }
  const peer = ScriptedPeer.open("dialler", {}, KNOWN);
  peer.send(rawFrame(FrameType.response, { id: 1 << 20, flags: FLAG_METADATA, payload: blocks() }));
  peer.expectBreach("not a request in flight");
});

Deno.test("outputs that are metadata take credit: more than there is ends the connection", () => {
  const { peer, id } = withStream(2);
  // Nothing came with them, and they are consumed at once.
  for (let sequence = 0; sequence < 100; sequence++) peer.send(output(id, sequence, blocks()));
  assertEquals(peer.side.session.state, "open");
  assertEquals(peer.side.session.heldBytes, 0);
  const other = withStream(1);
  other.peer.send(output(other.id, 0));
  other.peer.send(output(other.id, 1, blocks(HEADERS)));
  other.peer.send(output(other.id, 2, blocks({}, TRAILERS)));
  other.peer.expectBreach("headers of a stream behind an output");
  const unread = withStream(1);
  unread.stream.autoRead = false;
  unread.peer.send(output(unread.id, 0));
  unread.peer.send(output(unread.id, 1, blocks({}, TRAILERS)));
  unread.peer.expectBreach("without credit");
});

Deno.test("metadata for a call that was given up is dropped unread", () => {
  const peer = ScriptedPeer.open("dialler", {}, KNOWN);
  const call = peer.side.request("keep", null);
  const stream = peer.side.open("keep", null, { output: 2 });
  const [one, two] = [call.id, stream.id];
  peer.frames();
  peer.side.cancel(call);
  peer.side.cancel(stream);
  peer.send(
    output(two, 0, blocks(HEADERS)),
    rawFrame(FrameType.response, { id: one, flags: FLAG_METADATA, payload: blocks(HEADERS) }),
    rawFrame(FrameType.outputEnd, { id: two, argument: 1, payload: blocks({}, TRAILERS) }),
  );
  assertEquals([call.metadata, stream.metadata, peer.side.session.state], [[], [], "open"]);
  assertEquals([call.endings, stream.endings], [1, 1]);
});

Deno.test("while more than 1 MiB waits, errors and ends without outputs leave without metadata", () => {
  const peer = ScriptedPeer.open("acceptor", {}, KNOWN), kept = peer.keep(), id = 1 << 20;
  peer.send(peer.name(0, "keep"), peer.request(id), peer.open(id | 1, 0, 1));
  const { responder } = kept.requests[0]!,
    { incoming } = peer.side.session,
    all = blocks(LONG, LONG);
  for (let slot = 2; slot < 200; slot++) incoming.respond(id | slot, rawCodec, numbered(8000));
  assertEquals(peer.side.session.pendingBytes > 1024 * 1024, true);
  const error = new InternodeError("HandlerFailed", "disk full", { outcome: "executed" });
  responder.failCall(kept.requests[0]!, error, null, peer.nowMs, all);
  responder.finishStream(kept.streams[0]!, peer.nowMs, undefined, all);
  const frames = peer.frames().filter(({ id: of }) => of === id || of === (id | 1));
  assertEquals(frames.map(({ payload }) => payload.length), [4 + "disk full".length, 0]);
});

Deno.test("a response with metadata counts with it against the limits of its receiver", () => {
  const peer = ScriptedPeer.open("acceptor", {}, { ...KNOWN, maxMessageBytes: 2048 });
  peer.side.handlers.set("echo", new EchoTarget());
  const kept = peer.keep(), id = 1 << 20, { nowMs } = peer;
  peer.send(peer.name(0, "keep"), peer.request(id), peer.open(id | 1, 2, 0));
  const [call] = kept.requests, [stream] = kept.streams, { responder } = call!;
  const thrown: unknown[] = [];
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      thrown.push((error as InternodeError).code);
    }
  };
  attempt(() => responder.finishCall(call!, rawCodec, null, nowMs, null, blocks(LONG)));
  attempt(() => responder.sendMetadata(stream!, blocks(LONG), nowMs, () => {}));
  assertEquals(thrown, ["MessageTooLarge", "MessageTooLarge"]);
  responder.failCall(call!, new InternodeError("MessageTooLarge", "m"), null, nowMs, blocks(LONG));
  const { payload } = peer.expect(FrameType.error);
  assertEquals(textOf(payload).includes("xxxx"), true);
});

Deno.test("errors that are larger than small messages by their metadata are no bulk", () => {
  const pair = new Pair({ bytes: true }), kept = pair.keep();
  for (let round = 0; round < 6; round++) {
    const stream = pair.dialler.open("keep", null, { output: 4 });
    pair.pump();
    const accepted = kept.streams[round]!, text = "e".repeat(4096);
    const error = new InternodeError("HandlerFailed", text);
    accepted.send!.send(rawCodec, numbered(200_000));
    accepted.responder.failCall(accepted, error, numbered(3000), pair.nowMs, blocks({}, LONG));
    pair.pump();
    assertEquals(stream.error?.code, "HandlerFailed");
    assertEquals(stream.metadata.map(({ all }) => shown(all)), [[{}, LONG]]);
  }
  // Their bytes are not awaited as bulk that never arrives.
  pair.advance(120_000);
  assertEquals([pair.dialler.session.state, pair.acceptor.session.state], ["open", "open"]);
  assertNothingLeft(pair);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { BulkPacer } from "../../../lib/session/sending/bulk_pacer.ts";
import { DRAIN_BYTES } from "../../../lib/session/sending/send_scheduler.ts";
import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import { assertPayload, encodedCodec, numbered, rawCodec } from "../../support/session/calls.ts";
import { assertNothingLeft, Pair } from "../../support/session/pair.ts";
import { parseFrames, type RawFrame, rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";
import { writeAll } from "../../support/session/write_all.ts";

/** The frames of one write, and how many bytes it has. */
function write(peer: ScriptedPeer): { frames: RawFrame[]; bytes: number } {
  const { side } = peer, bytes = side.drain();
  side.written();
  const frames = side.transit.splice(0).flatMap(parseFrames);
  peer.acknowledge(frames);
  return { frames, bytes };
}

Deno.test("a small request beside a running 64 MiB transfer leaves with the next write", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  side.request("put", numbered(64 * 1024 * 1024));
  for (let n = 0; n < 20; n++) {
    const { bytes } = write(peer);
    assert(bytes < DRAIN_BYTES + 70_000, `a write has ${bytes} bytes`);
    const small = side.request("lock", numbered(64, n));
    const next = write(peer).frames;
    const place = next.findIndex((frame) => frame.id === small.id);
    assert(place >= 0 && place <= 1, `it is number ${place}`);
  }
});

Deno.test("large messages take turns, a fragment each", () => {
  const peer = ScriptedPeer.open("dialler", {}, { maxFragmentBytes: 10_000 });
  const { side } = peer;
  const calls = [0, 1, 2].map((n) => side.request("put", numbered(50_000, n)));
  peer.expect(FrameType.name);
  const frames = peer.frames().splice(0);
  const turns = frames.map((frame) => calls.findIndex((call) => call.id === frame.id));
  assertEquals(turns, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  assertEquals(frames.slice(0, 3).map((frame) => [frame.type, frame.flags]), [
    [FrameType.request, FLAG_FIRST],
    [FrameType.request, FLAG_FIRST],
    [FrameType.request, FLAG_FIRST],
  ]);
  assert(frames.slice(3).every((frame) => frame.type === FrameType.openerFragment));
});

Deno.test("a late large message does not wait for the one before", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  side.request("put", numbered(50_000_000));
  write(peer);
  const second = side.request("put", numbered(60_000));
  const ids = write(peer).frames.map((frame) => frame.id);
  assert(ids.includes(second.id));
});

Deno.test("control frames pass a long queue of messages", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  for (let n = 0; n < 500; n++) side.request("put", numbered(4000));
  assert(side.session.hasOutput);
  side.session.startDraining(peer.nowMs);
  const { frames } = write(peer);
  assertEquals(frames[0]!.type, FrameType.drain);
});

Deno.test("with checksums, control frames that pass others are still in order for the receiver", () => {
  const pair = new Pair({ bytes: true });
  pair.echo();
  const { dialler } = pair;
  const calls = Array.from({ length: 500 }, (_, n) => dialler.request("echo", numbered(4000, n)));
  dialler.session.startDraining(pair.nowMs);
  pair.pump();
  assertEquals(pair.acceptor.drainingHeard, 1);
  calls.forEach((call, n) => assertPayload(call.response, numbered(4000, n)));
});

Deno.test("both lanes finish, large and small, whatever the codec", () => {
  const pair = new Pair({ bytes: true, both: { writeFlattenLimit: 1000 } });
  pair.echo();
  const sizes = [
    0,
    1,
    999,
    1000,
    1001,
    8191,
    8192,
    8193,
    65_535,
    65_536,
    65_537,
    300_000,
    1_000_003,
  ];
  const calls = sizes.flatMap((size) =>
    [rawCodec, encodedCodec].map((codec) => pair.dialler.request("echo", numbered(size), { codec }))
  );
  pair.pump();
  calls.forEach((call, n) => assertPayload(call.response, numbered(sizes[n >> 1]!)));
  assertNothingLeft(pair);
});

Deno.test("what may wait here to be sent is bounded, but one message of any size may beside it", () => {
  const limits = { sendBudgetBytes: 65_536 };
  const peer = ScriptedPeer.open("dialler", { limits });
  const { side } = peer;
  side.request("put", numbered(1_000_000));
  for (let n = 0; n < 6; n++) side.request("put", numbered(10_000));
  const error = assertThrows(
    () => side.request("put", numbered(10_000)),
    InternodeError,
    "sendBudgetBytes (65536)",
  );
  assertEquals([error.code, error.outcome], ["Overloaded", "notSent"]);
  peer.frames();
  assertEquals(side.session.queuedBytes, 0);
  side.request("put", numbered(10_000));
});

Deno.test("with small messages, little bulk is in flight, and small messages go on", () => {
  const peer = ScriptedPeer.open("dialler");
  const { side } = peer;
  const first = side.request("lock", numbered(64));
  side.request("put", numbered(10_000_000));
  const under = writeAll(peer);
  assert(under >= 128 * 1024 && under < 200_000, `${under} bytes`);
  assert(!side.session.hasOutput);
  const second = side.request("lock", numbered(64));
  assertEquals(writeAll(peer), 0);
  peer.send(...[first, second].map(({ id }) => rawFrame(FrameType.response, { id })));
  assert(first.done && second.done);
  peer.send(rawFrame(FrameType.arrived, { argument: 100_000 }));
  assert(side.session.hasOutput);
  const more = writeAll(peer);
  assert(more >= 100_000 && more < 200_000, `${more} bytes`);
});

Deno.test("bulk alone has more under way", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.side.request("put", numbered(10_000_000));
  const under = writeAll(peer);
  assert(under >= 1024 * 1024 && under < 1_200_000, `${under} bytes`);
});

Deno.test("more bulk acknowledged than was sent ends the connection", () => {
  const peer = ScriptedPeer.open("dialler");
  peer.send(rawFrame(FrameType.arrived, { argument: 0 }));
  assertEquals(peer.side.session.state, "open");
  peer.send(rawFrame(FrameType.arrived, { argument: 1 }));
  peer.expectBreach("acknowledged more bulk bytes than this side has sent");
});

Deno.test("a count of bulk that a later one has passed is no breach, also where it wraps", () => {
  const pacer = new BulkPacer();
  const chunk = 2 ** 30 + 100;
  // The fourth goes beyond 2³².
  for (let sent = chunk; sent <= 5 * chunk; sent += chunk) {
    pacer.onSent(chunk, 0);
    pacer.onArrived((sent - 400) % 2 ** 32, 1);
    pacer.onArrived((sent - 900) % 2 ** 32, 2);
    assertEquals(pacer.underWayBytes, 400);
    pacer.onArrived(sent % 2 ** 32, 3);
    assertEquals(pacer.underWayBytes, 0);
  }
});

Deno.test("the count of bulk wraps", () => {
  const pacer = new BulkPacer();
  let sent = 0;
  for (let nowMs = 0; sent < 9e9; nowMs++) {
    for (let under = 0; pacer.isOpen(nowMs) && under < 1000; under++) {
      pacer.onSent(1_048_576, nowMs);
      sent += 1_048_576;
    }
    pacer.onArrived(sent % 2 ** 32, nowMs + 1);
    assert(pacer.isOpen(nowMs));
  }
});

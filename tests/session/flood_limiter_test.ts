import { assert, assertEquals, assertMatch } from "@std/assert";
import { FLOOD_BURST, FLOOD_PER_SECOND } from "../../lib/session/flood_limiter.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { joined, namePayload, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

const NOBODY = (1 << 20 | 9) >>> 0;
/** Every type of frame that can have no effect, and how much of what else it needs. */
const INEFFECTIVE: readonly (readonly [what: string, frame: Uint8Array])[] = [
  ["cancels of calls that there are not", rawFrame(FrameType.cancel, { id: NOBODY, code: 4 })],
  [
    "cancels with a text that is no UTF-8",
    rawFrame(FrameType.cancel, { id: NOBODY, code: 4, payload: new Uint8Array(64).fill(255) }),
  ],
  ["empty pieces of requests that there are not", rawFrame(FrameType.openerFragment, { id: 9 })],
  ["empty pieces of answers that there are not", rawFrame(FrameType.responderFragment, { id: 9 })],
  ["pings", rawFrame(FrameType.ping)],
  ["pings of streams that there are not", rawFrame(FrameType.ping, { id: NOBODY })],
  ["pongs that nobody asked for", rawFrame(FrameType.pong, { argument: 77 })],
  ["pongs of streams that there are not", rawFrame(FrameType.pong, { id: NOBODY })],
  ["windows of 0", rawFrame(FrameType.window)],
  ["arrivals of nothing", rawFrame(FrameType.arrived)],
  [
    "input credits for streams that there are not",
    rawFrame(FrameType.inputCredit, { id: NOBODY, payload: u32(0) }),
  ],
  [
    "output credits for streams that there are not",
    rawFrame(FrameType.outputCredit, { id: NOBODY, payload: u32(0) }),
  ],
  ["inputs of streams that there are not", rawFrame(FrameType.input, { id: NOBODY })],
  ["ends of inputs of streams that there are not", rawFrame(FrameType.inputEnd, { id: NOBODY })],
  ["drains", rawFrame(FrameType.drain)],
  [
    "other names for a number that nobody calls",
    rawFrame(FrameType.name, { payload: namePayload("unused") }),
  ],
];

/** What names are given anew by, and credit without bytes. */
const REUSES = { features: 0xffff_fffe };

function times(frame: Uint8Array, count: number): Uint8Array {
  return joined(...Array.from({ length: count }, () => frame));
}

/** Sends so many, a thousand a batch, and reads the answers. */
function flood(peer: ScriptedPeer, frame: Uint8Array, count: number): void {
  for (let left = count; left > 0 && peer.side.session.state === "open"; left -= 1000) {
    peer.send(times(frame, Math.min(left, 1000)));
    peer.frames().length = 0;
  }
}

for (const [what, frame] of INEFFECTIVE) {
  Deno.test(`a peer that sends only ${what} is cut off beyond the rate, and not before`, () => {
    const peer = ScriptedPeer.open("acceptor", {}, REUSES);
    for (let second = 0; second < 20; second++) {
      flood(peer, frame, FLOOD_PER_SECOND);
      peer.nowMs += 1000;
    }
    assertEquals(peer.side.session.state, "open", String(peer.side.closed));
    flood(peer, frame, 2 * FLOOD_BURST + FLOOD_PER_SECOND);
    assertEquals(peer.side.closed?.code, "ProtocolError");
    assertMatch(peer.side.closed!.message, /sent too many frames without effect/);
  });

  Deno.test(`${what} end the turn as handlers do`, () => {
    const peer = ScriptedPeer.open("acceptor", {}, REUSES), { side } = peer;
    side.endTurns = true;
    side.receiveBatch(times(frame, 1000));
    let turns = 1;
    for (; side.interrupted; turns++) side.resume();
    assert(turns > 1000 / 64, `they were taken in ${turns} turns`);
    assertEquals(side.closed, null);
  });
}

Deno.test("frames without effect are no breach where messages go too", () => {
  const peer = ScriptedPeer.open("acceptor");
  peer.side.handlers.set("echo", peer.keep());
  const cancel = rawFrame(FrameType.cancel, { id: NOBODY, code: 4 });
  peer.send(rawFrame(FrameType.name, { payload: namePayload("nobody") }));
  for (let i = 0; i < 50; i++) {
    const calls = Array.from({ length: 500 }, (_, slot) =>
      joined(
        rawFrame(FrameType.request, { id: (i + 1 << 20 | slot) >>> 0, argument: 0xffff_ffff }),
        cancel,
      ));
    peer.send(...calls);
    peer.frames().length = 0;
  }
  assertEquals(peer.side.closed, null);
});

/** Messages of a stream, empty, from one sequence number on. */
function* messages(type: number, id: number, count: number): Iterable<Uint8Array> {
  for (let at = 0; at < count; at += 1000) {
    const batch = Array.from(
      { length: Math.min(1000, count - at) },
      (_, i) => rawFrame(type, { id, argument: at + i }),
    );
    yield joined(...batch);
  }
}

function isCutOff(peer: ScriptedPeer, type: number, id: number, count: number): boolean {
  for (const batch of messages(type, id, count)) {
    if (peer.side.session.state !== "open") break;
    peer.send(batch);
    peer.frames().length = 0;
  }
  return peer.side.closed !== null;
}

Deno.test("inputs that were on their way when their stream was refused or had ended are no breach, others are", () => {
  const id = 1 << 20;
  for (const name of ["keep", "nobody"]) {
    const peer = ScriptedPeer.open("acceptor"), kept = peer.keep();
    peer.side.handlers.set("keep", kept);
    peer.send(peer.name(0, name), peer.open(id, 0, 65_535));
    if (name === "keep") {
      peer.side.session.incoming.finishStream(kept.streams[0]!, peer.nowMs);
    }
    assertEquals(isCutOff(peer, FrameType.input, id, 65_535), false, name);
    assertEquals(isCutOff(peer, FrameType.input, id, 2 * FLOOD_BURST), true, name);
  }
});

Deno.test("outputs that were on their way when their stream was given up are no breach, others are", () => {
  const peer = ScriptedPeer.open("dialler");
  const stream = peer.side.open("keep", null, { output: 50_000 });
  peer.side.cancel(stream);
  peer.frames().length = 0;
  assertEquals(isCutOff(peer, FrameType.output, stream.id, 50_000), false);
  assertEquals(isCutOff(peer, FrameType.output, stream.id, 2 * FLOOD_BURST), true);
});

Deno.test("inputs that their stream takes use up their credit, too", () => {
  const id = 1 << 20, peer = ScriptedPeer.open("acceptor"), kept = peer.keep();
  peer.send(peer.name(0, "keep"), peer.open(id, 0, 65_535));
  assertEquals(isCutOff(peer, FrameType.input, id, 65_535), false);
  peer.side.session.incoming.finishStream(kept.streams[0]!, peer.nowMs);
  // As many again may be on their way, as credit was given back for those taken.
  assertEquals(isCutOff(peer, FrameType.input, id, 65_535), false);
  assertEquals(isCutOff(peer, FrameType.input, id, 3 * FLOOD_BURST), true);
});

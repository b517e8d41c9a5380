/** However a stream ends, on either side, what its unread messages take is given back, once. @module */

import { assertEquals } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { DecodedMemory, DecodedShare } from "../../../lib/wire/decoded_memory.ts";
import { FrameType } from "../../../lib/wire/frame.ts";
import { numbered, type TestAccepted, type TestStream } from "../../support/session/calls.ts";
import { errorPayload, rawFrame } from "../../support/session/raw_frames.ts";
import { ScriptedPeer } from "../../support/session/scripted_peer.ts";

const ERROR = new InternodeError("HandlerFailed", "it fails", { origin: "remote" });
const BYTES = 1_000, MEMORY = 500;
/** What a message costs of the budget. */
const COST = BYTES + 128;

/** A stream of which two messages have come and none was read. */
interface Unread<Stream> {
  readonly peer: ScriptedPeer;
  readonly stream: Stream;
  readonly share: DecodedShare;
}

function hold<Stream extends TestAccepted | TestStream>(
  peer: ScriptedPeer,
  stream: Stream,
): Unread<Stream> {
  const share = new DecodedShare(new DecodedMemory(1_000_000));
  stream.receive!.holdMemory(share, MEMORY);
  stream.receive!.holdMemory(share, MEMORY);
  assertEquals([share.heldBytes, peer.side.session.heldBytes], [2 * MEMORY, 2 * COST]);
  return { peer, stream, share };
}

function accepted(deadlineMs?: number): Unread<TestAccepted> {
  const peer = ScriptedPeer.open("acceptor"), kept = peer.keep(), id = 1 << 20;
  kept.autoRead = false;
  const argument = deadlineMs ?? 0xffff_ffff;
  peer.send(peer.name(0, "keep"), peer.open(id, 5, 5, { argument }));
  for (const argument of [0, 1]) {
    peer.send(rawFrame(FrameType.input, { id, argument, payload: numbered(BYTES) }));
  }
  return hold(peer, kept.streams[0]!);
}

function opened(deadlineMs?: number): Unread<TestStream> {
  const peer = ScriptedPeer.open("dialler");
  const stream = peer.side.open("keep", null, {
    input: 5,
    output: 5,
    ...deadlineMs !== undefined && { deadlineMs: peer.nowMs + deadlineMs },
  });
  stream.autoRead = false;
  peer.frames().splice(0);
  for (const argument of [0, 1]) {
    const { id } = stream;
    peer.send(rawFrame(FrameType.output, { id, argument, payload: numbered(BYTES) }));
  }
  return hold(peer, stream);
}

function expire({ peer }: Unread<unknown>): void {
  peer.nowMs += 100;
  peer.side.session.onTimer(peer.nowMs);
}

const lose = ({ peer }: Unread<unknown>): void => peer.side.session.onLost("gone", peer.nowMs);

const SERVED: [what: string, end: (unread: Unread<TestAccepted>) => void][] = [
  ["its handler is done", ({ peer, stream }) => {
    peer.side.session.incoming.finishStream(stream, peer.nowMs);
  }],
  ["its handler fails", ({ peer, stream }) => {
    peer.side.session.incoming.failCall(stream, ERROR, null, peer.nowMs);
  }],
  ["it is given up here", ({ peer, stream }) => {
    peer.side.session.incoming.endCall(stream, ERROR, peer.nowMs);
  }],
  ["its caller cancels it", ({ peer, stream }) => {
    peer.send(rawFrame(FrameType.cancel, { id: stream.id, code: 4 }));
  }],
  ["its time runs out", expire],
  ["the connection is lost", lose],
];

const CALLED: [what: string, end: (unread: Unread<TestStream>) => void][] = [
  ["its handler is done", ({ peer, stream }) => {
    peer.send(rawFrame(FrameType.outputEnd, { id: stream.id, argument: 2 }));
  }],
  ["its handler fails", ({ peer, stream }) => {
    const payload = errorPayload(2, "no");
    peer.send(rawFrame(FrameType.error, { id: stream.id, code: 6, payload }));
  }],
  ["it is cancelled here", ({ peer, stream }) => peer.side.cancel(stream)],
  ["its time runs out", expire],
  ["the connection is lost", lose],
];

/** What is unread belongs to its reader alone once the stream is over. */
function assertGivenBack(unread: Unread<TestAccepted | TestStream>, isLost: boolean): void {
  const { peer, stream, share } = unread, { session } = peer.side;
  assertEquals([share.heldBytes, stream.receive!.ended], [0, true]);
  if (!isLost) assertEquals(session.heldBytes, 0);
  assertEquals(session.state, isLost ? "closed" : "open");
  for (let n = 0; n < 2; n++) stream.receive!.consumed(BYTES, MEMORY);
  assertEquals(share.heldBytes, 0, "reading it gives nothing back again");
  if (!isLost) assertEquals(session.heldBytes, 0);
}

for (const [what, end] of SERVED) {
  Deno.test(`a stream that is served holds nothing when ${what}`, () => {
    const unread = accepted(what === "its time runs out" ? 100 : undefined);
    end(unread);
    assertGivenBack(unread, end === lose);
  });
}

for (const [what, end] of CALLED) {
  Deno.test(`a stream that was opened holds nothing when ${what}`, () => {
    const unread = opened(what === "its time runs out" ? 100 : undefined);
    end(unread);
    assertGivenBack(unread, end === lose);
  });
}

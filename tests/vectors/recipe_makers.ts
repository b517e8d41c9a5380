/**
 * Makes sessions send the frames of the vectors.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../../lib/errors.ts";
import { answerBlocks } from "../../lib/session/frames/answer_metadata.ts";
import {
  FEATURE_ANSWER_METADATA,
  FEATURE_GROWING_WINDOWS,
} from "../../lib/session/frames/hello.ts";
import { encodeMetadata, type Metadata } from "../../lib/session/frames/metadata.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { KeepTarget, rawCodec, type TestAccepted } from "../support/session/calls.ts";
import { rawFrame } from "../support/session/raw_frames.ts";
import { ScriptedPeer } from "../support/session/scripted_peer.ts";

/** A frame and what to say of it. */
export interface FrameRecipe {
  readonly name: string;
  readonly description: string;
  /** Makes a session send it. */
  readonly make: () => Uint8Array;
}

/** The first id that a session gives. */
export const ID = 1 << 20;

/** The frame of that type which the session under test sends. */
export function sent(peer: ScriptedPeer, type: number, nth = 0): Uint8Array {
  const frame = peer.frames().filter((found) => found.type === type)[nth]!;
  return rawFrame(frame.type, frame);
}

/** What a caller sends. */
export function caller(
  type: number,
  act: (peer: ScriptedPeer) => void,
  nth = 0,
  features = 0,
): () => Uint8Array {
  return () => {
    const peer = ScriptedPeer.open("dialler", {}, { features });
    act(peer);
    return sent(peer, type, nth);
  };
}

/** The goodbye of a side that was made to end by such an error, after something has happened. */
export function goodbye(
  code: ErrorCode,
  text: string,
  before: (peer: ScriptedPeer) => void = () => {},
): () => Uint8Array {
  return caller(FrameType.goodbye, (peer) => {
    before(peer);
    peer.side.session.close(new InternodeError(code, text), peer.nowMs);
  });
}

/** The credit by which a reader that keeps up lets more be under way. */
export const GROWN_WINDOW: FrameRecipe = {
  name: "output credit with a window",
  description:
    "both hellos have feature bit 5; in a round trip of 100 ms, 16 messages of 65,408 bytes were consumed: 17 more messages, as 32 may be under way now; 65,536 bytes were consumed, and 2,097,152 may be under way",
  make: grownWindow,
};

function grownWindow(): Uint8Array {
  const peer = ScriptedPeer.open("dialler", {}, { features: FEATURE_GROWING_WINDOWS });
  const { id } = peer.side.open("keep", null, { output: 16 });
  let argument = 0;
  const outputs = (count: number): void => {
    for (; count > 0; count--, argument++) {
      peer.send(rawFrame(FrameType.output, { id, argument, payload: new Uint8Array(65_408) }));
    }
  };
  outputs(1);
  peer.frames();
  peer.nowMs += 100;
  peer.send(rawFrame(FrameType.pong, { argument: 1 }));
  outputs(16);
  peer.nowMs += 100;
  outputs(1);
  const grown = peer.frames().filter(({ type }) => type === FrameType.outputCredit).at(-1)!;
  return rawFrame(grown.type, grown);
}

/** What a responder sends after a request or the opening of a stream, which its handler keeps. */
export function responder(
  type: number,
  act: (kept: KeepTarget, peer: ScriptedPeer) => void,
  nth = 0,
): () => Uint8Array {
  return () => {
    const peer = ScriptedPeer.open("acceptor", {}, { features: FEATURE_ANSWER_METADATA });
    const kept = new KeepTarget();
    kept.now = () => peer.nowMs;
    peer.side.handlers.set("keep", kept);
    peer.send(peer.name(0, "keep"), peer.request(ID), peer.open(ID | 1, 8, 8));
    act(kept, peer);
    return sent(peer, type, nth);
  };
}

/** What either side says during the handshake. */
export function handshake(type: number, role: "dialler" | "acceptor"): () => Uint8Array {
  return () => {
    const peer = new ScriptedPeer(role);
    if (role === "acceptor") {
      peer.send(
        rawFrame(FrameType.hello, { payload: sent(new ScriptedPeer("dialler"), 1).slice(16) }),
      );
    }
    return sent(peer, type);
  };
}

/** What a handler failed with. */
export const failure = new InternodeError("HandlerFailed", "disk full: /dev/sdb", {
  outcome: "executed",
});

/** Answers the request that is kept. */
export function finish(
  kept: KeepTarget,
  payload: Uint8Array | null | undefined,
  metadata: Uint8Array | null = null,
): void {
  const call = kept.requests[0]!;
  call.responder.finishCall(call, rawCodec, payload, 1000, null, metadata);
}

/** The metadata of an answer. */
export function answerMetadata(headers: Metadata, trailers: Metadata): Uint8Array<ArrayBuffer> {
  return answerBlocks(encodeMetadata(headers), encodeMetadata(trailers));
}

/** The stream that is kept. */
export function stream(kept: KeepTarget): TestAccepted {
  return kept.streams[0]!;
}

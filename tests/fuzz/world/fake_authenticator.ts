/**
 * A secret that is none: quick, and the same in each run.
 *
 * @module
 */

import type { Authenticator } from "../../../lib/session/frames/authenticator.ts";
import { sameBytes } from "../same_value.ts";

/** Proves by a hash that anyone can make. */
export const fakeAuthenticator: Authenticator = {
  prove,
  verify: (role, transcript, proof) => sameBytes(prove(role, transcript), proof),
  token: () => "",
  checkToken: () => ({ refusal: "there are no tokens here" }),
};

function prove(role: "dialler" | "acceptor", transcript: Uint8Array): Uint8Array<ArrayBuffer> {
  const proof = new Uint8Array(32);
  let hash = role === "dialler" ? 0x811c_9dc5 : 0x1234_5678;
  for (let at = 0; at < transcript.length + 32; at++) {
    hash = Math.imul(hash ^ (transcript[at] ?? at), 0x0100_0193);
    proof[at & 31]! ^= hash >>> 13;
  }
  return proof;
}

/** What is proven: both hellos, each behind its length. */
export function transcriptOf(dialler: Uint8Array, acceptor: Uint8Array): Uint8Array<ArrayBuffer> {
  const transcript = new Uint8Array(8 + dialler.length + acceptor.length);
  const view = new DataView(transcript.buffer);
  view.setUint32(0, dialler.length, true);
  transcript.set(dialler, 4);
  view.setUint32(4 + dialler.length, acceptor.length, true);
  transcript.set(acceptor, 8 + dialler.length);
  return transcript;
}

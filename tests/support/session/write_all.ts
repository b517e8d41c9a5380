import { parseFrames } from "./raw_frames.ts";
import type { ScriptedPeer } from "./scripted_peer.ts";

/** Writes all that may be written without a word from the peer; how many bytes of bulk that is. */
export function writeAll({ side }: ScriptedPeer): number {
  let bulk = 0;
  while (side.session.hasOutput) {
    side.drain();
    side.written();
  }
  for (const frame of side.transit.splice(0).flatMap(parseFrames)) {
    if (frame.payload.length > 8192) bulk += frame.payload.length;
  }
  return bulk;
}

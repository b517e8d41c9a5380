/** A scheduler by itself, whose peer has said hello. @module */

import type { Hello } from "../../../lib/session/frames/hello.ts";
import { SendScheduler } from "../../../lib/session/sending/send_scheduler.ts";
import { type Limits, resolveLimits } from "../../../lib/wire/limits.ts";
import { WriterPool } from "../../../lib/wire/writer_pool.ts";
import { joined, parseFrames, type RawFrame } from "./raw_frames.ts";
import { peerHello } from "./scripted_peer.ts";

/** What the two sides are like, where it is not as usual. */
export interface OpenOutboxOptions {
  readonly limits?: Partial<Limits>;
  readonly hello?: { readonly [K in keyof Hello]?: Hello[K] | undefined };
}

/** A scheduler, how often it has told that there is something to drain, and what takes that. */
export function openScheduler({ limits, hello = {} }: OpenOutboxOptions = {}) {
  const told = { count: 0 };
  const owner = { onOutput: (): void => void told.count++ };
  const scheduler = new SendScheduler(
    new WriterPool(),
    false,
    Infinity,
    resolveLimits(limits),
    owner,
  );
  const said = Object.entries(hello).filter(([, value]) => value !== undefined);
  scheduler.budget.open(peerHello(Object.fromEntries(said)));
  /** Takes what is to be written next. */
  const drain = (): RawFrame[] => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    scheduler.drain(pieces);
    const frames = parseFrames(joined(...pieces));
    scheduler.recycle();
    return frames;
  };
  return { scheduler, told, drain };
}

/**
 * What waits at a publisher for one node.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { FrameCache, Run } from "./frame_cache.ts";
import type { EncodedMessage } from "./message_slab.ts";
import { lengthOf, takeHead } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** A message that was published. */
export interface PublishedMessage<T> extends EncodedMessage {
  readonly value: T;
  /** Its number, from 1. */
  readonly at: number;
  /** How many bytes it takes. */
  readonly size: number;
}

/** A run that grows, or shrinks. */
type OwnRun = { -readonly [Key in keyof Run]: Run[Key] } & {
  /** How many messages it has. */
  count: number;
};

/** How large frames are. */
export interface FrameLimits {
  /** So many messages, at most. */
  readonly messages: number;
  /** So many bytes, unless one message is longer. */
  readonly bytes: number;
}

/** A bounded queue of messages that leave in frames: a message makes the last frame longer, or begins one. */
export class FrameQueue<T> extends BoundedQueue {
  readonly #limits: FrameLimits;
  readonly #frames: FrameCache;
  readonly #runs = new Fifo<OwnRun>();
  /** The last run, which may grow; `null`: it is taken. */
  #last: OwnRun | null = null;

  /**
   * @param tooSlow Makes the error of a node that is disconnected.
   * @param onEnd Is told once that it takes no more.
   */
  constructor(
    limits: FrameLimits,
    frames: FrameCache,
    settings: TopicSettings,
    tooSlow: () => unknown,
    onEnd: () => void,
  ) {
    super(settings, tooSlow, onEnd);
    this.#limits = limits;
    this.#frames = frames;
  }

  /** Whether as much waits as a frame may have. */
  get hasFrame(): boolean {
    return this.length >= this.#limits.messages || this.bytes >= this.#limits.bytes;
  }

  /**
   * Adds a message, or does what the policy says.
   *
   * @param isReplayed See `admit`.
   */
  push(message: PublishedMessage<T>, isReplayed: boolean): void {
    const { at, bytes, start, end, size } = message;
    if (!this.admit(size, isReplayed)) return;
    const run = this.#last, limits = this.#limits;
    if (
      run !== null && run.end === start && run.bytes === bytes && run.at + run.count === at &&
      run.count < limits.messages && end - run.position <= limits.bytes
    ) {
      run.end = end;
      run.count++;
    } else this.#runs.push(this.#last = { bytes, position: start, end, at, count: 1 });
  }

  /** The next frame, encoded; `null`: nothing waits. */
  take(): Uint8Array<ArrayBuffer> | null {
    const run = this.#shift();
    if (run === null) return null;
    this.onTaken(run.count, run.end - run.position);
    return this.#frames.frameOf(run);
  }

  protected override dropOldest(): number {
    const run = this.#runs.peek()!, { position } = run;
    if (run.count === 1) return this.#shift()!.end - position;
    const length = lengthOf(takeHead(run));
    run.position += length;
    run.at++;
    run.count--;
    return run.position - position;
  }

  protected override forget(): void {
    this.#runs.clear();
    this.#last = null;
  }

  #shift(): OwnRun | null {
    const run = this.#runs.shift() ?? null;
    if (run === this.#last) this.#last = null;
    return run;
  }
}

/**
 * What waits at a publisher for one node.
 *
 * @module
 */

import { Fifo } from "../../wire/fifo.ts";
import { BoundedQueue } from "./bounded_queue.ts";
import type { EncodedMessage } from "./message_slab.ts";
import { messagesFrame, takeHead, type TopicFrame } from "./topic_frame.ts";
import type { TopicSettings } from "./topic_options.ts";

/** A message that was published. */
export interface PublishedMessage<T> extends EncodedMessage {
  readonly value: T;
  /** Its number, from 1. */
  readonly at: number;
  /** How many bytes it takes. */
  readonly size: number;
}

/** Messages that follow each other and lie side by side. */
interface Run {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the first one begins. */
  position: number;
  /** Where the last one ends. */
  end: number;
  /** The number of the first one. */
  at: number;
  count: number;
}

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
  readonly #runs = new Fifo<Run>();
  /** The last run, which may grow; `null`: it is taken. */
  #last: Run | null = null;

  /**
   * @param tooSlow Makes the error of a node that is disconnected.
   * @param onEnd Is told once that it takes no more.
   */
  constructor(
    limits: FrameLimits,
    settings: TopicSettings,
    tooSlow: () => unknown,
    onEnd: () => void,
  ) {
    super(settings, tooSlow, onEnd);
    this.#limits = limits;
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

  /** The next frame; `null`: nothing waits. */
  take(): TopicFrame<T> | null {
    const run = this.#shift();
    if (run === null) return null;
    const { at, bytes, position, end, count } = run;
    this.onTaken(count, end - position);
    return messagesFrame(at, bytes.subarray(position, end));
  }

  protected override dropOldest(): number {
    const run = this.#runs.peek()!, { position } = run;
    if (run.count === 1) return this.#shift()!.end - position;
    const head = takeHead(run);
    run.position += Math.floor(head / 4);
    run.at++;
    run.count--;
    return run.position - position;
  }

  protected override forget(): void {
    this.#runs.clear();
    this.#last = null;
  }

  #shift(): Run | null {
    const run = this.#runs.shift() ?? null;
    if (run === this.#last) this.#last = null;
    return run;
  }
}

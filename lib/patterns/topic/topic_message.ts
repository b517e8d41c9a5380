/**
 * What subscribers of a topic get.
 *
 * @module
 */

/** A message of a topic. */
export interface TopicMessage<T> {
  /** What was published. Subscribers of one node share it, and must not change it. Bytes in it may share up to 64 KiB of memory with other messages: copy what is kept for long. */
  readonly value: T;
  /** The host that published it. */
  readonly publisher: string;
  /** Its number among the messages of that publisher's process, from 1. */
  readonly sequence: number;
}

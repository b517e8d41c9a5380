/**
 * What subscribers of a topic get.
 *
 * @module
 */

/** A message of a topic. */
export interface TopicMessage<T> {
  /** What was published. Subscribers of one node share it, and must not change it. */
  readonly value: T;
  /** The host that published it. */
  readonly publisher: string;
  /** Its number among the messages of that publisher's process, from 1. */
  readonly sequence: number;
}

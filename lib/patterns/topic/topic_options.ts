/**
 * How a topic treats who is slow, and who is late.
 *
 * @module
 */

import { invalidOption, optionsOf, wholeNumber } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * What becomes of a message for a subscriber whose queue is full:
 *
 * - `drop-oldest`: the oldest message in the queue is dropped, and counted
 * - `drop-newest`: the message is dropped, and counted
 * - `disconnect`: the subscriber gets what is in the queue, then an error of code `Overloaded`
 * - `backpressure`: `publish` waits for room with all subscribers, so the slowest one holds up its publishers
 */
export type SlowPolicy = "drop-oldest" | "drop-newest" | "disconnect" | "backpressure";

const POLICIES: readonly SlowPolicy[] = [
  "drop-oldest",
  "drop-newest",
  "disconnect",
  "backpressure",
];

/** What `topic` takes beside name and codec; the same on all nodes. */
export interface TopicOptions {
  /** What becomes of messages for a subscriber whose queue is full. Default: `"drop-oldest"`. */
  readonly slow?: SlowPolicy | undefined;
  /** How many messages wait for a subscriber: at each publisher for each node that subscribes, and on that node for each subscription. Default: 1,024. */
  readonly maxQueued?: number | undefined;
  /** How many bytes of encoded messages wait there; one message may be larger. Default: 4 MiB. */
  readonly maxQueuedBytes?: number | undefined;
  /** How many of each publisher's last messages a late subscriber gets first; 1 is the last value. At most `maxQueued`; if the queue is full of them, the oldest are dropped, whatever the policy. Default: 0. */
  readonly replay?: number | undefined;
}

/** The same with everything filled in. */
export interface TopicSettings {
  readonly slow: SlowPolicy;
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  readonly replay: number;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveTopic(options: TopicOptions): TopicSettings {
  const { slow = "drop-oldest", maxQueued = 1_024, maxQueuedBytes = 4 * 2 ** 20, replay = 0 } =
    optionsOf("topic", options);
  if (!POLICIES.includes(slow)) {
    throw invalidOption("slow", `must be one of ${POLICIES.join(", ")}, not ${shown(slow)}`);
  }
  wholeNumber("maxQueued", maxQueued, 1, MAX_QUEUED);
  wholeNumber("maxQueuedBytes", maxQueuedBytes, 1, Number.MAX_SAFE_INTEGER);
  wholeNumber("replay", replay, 0, maxQueued);
  return { slow, maxQueued, maxQueuedBytes, replay };
}

const MAX_QUEUED = 2 ** 24;

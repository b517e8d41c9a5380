/**
 * Topics: what one node says to all that want to hear it.
 *
 * @module
 */

import { withMethods } from "../../foreign/option_checks.ts";
import * as t from "../../codec/mod.ts";
import type { Codec } from "../../codec/format/codec.ts";
import type { Manager } from "../../grid/manager.ts";
import { stream } from "../../rpc/contract/contract.ts";
import type { TopicContract } from "./feed.ts";
import { JoinedTopic, type JoinOptions } from "./joined_topic.ts";
import { frameCodec } from "./topic_frame.ts";
import { resolveTopic, type TopicOptions, type TopicSettings } from "./topic_options.ts";

/**
 * What nodes of a grid publish and subscribe to, made by {@linkcode topic}.
 *
 * @typeParam T What is published.
 */
export class Topic<T> {
  /** Its name: that of a handler on each node. */
  readonly name: string;
  readonly #codec: Codec<T>;
  readonly #settings: TopicSettings;
  readonly #contract: TopicContract<T>;

  /** Made by {@linkcode topic}. */
  constructor(name: string, codec: Codec<T>, options: TopicOptions) {
    this.#settings = resolveTopic(options);
    this.#codec = withMethods("codec", codec, "encode", "decode");
    this.name = name;
    this.#contract = stream(name, {
      initial: t.record({
        replay: t.uint(),
        seen: t.optional(t.record({ life: t.string(), at: t.uint() })),
        alone: t.boolean(),
      }),
      output: frameCodec(codec),
      inputCapacity: 0,
      outputCapacity: IN_FLIGHT,
    });
  }

  /**
   * Takes part on a node, to publish and to subscribe: registers a handler of
   * the topic's name. All nodes of a grid should do so before they listen.
   *
   * @param grid The node.
   * @param options Who may subscribe here.
   * @throws {InternodeError} `InvalidArgument` if the node has a handler of that name, such as by joining before.
   */
  join(grid: Manager, options: JoinOptions = {}): JoinedTopic<T> {
    withMethods("grid", grid, "handle", "connections", "onHostsChange");
    return new JoinedTopic(grid, this.#contract, this.#codec, this.#settings, options);
  }
}

/**
 * Describes a topic: what each node of a grid publishes goes to all
 * subscriptions on all nodes.
 *
 * Messages of one publisher come in order. **At most once**: what is under way
 * when a connection is lost is lost, as is what is published while a subscriber is
 * not connected, and what the policy drops; both are counted. Nodes without subscriptions
 * get nothing.
 *
 * @typeParam T What is published.
 * @param name The topic's name, the same on all nodes: 1 to 255 bytes of UTF-8.
 * @param codec Carries a message; any codec, `raw()` and `nothing()` among them.
 * @param options What becomes of slow and late subscribers; the same on all nodes.
 * @throws {InternodeError} `InvalidArgument` for a name or options that make no sense.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { topic } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const invalidated = topic("cache.invalidated", t.string(), { replay: 1 });
 * const hosts = ["memory://cache-1", "memory://cache-2"] as const;
 * await using one = new Manager({ local: hosts[0], hosts });
 * await using two = new Manager({ local: hosts[1], hosts });
 * await using here = invalidated.join(one);
 * await using there = invalidated.join(two);
 * await Promise.all([one.listen(), two.listen()]);
 *
 * await here.publish("user/7"); // the last value, also for who comes late
 * for await (const { value, publisher } of there.subscribe()) {
 *   assertEquals([value, publisher], ["user/7", hosts[0]]);
 *   break;
 * }
 * ```
 */
export function topic<T>(name: string, codec: Codec<T>, options: TopicOptions = {}): Topic<T> {
  return new Topic(name, codec, options);
}

/** How many frames of messages may be on their way to a node. */
const IN_FLIGHT = 256;

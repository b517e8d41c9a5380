/**
 * What the parts of a client share.
 *
 * @module
 */

import type { ClientSettings } from "../service/client_options.ts";
import { DialGate } from "../../rpc/connecting/dial_gate.ts";
import { LinkMaker } from "../../driver/link_maker.ts";
import type { PickOptions } from "../balancers/balancer.ts";
import { ReplicaSet } from "../replicas/replica_set.ts";
import type { ReplicaSetting } from "../replicas/replica_setting.ts";
import { RetryBudget } from "../service/retry_budget.ts";

/** One client: its settings, its replicas, and what it has left for retries. */
export class ClientCore implements ReplicaSetting {
  /** The settings. */
  readonly options: ClientSettings;
  /** Makes its connections. */
  readonly links: LinkMaker;
  /** Lets its dials go a few at a time. */
  readonly gate: DialGate;
  /** What keeps an outage from becoming a storm. */
  readonly retryBudget: RetryBudget;
  /** The replicas. */
  readonly replicas: ReplicaSet;
  /** What a balancer is told of a call of which nothing is known. */
  readonly plainPick: PickOptions;
  /** Whether it takes no new calls. */
  isClosing = false;

  /** */
  constructor(options: ClientSettings) {
    this.options = options;
    this.links = new LinkMaker(options.name, options);
    this.gate = new DialGate(options.clock, options.random);
    this.retryBudget = new RetryBudget(options.retryBudget);
    this.replicas = new ReplicaSet(this);
    this.plainPick = { shardKey: undefined, tried: null, random: () => options.random.next() };
  }
}

/**
 * What the parts of a client share.
 *
 * @module
 */

import type { ClientSettings } from "../service/client_options.ts";
import { DialLimiter } from "../../rpc/connecting/dial_limiter.ts";
import { AnswerTeller } from "../../rpc/calling/answer_callbacks.ts";
import type { RequestDelegate } from "../../rpc/calling/call_delegate.ts";
import type { AnyContract } from "../../rpc/contract/contract.ts";
import { ClientChain } from "../../rpc/interceptors/client_chain.ts";
import type { Tracer } from "../../rpc/contract/tracer.ts";
import type { CallFigures } from "../../rpc/metering/call_figures.ts";
import { FaceFigures } from "../../rpc/metering/face_figures.ts";
import { HostFigures } from "../../rpc/metering/host_figures.ts";
import { CallTraces } from "../../rpc/tracing/call_trace.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import { LinkMaker } from "../../driver/link_maker.ts";
import type { PickOptions } from "../balancers/balancer.ts";
import { ReplicaSet } from "../replicas/replica_set.ts";
import type { ReplicaSetting } from "../replicas/replica_setting.ts";
import { RetryBudget } from "../service/retry_budget.ts";

/** A call that can be ended in any state. */
interface CarriedCall extends OutgoingCall {
  /** Ends the call from this side. */
  giveUp(reason: unknown): void;
}

/** One client: its settings, its replicas, and its retry budget. */
export class ClientCore implements ReplicaSetting, RequestDelegate {
  /** See {@linkcode RequestDelegate}: a call has a replica for one attempt at a time. */
  readonly host = "";
  /** See {@linkcode RequestDelegate}. */
  readonly traces: CallTraces;
  /** See {@linkcode RequestDelegate}. */
  readonly spans: Tracer | null;
  /** See {@linkcode RequestDelegate}. */
  readonly figures: FaceFigures;
  /** See {@linkcode RequestDelegate}. */
  readonly answers: AnswerTeller;
  /** The settings. */
  readonly options: ClientSettings;
  /** Makes its connections. */
  readonly links: LinkMaker;
  /** Limits how many of its dials are under way. */
  readonly dialLimiter: DialLimiter;
  /** Limits retries, so that they do not make an outage worse. */
  readonly retryBudget: RetryBudget;
  /** The replicas. */
  readonly replicas: ReplicaSet;
  /** The interceptors of its calls; `null` if there are none. */
  readonly chain: ClientChain | null;
  /** The pick options of a call without a shard key or earlier attempts. */
  readonly plainPick: PickOptions;
  /** Whether it accepts no new calls. */
  isClosing = false;
  /** Those of calls that have reached no replica. */
  readonly #unsent: HostFigures;

  constructor(options: ClientSettings) {
    this.options = options;
    this.spans = options.tracer;
    this.traces = new CallTraces(options.logger);
    this.answers = new AnswerTeller(options.logger);
    this.figures = new FaceFigures(options.meter, options.clock);
    this.#unsent = new HostFigures(this.figures, "client", "");
    this.links = new LinkMaker(options.name, options);
    this.dialLimiter = new DialLimiter(options.clock, options.random);
    this.retryBudget = new RetryBudget(options.retryBudget);
    this.replicas = new ReplicaSet(this);
    const { chain, clock } = options;
    this.chain = chain === null ? null : new ClientChain(chain, clock, this.answers);
    this.plainPick = { shardKey: undefined, tried: null, random: () => options.random.next() };
  }

  /** See {@linkcode RequestDelegate}. */
  figuresOf(contract: AnyContract): CallFigures {
    return this.#unsent.of(contract);
  }

  /** See {@linkcode RequestDelegate}. */
  now(): number {
    return this.options.clock.now();
  }

  /** See {@linkcode RequestDelegate}: no connection is the client's own. */
  beginTurn(): number {
    return this.now();
  }

  /** See {@linkcode RequestDelegate}. */
  abort(call: OutgoingCall, reason: unknown): void {
    (call as CarriedCall).giveUp(reason);
  }
}

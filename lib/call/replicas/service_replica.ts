/**
 * One replica of a client.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { subscribe } from "../../foreign/subscription.ts";
import { lastingMs } from "../../rpc/connecting/back_off.ts";
import { ConnectionLog } from "../../rpc/connecting/connection_log.ts";
import type { ConnectionStats } from "../../rpc/connecting/connection_stats.ts";
import { Reconnector } from "../../rpc/connecting/reconnector.ts";
import type { ReconnectorDelegate } from "../../rpc/connecting/reconnector_delegate.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import type { AnyContract } from "../../rpc/contract/contract.ts";
import type { CallFigures } from "../../rpc/metering/call_figures.ts";
import { HostFigures } from "../../rpc/metering/host_figures.ts";
import type { Replica } from "../balancers/balancer.ts";
import type { ReplicaSetting } from "./replica_setting.ts";
import type { ReplicaHealth } from "../service/outlier_detector.ts";
import { ReplicaLink } from "./replica_link.ts";
import type { ReplicaHistory } from "./replica_history.ts";
import { type ReplicaState, replicaState } from "./replica_state.ts";

/** The weight of a call's latency in the moving average. */
const LATENCY_WEIGHT = 0.1;

/** An open connection to a replica. */
export type OpenLink = ReplicaLink<ServiceReplica>;

/** Receives the events of a replica. */
export interface ReplicaListener {
  /** Whether it can take calls has changed. */
  onReadyChange(replica: ServiceReplica): void;
  /** It has failed, and the failure counts against it. */
  onFailure(replica: ServiceReplica): void;
  /** It is known to be down. */
  onDown(): void;
  /** It is gone and no longer listed. */
  onMissing(replica: ServiceReplica): void;
  /** A connection has no calls in flight. */
  onIdle(): void;
  /** A channel or an attempt to dial has ended for good. */
  onGone(): void;
}

/** One endpoint: its connection, and the health of its calls; its states are in replica_state.ts. */
export class ServiceReplica implements Replica, ReconnectorDelegate {
  /** See {@linkcode Replica}; the endpoint of the last resolution. */
  endpoint: Endpoint;
  /** See {@linkcode Replica}. */
  callsInFlight = 0;
  /** See {@linkcode Replica}. */
  latencyMs: number = NaN;
  /** See {@linkcode Replica}. */
  weight = 1;
  /** Whether the resolver lists it. */
  isListed = true;
  /** The connection in use, if it is open. */
  current: OpenLink | null = null;
  /** Receives its events. */
  readonly owner: ReplicaListener;
  /** Its history. */
  readonly history: ReplicaHistory;
  /** Maintains the connection. */
  readonly reconnector: Reconnector;

  readonly #core: ReplicaSetting;
  readonly #log: ConnectionLog;
  #figures: HostFigures | null = null;
  /** Stops watching the endpoint's changes. */
  #unwatch: { readonly endpoint: Endpoint; readonly end: () => void } | null = null;

  /** Begins to dial. */
  constructor(
    core: ReplicaSetting,
    owner: ReplicaListener,
    endpoint: Endpoint,
    history: ReplicaHistory,
  ) {
    this.#core = core;
    this.owner = owner;
    this.endpoint = endpoint;
    this.history = history;
    const { options, dialLimiter } = core, { address } = endpoint;
    const { backOff, connectFailures } = history;
    this.#log = new ConnectionLog(address, options, lastingMs(options.reconnect), connectFailures);
    this.reconnector = new Reconnector(
      { settings: options, limiter: dialLimiter, address, dials: true, peerCalls: false, backOff },
      this,
    );
    this.#watch();
    this.reconnector.start();
  }

  /** Whether it keeps failing. */
  get health(): ReplicaHealth {
    return this.history.health;
  }

  /** The state of the connection. */
  get state(): ReplicaState {
    const pending = this.reconnector.isDialling ? "pending" : "none";
    return replicaState(
      this.isListed,
      this.current === null ? pending : "open",
      this.callsInFlight,
    );
  }

  /** Counters of its connections. */
  stats(): ConnectionStats {
    const { current, reconnector: { totals, link } } = this, { state } = this;
    const open = state === "draining" || state === "removed" ? "closed" : state;
    return totals.snapshot(current === null ? open : "connected", link, this.#core.options.clock);
  }

  /** Whether it can take calls: listed, and the handshake done. */
  get isReady(): boolean {
    return this.isListed && this.current !== null;
  }

  /** See {@linkcode ReconnectorDelegate}. */
  get isClosing(): boolean {
    return this.#core.isClosing;
  }

  /** The resolver lists it again. */
  list(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.#watch();
    if (this.isListed) return;
    this.isListed = true;
    this.reconnector.start();
    if (this.current !== null) this.owner.onReadyChange(this);
  }

  /** The resolver no longer lists it: running calls may finish. */
  unlist(): void {
    if (!this.isListed) return;
    this.#leave();
    this.reconnector.retire(new InternodeError("Closed", "The replica is no longer listed."));
    if (this.current !== null) this.owner.onReadyChange(this);
    this.#checkMissing();
  }

  /** Ends everything; calls in flight get the error. */
  close(error: InternodeError): void {
    this.#leave();
    this.current = null;
    this.reconnector.close(error);
    this.#checkMissing();
  }

  /** The figures of a contract's calls to it. */
  figuresOf(contract: AnyContract): CallFigures {
    this.#figures ??= new HostFigures(this.#core.figures, "client", this.endpoint.address);
    return this.#figures.of(contract);
  }

  /** A call was answered, with a response or an error, after that time. */
  onAnswered(latencyMs: number): void {
    const average = this.latencyMs;
    this.health.onSuccess();
    this.latencyMs = Number.isNaN(average)
      ? latencyMs
      : average + (latencyMs - average) * LATENCY_WEIGHT;
  }

  /** See {@linkcode ReconnectorDelegate}; a dialler accepts every server. */
  checkPeer(): null {
    return null;
  }

  /** A server makes no calls to its clients. */
  resolve(): null {
    return null;
  }

  /** See {@linkcode ReconnectorDelegate}. */
  dial(signal: AbortSignal): Promise<Channel> {
    const { auth, clock, name } = this.#core.options;
    const makeToken = auth === null ? undefined : () => auth.token(name, "", clock.wallNow());
    return this.endpoint.dial(signal, makeToken, true);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  makeLink(channel: Channel, delegate: LinkDelegate): Link {
    return this.#core.links.make(channel, "dialler", "", delegate);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onConnected(link: Link, { instance }: Peer): void {
    this.#log.onConnected(link, instance);
    this.#use(link);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onRenewed(link: Link, { instance }: Peer): void {
    this.#log.onRenewed(link, instance);
    this.#use(link);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onLost(link: Link, error: InternodeError | null): void {
    if (error !== null && this.isListed && !this.isClosing) {
      this.#log.onLost(link, error);
      this.owner.onFailure(this);
    }
    this.#lose();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onPeerClosing(error: InternodeError): void {
    if (this.isListed && !this.isClosing) this.#log.onUnreached(error);
    this.#lose();
    this.owner.onDown();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onUnreached(error: unknown): void {
    this.#log.onUnreached(error);
    this.owner.onDown();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onRenewalFailed(error: unknown): void {
    this.#log.onRenewalFailed(error);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onGone(): void {
    this.#checkMissing();
    this.owner.onGone();
  }

  #use(link: Link): void {
    this.current = new ReplicaLink(this, link);
    this.owner.onReadyChange(this);
  }

  #lose(): void {
    this.current = null;
    if (this.isListed) this.owner.onReadyChange(this);
  }

  #watch(): void {
    const { endpoint } = this;
    if (this.#unwatch?.endpoint === endpoint) return;
    this.#unwatch?.end();
    const end = subscribe(
      () => endpoint.onChange?.(() => this.reconnector.onChange()),
      (error) => this.#log.onCallbackFailed("onChange", error),
    );
    this.#unwatch = { endpoint, end };
  }

  #leave(): void {
    this.isListed = false;
    this.#unwatch?.end();
    this.#unwatch = null;
  }

  #checkMissing(): void {
    if (!this.isListed && this.reconnector.isGone) this.owner.onMissing(this);
  }
}

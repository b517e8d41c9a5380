/**
 * The replicas of a service for a client.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { messageOf, sentence, textOf } from "../../foreign/text_of.ts";
import { LastingBackOff, lastingMs } from "../../rpc/connecting/back_off.ts";
import { sumOfTraffic, type TrafficStats } from "../../rpc/connecting/connection_stats.ts";
import { RepeatedFailures } from "../../rpc/connecting/repeated_failures.ts";
import type { WaitingCall } from "../../rpc/calling/waiting_calls.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";
import { type Endpoint, haveSameAttributes } from "../../transport/channel/endpoint.ts";
import { times } from "../../driver/repeated_lines.ts";
import type { Balancer, PickOptions, Replica } from "../balancers/balancer.ts";
import { weightOfEndpoint } from "../balancers/replica_weight.ts";
import type { ReplicaSetting } from "./replica_setting.ts";
import { connectionsTo, replicaAddress } from "./further_connection.ts";
import type { HealthVerdict } from "./health_verdict.ts";
import { OutlierDetector, ReplicaHealth } from "../service/outlier_detector.ts";

import { ReplicaHistories } from "./replica_history.ts";
import { type OpenLink, type ReplicaListener, ServiceReplica } from "./service_replica.ts";
import { WaitingPicks } from "./waiting_picks.ts";
import { weightElsewhere } from "./zone_weights.ts";

/** How many replicas an error names at most. */
const MAX_NAMED = 3;

/** Follows the resolver, offers the replicas that can take calls to the balancer, and keeps the calls that wait for one. */
export class ReplicaSet implements ReplicaListener {
  /** Calls that wait for a replica. */
  readonly waiting: WaitingPicks;
  /** Called whenever a channel or an attempt to dial has ended. */
  onGone: () => void = () => {};
  /** Called whenever a connection has no calls in flight. */
  onIdle: () => void = () => {};

  readonly #core: ReplicaSetting;
  readonly #byAddress = new Map<string, ServiceReplica>();
  readonly #histories = new ReplicaHistories();
  readonly #outliers: OutlierDetector;
  #ready: readonly ServiceReplica[] = [];
  /** The last update of the client's balancer. Balancers get updates just before a pick, so that their errors belong to a call. */
  #toldOwn: readonly ServiceReplica[] | null = null;
  /** The last updates of the balancers of single calls. */
  readonly #told = new WeakMap<Balancer, readonly ServiceReplica[]>();
  /** The counts of replicas that are no longer listed. */
  #past: TrafficStats = sumOfTraffic([]);
  #returnTimer: Timer | null = null;
  #isUpdating = false;
  #isStale = false;

  constructor(core: ReplicaSetting) {
    this.#core = core;
    this.waiting = new WaitingPicks(core.options.clock, () => this.#ready.length > 0);
    this.#outliers = new OutlierDetector(core.options.outliers);
  }

  /** All replicas, in the order in which they were first listed. */
  get all(): readonly ServiceReplica[] {
    return [...this.#byAddress.values()];
  }

  /** Those that can take calls, sorted by address. */
  get ready(): readonly ServiceReplica[] {
    return this.#ready;
  }

  /** How many calls are in flight. */
  get callsInFlight(): number {
    return this.all.reduce((sum, replica) => sum + replica.callsInFlight, 0);
  }

  /** The counts of the connections to all replicas, including those that are no longer listed. */
  traffic(): TrafficStats {
    return sumOfTraffic([
      this.#past,
      ...this.all.map(({ reconnector }) => reconnector.totals.traffic()),
    ]);
  }

  /** All connections that are not yet gone. */
  get links(): readonly Link[] {
    return this.all.flatMap(({ reconnector }) => reconnector.links);
  }

  /** Whether all channels and attempts to dial have ended. */
  get isGone(): boolean {
    for (const replica of this.#byAddress.values()) if (!replica.reconnector.isGone) return false;
    return true;
  }

  /** Takes a new list of endpoints; of several with one address the first counts. */
  update(endpoints: readonly Endpoint[]): void {
    if (this.#core.isClosing) return;
    // One refresh for all of them, because thousands may change at a time.
    this.#isUpdating = true;
    this.#isStale = false;
    try {
      this.#list(endpoints);
    } finally {
      this.#isUpdating = false;
    }
    if (this.#isStale) this.#refresh();
    this.onDown();
  }

  #list(endpoints: readonly Endpoint[]): void {
    const listed = new Map<string, Endpoint>();
    const { connections } = this.#core.options;
    for (const replica of endpoints) {
      for (const endpoint of connectionsTo(replica, connections)) {
        if (!listed.has(endpoint.address)) listed.set(endpoint.address, endpoint);
      }
    }
    for (const [address, endpoint] of listed) {
      const known = this.#byAddress.get(address);
      if (known !== undefined) {
        if (!haveSameAttributes(known.endpoint, endpoint)) this.#isStale = true;
        known.list(endpoint);
      } else this.#byAddress.set(address, this.#make(endpoint));
    }
    for (const [address, replica] of [...this.#byAddress]) {
      if (!listed.has(address)) replica.unlist();
    }
  }

  /**
   * Chooses a replica.
   *
   * @returns Its connection; `null`: there is none at the moment.
   * @throws {InternodeError} `InvalidArgument` when the balancer returns what it was not given; what it throws itself.
   */
  pick(balancer: Balancer, options: PickOptions): OpenLink | null {
    if (balancer !== this.#core.options.balancer) this.#tellForeign(balancer);
    else if (this.#toldOwn !== this.#ready) this.#tellOwn(balancer);
    const picked = balancer.pick(options);
    if (picked === undefined) return null;
    if (picked instanceof ServiceReplica && picked.owner === this && picked.isListed) {
      const { current } = picked;
      if (current !== null) return current;
    }
    return refuse(picked);
  }

  /**
   * Keeps a call until there is a replica for it: whichever it will be does not
   * refuse it for lack of room. One that does not wait for replicas that are
   * all down fails at once.
   *
   * @returns Whether it waits.
   */
  wait(call: OutgoingCall, waiting: WaitingCall): boolean {
    this.waiting.add(call, waiting);
    this.onDown();
    return call.state === "waiting";
  }

  /**
   * The replicas that have had an attempt of a call: with all connections to
   * them, as far as there are other replicas.
   */
  withSiblings(tried: ReadonlySet<Replica>): ReadonlySet<Replica> {
    if (this.#core.options.connections === 1) return tried;
    const addresses = new Set([...tried].map(({ endpoint }) => replicaAddress(endpoint)));
    const isSibling = ({ endpoint }: Replica) => addresses.has(replicaAddress(endpoint));
    const siblings = this.#ready.filter(isSibling);
    return siblings.length < this.#ready.length ? new Set([...tried, ...siblings]) : tried;
  }

  /** What the end of an attempt says about its replica. */
  onVerdict(replica: ServiceReplica, verdict: HealthVerdict): void {
    if (verdict === "answered") replica.health.onSuccess();
    else if (verdict === "failed") this.onFailure(replica);
  }

  /** See {@linkcode ReplicaListener}. */
  onFailure(replica: ServiceReplica): void {
    const nowMs = this.#core.options.clock.now();
    if (!replica.health.onFailure(nowMs)) return;
    this.#core.figures.onSetAside(replica.endpoint.address);
    this.#tellSetAside(replica, replica.health.returnsMs - nowMs);
    this.#refresh();
  }

  #tellSetAside({ endpoint: { address: host }, history }: ServiceReplica, forMs: number): void {
    const sum = history.setAside.onFailure("set aside");
    const count = sum?.count ?? 1;
    this.#core.options.logger[sum === null ? "debug" : "info"](
      `${host} is set aside for ${Math.ceil(forMs)} ms, because too many calls to it failed ` +
        `in a row. Calls go to the others.${times(count)}`,
      { event: "replica_set_aside", host, forMs, count },
    );
  }

  #tellBack({ endpoint: { address: host }, history }: ServiceReplica): void {
    const level = history.setAside.onSuccess() === null ? "debug" : "info";
    this.#core.options.logger[level](`${host} gets calls again.`, { event: "replica_back", host });
  }

  /** What a call is told for which there was no replica in time. */
  describe(): string {
    const all = this.all.filter((replica) => replica.isListed);
    if (all.length === 0) return "the resolver lists none";
    const named = all.slice(0, MAX_NAMED).map((replica) => {
      const { reconnector: { lastFailure }, state } = replica;
      const why = lastFailure === undefined ? "" : `: ${messageOf(lastFailure)}`;
      return `${replica.endpoint.address} is ${state}${why}`;
    });
    const more = all.length > MAX_NAMED ? ` and ${all.length - MAX_NAMED} more` : "";
    return `${named.join("; ")}${more}`;
  }

  /** See {@linkcode ReplicaListener}. */
  onReadyChange(replica: ServiceReplica): void {
    const nowMs = this.#core.options.clock.now();
    if (replica.isReady) this.#outliers.join(replica.health, nowMs);
    else this.#outliers.leave(replica.health, nowMs);
    this.#refresh();
  }

  /** See {@linkcode ReplicaListener}. */
  onDown(): void {
    if (this.waiting.size === 0 || this.#ready.length > 0) return;
    for (const { isListed, reconnector } of this.#byAddress.values()) {
      if (isListed && !reconnector.isDown) return;
    }
    this.waiting.fail("down");
  }

  /** See {@linkcode ReplicaListener}. */
  onMissing(replica: ServiceReplica): void {
    const { address } = replica.endpoint;
    if (this.#byAddress.get(address) !== replica) return;
    this.#byAddress.delete(address);
    this.#past = sumOfTraffic([this.#past, replica.reconnector.totals.traffic()]);
    this.#histories.keep(address, replica.history, this.#core.options.clock.now());
  }

  /** Ends everything; calls in flight get the error. */
  close(error: InternodeError): void {
    this.#clearReturn();
    for (const replica of this.all) replica.close(error);
  }

  #make(endpoint: Endpoint): ServiceReplica {
    const { options } = this.#core, { clock } = options;
    const history = this.#histories.take(endpoint.address, clock.now()) ?? {
      health: new ReplicaHealth(this.#outliers),
      backOff: new LastingBackOff(options.reconnect, options),
      connectFailures: new RepeatedFailures(clock, lastingMs(options.reconnect)),
      setAside: new RepeatedFailures(clock, this.#outliers.maxSetAsideMs),
    };
    return new ServiceReplica(this.#core, this, endpoint, history);
  }

  /** Notifies the waiting calls of a change. */
  #refresh(): void {
    this.#isStale = true;
    if (this.#core.isClosing || this.#isUpdating) return;
    const nowMs = this.#core.options.clock.now();
    const ready: ServiceReplica[] = [];
    for (const replica of this.#byAddress.values()) {
      if (replica.isReady && !replica.health.isSetAside(nowMs)) ready.push(replica);
    }
    ready.sort((a, b) => a.endpoint.address < b.endpoint.address ? -1 : 1);
    this.#ready = this.#weighted(preferred(ready));
    this.#setReturn(nowMs);
    this.waiting.onChange();
  }

  /** Gives each its share of the calls: those of other zones less, where the client has one. */
  #weighted(ready: readonly ServiceReplica[]): readonly ServiceReplica[] {
    const { zone } = this.#core.options;
    const elsewhere = zone === null ? 1 : weightElsewhere(ready, zone);
    for (const replica of ready) {
      const weight = weightOfEndpoint(replica.endpoint);
      replica.weight = elsewhere === 1 || replica.endpoint.zone === zone?.name
        ? weight
        : weight * elsewhere;
    }
    return ready;
  }

  /** What it throws ends the call that it is told for; nobody waits for a promise. */
  #update(balancer: Balancer): void {
    const returned: unknown = balancer.update(this.#ready);
    if (returned === undefined) return;
    tell(() => returned, (error) => {
      this.#core.options.logger.warn(
        `The update of a balancer was rejected: ${sentence(textOf(error))}`,
        { event: "balancer_failed", what: "update", error },
      );
    });
  }

  #tellOwn(balancer: Balancer): void {
    this.#update(balancer);
    this.#toldOwn = this.#ready;
  }

  #tellForeign(balancer: Balancer): void {
    if (this.#told.get(balancer) === this.#ready) return;
    this.#update(balancer);
    this.#told.set(balancer, this.#ready);
  }

  /** A replica that was set aside comes back by itself. */
  #setReturn(nowMs: number): void {
    this.#clearReturn();
    const atMs = this.#outliers.nextReturnMs(nowMs);
    if (atMs === Infinity) return;
    this.#returnTimer = this.#core.options.clock.setTimer(atMs - nowMs, () => {
      this.#returnTimer = null;
      for (const replica of this.all) {
        if (replica.health.returnsMs === atMs) this.#tellBack(replica);
      }
      this.#refresh();
    });
  }

  #clearReturn(): void {
    if (this.#returnTimer !== null) this.#core.options.clock.clearTimer(this.#returnTimer);
    this.#returnTimer = null;
  }
}

/** By itself, as a function that makes a closure pays for it at each call. */
function refuse(picked: unknown): never {
  // It may be a promise, whose unhandled rejection would end the process.
  tell(() => picked, () => {});
  throw invalidArgument(
    "The balancer returned a value that is not one of the replicas of its last update.",
  );
}

/** Those of the lowest priority; the next one takes over when none of them can take calls. */
function preferred(ready: readonly ServiceReplica[]): readonly ServiceReplica[] {
  let lowest = Infinity, highest = -Infinity;
  for (const { endpoint: { priority = 0 } } of ready) {
    if (priority < lowest) lowest = priority;
    if (priority > highest) highest = priority;
  }
  if (lowest === highest) return ready;
  return ready.filter(({ endpoint: { priority = 0 } }) => priority === lowest);
}

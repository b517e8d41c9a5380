/**
 * One replica, as its client keeps it.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { subscribe } from "../../foreign/subscription.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { lastingMs } from "../../rpc/connecting/back_off.ts";
import { Dialling } from "../../rpc/connecting/dialling.ts";
import { type RenewalOwner, RenewalSchedule } from "../../rpc/connecting/renewal_schedule.ts";
import { goingAway } from "../../rpc/connecting/retired_links.ts";
import type { Timer } from "../../runtime/clock.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { Link, LinkOwner } from "../../driver/link.ts";
import type { DrainReason } from "../../session/frames/drain_reason.ts";
import type { Replica } from "../balancers/balancer.ts";
import type { ReplicaSetting } from "./replica_setting.ts";
import type { ReplicaHealth } from "../service/outlier_detector.ts";
import { ReplicaLink } from "./replica_link.ts";
import { ReplicaLog } from "./replica_log.ts";
import type { ReplicaPast } from "./replica_past.ts";
import { type ReplicaState, replicaState } from "./replica_state.ts";

/** The part of a call's latency in the moving average. */
const LATENCY_WEIGHT = 0.1;

/** An open connection to a replica. */
export type OpenLink = ReplicaLink<ServiceReplica>;

/** Whom a replica tells what becomes of it. */
export interface ReplicaOwner {
  /** Whether it can take calls has changed. */
  onReadyChange(replica: ServiceReplica): void;
  /** It has failed in a way that is its own. */
  onFailure(replica: ServiceReplica): void;
  /** Nothing is left of it, and nobody lists it. */
  onMissing(replica: ServiceReplica): void;
  /** A connection has no calls under way any more. */
  onIdle(): void;
  /** A channel or an attempt to dial has ended for good. */
  onGone(): void;
}

/** Makes the connection to one endpoint, keeps it, makes it again; its states are in replica_state.ts. */
export class ServiceReplica implements Replica, LinkOwner, RenewalOwner {
  /** See {@linkcode Replica}; the endpoint of the last resolution. */
  endpoint: Endpoint;
  /** See {@linkcode Replica}. */
  callsInFlight = 0;
  /** See {@linkcode Replica}. */
  latencyMs: number = NaN;
  /** Whether the resolver lists it. */
  isListed = true;
  /** The present connection, if it is open. */
  current: OpenLink | null = null;
  /** Why it has no connection, if that is known. */
  lastFailure: unknown = undefined;
  /** Whom it tells. */
  readonly owner: ReplicaOwner;
  /** How it did so far. */
  readonly past: ReplicaPast;

  readonly #core: ReplicaSetting;
  readonly #schedule: RenewalSchedule;
  readonly #log: ReplicaLog;
  /** Ends the watching of an endpoint's changes. */
  #unwatch: { readonly endpoint: Endpoint; readonly end: () => void } | null = null;
  /** Connections that are shaking hands, open, or not yet gone. */
  readonly #links = new Map<Link, OpenLink | null>();
  /** An attempt to connect or to renew, until hands are shaken. */
  #attempt: Dialling | null = null;
  #timer: Timer | null = null;
  #openedMs = 0;

  /** Begins to dial. */
  constructor(core: ReplicaSetting, owner: ReplicaOwner, endpoint: Endpoint, past: ReplicaPast) {
    this.#core = core;
    this.owner = owner;
    this.endpoint = endpoint;
    this.past = past;
    const { clock, logger, reconnect } = core.options;
    this.#schedule = new RenewalSchedule(core.options, true, this);
    this.#log = new ReplicaLog(
      endpoint.address,
      logger,
      clock,
      past.outage,
      lastingMs(reconnect),
    );
    this.#watch();
    this.#dialWhenDue();
  }

  /** Whether it fails more than it should. */
  get health(): ReplicaHealth {
    return this.past.health;
  }

  /** Where the connection stands. */
  get state(): ReplicaState {
    return replicaState(this.isListed, this.#connection, this.callsInFlight);
  }

  /** Whether it can take calls: listed, and the handshake done. */
  get isReady(): boolean {
    return this.isListed && this.current !== null;
  }

  /** All connections of which anything is left. */
  get links(): readonly Link[] {
    return [...this.#links.keys()];
  }

  /** Whether any channel or attempt to dial is left. */
  get isGone(): boolean {
    return this.#links.size === 0 && this.#attempt === null;
  }

  /** The resolver lists it again. */
  list(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.#watch();
    if (this.isListed) return;
    this.isListed = true;
    if (this.current !== null) {
      this.current.reinstate();
      this.#startSchedule(this.current.link, this.#openedMs);
      this.owner.onReadyChange(this);
    } else {
      this.#dialWhenDue();
    }
  }

  /** The resolver lists it no more: what runs may finish. */
  unlist(): void {
    if (!this.isListed) return;
    this.isListed = false;
    this.#stopConnecting(new InternodeError("Closed", "The replica is listed no more."));
    if (this.current !== null) {
      this.owner.onReadyChange(this);
      this.current?.retire();
    }
    this.#checkMissing();
  }

  /** Ends everything; calls in flight get the error. */
  close(error: InternodeError): void {
    this.isListed = false;
    this.#stopConnecting(error);
    for (const link of [...this.#links.keys()]) link.close(error);
    this.#checkMissing();
  }

  /** A call was answered, well or not; it took so long. */
  onAnswered(latencyMs: number): void {
    const average = this.latencyMs;
    this.health.onSuccess();
    this.latencyMs = Number.isNaN(average)
      ? latencyMs
      : average + (latencyMs - average) * LATENCY_WEIGHT;
  }

  /** See {@linkcode LinkOwner.admit}; a dialler has nothing to judge. */
  admit(): string | null {
    return null;
  }

  /** The handshake is done. */
  onOpen(link: Link): void {
    const dialledMs = this.#attempt?.startedMs ?? 0;
    this.#endAttempt();
    const { clock, renewalGraceMs } = this.#core.options;
    const old = this.current, made = new ReplicaLink(this, link, clock);
    this.#links.set(link, made);
    this.current = made;
    this.#openedMs = clock.now();
    this.lastFailure = undefined;
    if (old === null) {
      this.past.backOff.onBegun();
      this.#log.onConnected(link);
    } else {
      // It may lead to another server than the old one, which serves what runs there all the same.
      this.#log.onRenewed(link);
      old.retire(renewalGraceMs);
    }
    this.#startSchedule(link, dialledMs);
    if (this.isListed) this.owner.onReadyChange(this);
    else made.retire();
  }

  /** A server makes no calls to its clients. */
  resolve(): null {
    return null;
  }

  /** The replica asks for a newer connection, or is closing: what runs finishes on this one, and another is dialled. */
  onDraining(link: Link, reason: DrainReason): void {
    const { current } = this;
    if (current === null || current.link !== link || reason === "replaced") return;
    if (reason === "renewal") return this.#schedule.onAsked();
    this.lastFailure = new InternodeError("Unreachable", "The replica is closing.", {
      origin: "remote",
    });
    this.#loseCurrent();
    current.retire();
  }

  /** See {@linkcode RenewalOwner}. */
  onRenewalDue(): void {
    if (this.isListed && this.current !== null && this.#attempt === null) this.#dial();
  }

  /** See {@linkcode RenewalOwner}. */
  onOverage(): void {
    this.current?.link.close(goingAway());
  }

  /** A connection, or an attempt at one, has ended. */
  onClosed(link: Link, error: InternodeError): void {
    this.#links.get(link)?.onClosed();
    if (this.#attempt?.link === link) {
      this.#onAttemptFailed(error);
    } else if (this.current?.link === link) {
      this.lastFailure = error;
      if (this.isListed && !this.#core.isClosing) {
        this.#log.onLost(error);
        this.owner.onFailure(this);
      }
      this.#loseCurrent();
    }
  }

  /** Nothing is left of a connection. */
  onGone(link: Link): void {
    this.#links.delete(link);
    this.#checkMissing();
    this.owner.onGone();
  }

  get #connection(): "none" | "pending" | "open" {
    if (this.current !== null) return "open";
    return this.#attempt === null ? "none" : "pending";
  }

  get #mayDial(): boolean {
    return this.isListed && !this.#core.isClosing && this.#timer === null &&
      this.#attempt === null;
  }

  #watch(): void {
    const { endpoint } = this;
    if (this.#unwatch?.endpoint === endpoint) return;
    this.#unwatch?.end();
    const { logger } = this.#core.options, { address } = endpoint;
    const end = subscribe(
      () => endpoint.onChange?.(() => this.#schedule.onChange()),
      (error) =>
        logger.warn(`onChange of the endpoint ${address} has failed: ${sentence(textOf(error))}`, {
          event: "callback_failed",
          what: "onChange",
          host: address,
          error,
        }),
    );
    this.#unwatch = { endpoint, end };
  }

  #startSchedule({ identity }: Link, dialledMs: number): void {
    if (this.isListed) this.#schedule.start(identity !== undefined, dialledMs, this.#openedMs);
  }

  #loseCurrent(): void {
    this.current = null;
    this.#schedule.stop();
    if (this.isListed) this.owner.onReadyChange(this);
    this.#dialLater();
    this.#checkMissing();
  }

  /** The connection is lost, or was not to be had. One that ended as nobody lists the replica is no failure. */
  #dialLater(): void {
    if (!this.#mayDial) return;
    const { past } = this;
    past.dialAtMs = this.#core.options.clock.now() + past.backOff.next();
    this.#dialWhenDue();
  }

  #dialWhenDue(): void {
    if (!this.#mayDial) return;
    const { clock } = this.#core.options;
    const waitMs = this.past.dialAtMs - clock.now();
    if (waitMs <= 0) return this.#dial();
    this.#timer = clock.setTimer(waitMs, () => {
      this.#timer = null;
      this.#dial();
    });
  }

  #dial(): void {
    const { options: { auth, clock, dialTimeoutMs, logger, name }, gate } = this.#core;
    const makeToken = auth === null ? undefined : () => auth.token(name, "", clock.wallNow());
    const attempt = this.#attempt = new Dialling({
      gate,
      clock,
      dialTimeoutMs,
      address: this.endpoint.address,
      logger,
      dial: (signal) => this.endpoint.dial(signal, makeToken),
      isWanted: () => this.isListed && !this.#core.isClosing,
      onChannel: (channel) => {
        try {
          attempt.link = this.#core.links.make(channel, "dialler", "", this);
          this.#links.set(attempt.link, null);
        } catch (error) {
          closeQuietly(channel);
          this.#onAttemptFailed(error);
        }
      },
      onFailed: (error) => this.#onAttemptFailed(error),
    });
    attempt.start();
  }

  #endAttempt(): void {
    this.#attempt?.end();
    this.#attempt = null;
  }

  #onAttemptFailed(error: unknown): void {
    this.#endAttempt();
    if (this.isListed && !this.#core.isClosing) {
      if (this.current === null) {
        this.lastFailure = error;
        this.#log.onUnreached(error);
        this.#dialLater();
      } else {
        this.#log.onUnrenewed(error);
        this.#schedule.onAttemptFailed();
      }
    }
    this.#checkMissing();
    this.owner.onGone();
  }

  #stopConnecting(error: InternodeError): void {
    if (this.#timer !== null) this.#core.options.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#schedule.stop();
    this.#unwatch?.end();
    this.#unwatch = null;
    this.#attempt?.abort(error);
    this.#attempt?.link?.close(error);
  }

  #checkMissing(): void {
    if (!this.isListed && this.isGone) this.owner.onMissing(this);
  }
}

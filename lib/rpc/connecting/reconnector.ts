/**
 * Keeps one connection: dials, backs off, renews, retires, closes. The state follows from what there is.
 *
 * | state | connection | attempt | timer |
 * |---|---|---|---|
 * | stopped | any | - | - |
 * | waiting | - | - | until the back-off is over; where the peer dials: until it is down |
 * | dialling | - | waits for its turn, dials or shakes hands | - |
 * | open | present | - | - |
 * | renewing | present | as above | - |
 *
 * | state | event | next state |
 * |---|---|---|
 * | stopped | `start` | dialling, or waiting while a back-off goes on or the peer dials; open where a connection is left |
 * | waiting | the back-off is over | dialling |
 * | waiting | the peer that dials has not | waiting, without a timer: the peer is down |
 * | waiting, dialling | the handshake is done | open |
 * | dialling | the attempt has failed | waiting: the peer is down |
 * | open | the connection is due, by its age, a change of credentials or the peer's wish | renewing; where the peer dials: open, and the peer is asked |
 * | open | the connection is too old, and could not be renewed | it is closed, and lost with that |
 * | open | the peer, which dials, makes another one | open; the older one is retired if that renews it, else closed |
 * | open | the connection is lost | waiting; open where the peer goes on with an older one |
 * | open | the peer says that it is closing | waiting: the peer is down; the connection ends behind its last call |
 * | renewing | the handshake is done | open; the older connection is retired |
 * | renewing | the attempt has failed | open, and due again after a back-off |
 * | renewing | the connection is lost, or the peer is closing | dialling |
 * | any | `stop`, `retire` | stopped: an attempt is given up; the connection stays, or ends behind its last call |
 * | any | `close` | stopped, for good: all connections are closed |
 *
 * The peer is down from a failure to connect, or its word that it closes,
 * until the next handshake. A back-off starts over once a connection has
 * lasted, see {@linkcode LastingBackOff}.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { DrainReason } from "../../session/frames/drain_reason.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import { PEER_CLOSES, type Refusal } from "../../session/frames/wire_error.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { LastingBackOff } from "./back_off.ts";
import { ConnectionTotals } from "./connection_stats.ts";
import type { DialGate } from "./dial_gate.ts";
import { Dialling } from "./dialling.ts";
import { type RenewalDelegate, RenewalSchedule, type RenewalSettings } from "./renewal_schedule.ts";
import { goingAway, replaced, RetiredLinks } from "./retired_links.ts";

/** How long a peer that dials may take to come back after a loss. */
const RETURN_MS = 200;
const NOTHING: readonly never[] = [];

/** What a reconnector goes by. */
export interface ReconnectorInit {
  /** The settings of its node or client. */
  readonly settings: RenewalSettings & {
    /** How long one attempt may take, in milliseconds; also how long a peer that dials has for the first time. */
    readonly dialTimeoutMs: number;
    /** Where failures of user code are told that are none of the attempt. */
    readonly logger: EventLogger;
  };
  /** Lets the dials of its node or client go a few at a time. */
  readonly gate: DialGate;
  /** Whom it connects to, for errors. */
  readonly address: string;
  /** Whether this side dials; if not, it is given the connections that come in. */
  readonly dials: boolean;
  /** Whether the peer makes calls too. */
  readonly peerCalls: boolean;
  /** How attempts slow down. */
  readonly backOff: LastingBackOff;
}

/** What a face adds. It is told when the reconnector's fields are up to date. */
export interface ReconnectorDelegate extends Pick<LinkDelegate, "checkPeer" | "resolve"> {
  /** Whether its node or client takes nothing new. */
  readonly isClosing: boolean;
  /** Dials. */
  dial(signal: AbortSignal): Promise<Channel>;
  /** Makes a link of a channel that was dialled. What it throws is the attempt's failure. */
  makeLink(channel: Channel, delegate: LinkDelegate): Link;
  /** There is a connection where there was none, or in place of one that the peer has given up. */
  onConnected(link: Link, peer: Peer, old: Link | null): void;
  /** There is a newer connection; the older one is retired. */
  onRenewed(link: Link, peer: Peer): void;
  /** The connection was lost, and there may be an older one in its place; no error: the peer has given it up for a newer one, which it has lost. */
  onLost(link: Link, error: InternodeError | null): void;
  /** The peer has said that it is closing. */
  onPeerClosing(error: InternodeError): void;
  /** The peer could not be reached, or has not come, and there is no connection. */
  onUnreached(error: unknown): void;
  /** The connection could not be renewed, and stays. */
  onRenewalFailed(error: unknown): void;
  /** An attempt or a channel has ended for good. */
  onGone(): void;
}

/** Keeps the connection of one pair of hosts; its states are in the module's comment. */
export class Reconnector implements LinkDelegate, RenewalDelegate {
  /** The present connection, while its handshake is done and it is not about to end. */
  link: Link | null = null;
  /** Why there is no connection, as far as that is known. */
  lastFailure: unknown = undefined;
  /** Whether the peer is known to be down; see the module. */
  isDown = false;
  /** Counters. */
  readonly totals: ConnectionTotals = new ConnectionTotals(() => this.openLinks);

  readonly #init: ReconnectorInit;
  readonly #delegate: ReconnectorDelegate;
  readonly #schedule: RenewalSchedule;
  /** Everything not yet gone, the present link among it; rarely more than that. */
  #links: readonly Link[] = NOTHING;
  /** Made when there is something for it: most connections are never renewed. */
  #retired: RetiredLinks | null = null;
  /** An attempt to connect or to renew, until hands are shaken. */
  #attempt: Dialling | null = null;
  #timer: Timer | null = null;
  #isWanted = false;
  #closed: InternodeError | null = null;

  /** It stands still until it is started. */
  constructor(init: ReconnectorInit, delegate: ReconnectorDelegate) {
    this.#init = init;
    this.#delegate = delegate;
    this.#schedule = new RenewalSchedule(init.settings, init.dials, this);
  }

  /** Whether an attempt is under way. */
  get isDialling(): boolean {
    return this.#attempt !== null;
  }

  /** All connections of which anything is left. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** All connections that are open: the present one, and those that end. */
  get openLinks(): readonly Link[] {
    return this.#links.filter(({ session }) => session.state === "open");
  }

  /** Whether no channel and no attempt is left. */
  get isGone(): boolean {
    return this.#links.length === 0 && this.#attempt === null;
  }

  /** A connection is wanted from now on. Any number of calls. */
  start(): void {
    if (this.#isWanted || this.#closed !== null) return;
    this.#isWanted = true;
    const { link } = this;
    if (link === null) return this.#connect(this.#init.settings.dialTimeoutMs);
    this.#retired?.delete(link);
    const { openedMs } = this.#schedule;
    this.#schedule.start(link.identity !== undefined, openedMs, openedMs);
  }

  /** No new connection is made; what there is stays. */
  stop(reason: InternodeError): void {
    this.#isWanted = false;
    this.#clearTimer();
    this.#schedule.stop();
    const attempt = this.#attempt;
    attempt?.abort(reason);
    attempt?.link?.close(reason);
  }

  /** Lets the connection end behind its last call, unless it is started again before. */
  retire(reason: InternodeError): void {
    this.stop(reason);
    if (this.link !== null) this.#retire(this.link, Infinity);
  }

  /** Ends everything, for good. */
  close(reason: InternodeError): void {
    this.stop(reason);
    this.#closed = reason;
    this.link = null;
    for (const link of this.#links) link.close(reason);
  }

  /** Connections made from now on differ from those made before. */
  onChange(): void {
    this.#schedule.onChange();
  }

  /** A channel whose other end is this peer; its handshake is not done yet. */
  adopt(link: Link): void {
    this.#links = [...this.#links, link];
  }

  /** See {@linkcode LinkDelegate}. */
  checkPeer(link: Link, name: string): Refusal | null {
    return this.#delegate.checkPeer(link, name);
  }

  /** See {@linkcode LinkDelegate}. */
  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#delegate.resolve(link, name, subroute);
  }

  /**
   * A handshake is done. A connection from before is renewed by this one if its
   * dialler says so; else it is replaced: who dials anew has given it up. The
   * dialler may meet another process than before, as one address may lead to
   * several; the old one serves what runs there all the same.
   */
  onOpen(link: Link, peer: Peer): void {
    if (this.#closed !== null) return link.close(this.#closed);
    const { settings: { clock, renewalGraceMs }, dials, backOff } = this.#init;
    const old = this.link, nowMs = clock.now(), { openedMs } = this.#schedule;
    const isRenewal = old !== null &&
      (dials || peer.renews && old.session.peer?.instance === peer.instance);
    const dialledMs = this.#attempt?.startedMs ?? nowMs;
    this.#endAttempt();
    this.#clearTimer();
    this.link = link;
    this.lastFailure = undefined;
    this.isDown = false;
    this.#schedule.start(link.identity !== undefined, dialledMs, nowMs);
    if (isRenewal) {
      this.totals.renewals++;
      this.#retire(old, renewalGraceMs, openedMs);
      this.#delegate.onRenewed(link, peer);
    } else {
      this.totals.connects++;
      backOff.onBegun();
      this.#delegate.onConnected(link, peer, old);
      old?.close(replaced("Disconnected"));
    }
  }

  /** The peer wants a connection to come to an end. */
  onDraining(link: Link, reason: DrainReason): void {
    const { dials, peerCalls, settings } = this.#init;
    if (reason === "replaced" && this.#retired?.onPeerDone(link) === true || this.link !== link) {
      return;
    }
    if (reason === "renewal") {
      if (dials) this.#schedule.onAsked();
    } else if (reason === "closing") {
      const error = new InternodeError("Unreachable", PEER_CLOSES, { origin: "remote" });
      this.#lose();
      this.isDown = true;
      this.lastFailure = error;
      // A peer that makes calls too ends the connection itself: only it knows when they are over.
      if (!peerCalls) this.#retire(link, Infinity);
      this.#delegate.onPeerClosing(error);
      this.#connectLater();
    } else if (!dials) {
      // The newer one was lost before this side could know that it was good at the other end too.
      this.#retire(link, settings.renewalGraceMs, this.#schedule.openedMs, true);
      this.#lose();
      this.#delegate.onLost(link, null);
      this.#connectLater();
    }
  }

  /** See {@linkcode RenewalDelegate}: who dials makes a new connection, the other side asks for one. */
  onRenewalDue(): void {
    if (this.link === null || !this.#mayConnect) return;
    if (!this.#init.dials) this.link.session.sendDrain("renewal", this.link.beginTurn());
    else if (this.#attempt === null) this.#dial();
  }

  /** See {@linkcode RenewalDelegate}. */
  onOverage(): void {
    this.link?.close(goingAway());
  }

  /** A connection, or an attempt at one, has ended. */
  onClosed(link: Link, error: InternodeError): void {
    this.totals.add(link);
    this.#retired?.delete(link);
    if (this.#attempt?.link === link) return this.#onAttemptFailed(error);
    if (this.link !== link) return;
    this.lastFailure = error;
    this.#lose();
    this.#takeBack();
    this.#delegate.onLost(link, error);
    if (this.link === null) this.#connectLater();
  }

  /** Nothing is left of a connection. */
  onGone(link: Link): void {
    this.#links = this.#links.filter((other) => other !== link);
    this.#delegate.onGone();
  }

  get #mayConnect(): boolean {
    return this.#isWanted && !this.#delegate.isClosing;
  }

  /** An attempt to renew the connection that is under way goes on as one to connect. */
  #lose(): void {
    this.link = null;
    this.#schedule.stop();
  }

  #retire(link: Link, graceMs: number, openedMs = 0, peerIsDone = false): void {
    const { settings: { clock }, dials, peerCalls } = this.#init;
    this.#retired ??= new RetiredLinks(clock, dials, peerCalls);
    this.#retired.add(link, graceMs, openedMs, peerIsDone);
  }

  /** A new connection was lost before the side that dialled it came to use it: the older one goes on. */
  #takeBack(): void {
    const older = this.#init.dials || !this.#mayConnect ? null : this.#retired?.takeBack();
    if (older === null || older === undefined) return;
    const { link, openedMs } = older;
    this.link = link;
    this.#schedule.start(link.identity !== undefined, openedMs, openedMs);
  }

  /** A connection was lost, or an attempt has failed. */
  #connectLater(): void {
    if (!this.#mayConnect || this.#attempt !== null) return;
    const { dials, backOff } = this.#init;
    if (dials) backOff.next();
    // Who is known to be down is not given any more time.
    else if (this.isDown) return;
    this.#connect(RETURN_MS);
  }

  /** Dials when the back-off is over, or gives the peer so long to dial. */
  #connect(waitMs: number): void {
    if (!this.#mayConnect || this.#attempt !== null || this.#timer !== null) return;
    const { settings: { clock }, dials, backOff } = this.#init;
    const delayMs = dials ? backOff.dueMs - clock.now() : waitMs;
    if (delayMs <= 0) return this.#dial();
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = null;
      if (dials) return this.#dial();
      const message =
        `The peer is the side that dials, and it did not connect within ${waitMs} ms.`;
      this.#onUnreached(new InternodeError("Unreachable", message, { origin: "network" }));
    });
  }

  #dial(): void {
    const { settings: { clock, dialTimeoutMs, logger }, gate, address } = this.#init;
    const attempt = this.#attempt = new Dialling({
      gate,
      clock,
      dialTimeoutMs,
      address,
      logger,
      dial: (signal) => this.#delegate.dial(signal),
      isWanted: () => this.#mayConnect,
      onChannel: (channel) => {
        try {
          attempt.link = this.#delegate.makeLink(channel, this);
          this.adopt(attempt.link);
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
    if (this.#mayConnect) {
      if (this.link === null) {
        this.#onUnreached(error);
      } else {
        this.#delegate.onRenewalFailed(error);
        this.#schedule.onAttemptFailed();
      }
    }
    this.#delegate.onGone();
  }

  #onUnreached(error: unknown): void {
    this.lastFailure = error;
    this.isDown = true;
    this.#delegate.onUnreached(error);
    this.#connectLater();
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#init.settings.clock.clearTimer(this.#timer);
    this.#timer = null;
  }
}

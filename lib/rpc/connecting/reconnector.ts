/**
 * Keeps one connection: dials, backs off, renews, retires, closes. Its state is
 * derived: from the connection, the attempt and the timer.
 *
 * | state | connection | attempt | timer |
 * |---|---|---|---|
 * | stopped | any | - | - |
 * | waiting | - | - | until the back-off is over; if the peer dials: until it counts as down |
 * | dialling | - | waits for a slot, dials, or is in its handshake | - |
 * | open | present | - | - |
 * | renewing | present | as above | - |
 *
 * | state | event | next state |
 * |---|---|---|
 * | stopped | `start` | dialling; waiting during a back-off or if the peer dials; open if a connection is left |
 * | waiting | the back-off is over | dialling |
 * | waiting | the peer, which dials, has not connected in time | waiting, without a timer: the peer is down |
 * | waiting, dialling | the handshake is done | open |
 * | dialling | the attempt has failed | waiting: the peer is down; only for a moment if it does not list this side yet |
 * | open | a renewal is due: by age, changed credentials or the peer's request | renewing; if the peer dials: open, and the peer is asked to renew |
 * | open | the connection is too old and could not be renewed | as when it is lost: this side closes it |
 * | open | the peer, which dials, makes another one | open; the old one is retired if this is a renewal, else closed |
 * | open | the connection is lost | waiting; open if the peer still uses an older one |
 * | open | the peer says that it is closing, or does not list this side any more | waiting: the peer is down; the connection ends after its last call |
 * | open | the peer ends the connection, as it does not list this side any more and has not used it, or refuses its proof | waiting: the peer is down |
 * | renewing | the handshake is done | open; the older connection is retired |
 * | renewing | the attempt has failed | open; the renewal is due again after a back-off |
 * | renewing | the connection is lost, or the peer is closing | dialling |
 * | any | `stop`, `retire` | stopped: the attempt is aborted; the connection stays (`stop`) or ends after its last call (`retire`) |
 * | any | `leave` | stopped, for good: open connections stay, unused |
 * | any | `close` | stopped, for good: all connections are closed |
 *
 * The peer counts as down from a failure to connect, or its notice that it is
 * closing, until the next handshake. A back-off starts over once a connection has
 * lasted: see {@linkcode LastingBackOff}.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { DrainReason } from "../../session/frames/drain_reason.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import { peerLeaves, type Refusal } from "../../session/frames/wire_error.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import { ConnectionTotals } from "./connection_stats.ts";
import { DialAttempt } from "./dial_attempt.ts";
import type { ReconnectorDelegate, ReconnectorInit } from "./reconnector_delegate.ts";
import { type RenewalDelegate, RenewalSchedule } from "./renewal_schedule.ts";
import { goingAway, replaced, RetiredLinks } from "./retired_links.ts";

/** How long a peer that dials may take to reconnect after a loss, in milliseconds. */
const RETURN_MS = 200;
const NOTHING: readonly never[] = [];

/** Keeps the connection of one pair of hosts; its states are in the module's comment. */
export class Reconnector implements LinkDelegate, RenewalDelegate {
  /** The connection in use: its handshake is done and it is not about to end. */
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
  /** All links that are not yet gone, the one in use included; rarely more than one. */
  #links: readonly Link[] = NOTHING;
  /** Made on first use: most connections are never renewed. */
  #retired: RetiredLinks | null = null;
  /** An attempt to connect or to renew, until its handshake is done. */
  #attempt: DialAttempt | null = null;
  #timer: Timer | null = null;
  #isWanted = false;
  #closed: InternodeError | null = null;

  /** Does nothing until `start`. */
  constructor(init: ReconnectorInit, delegate: ReconnectorDelegate) {
    this.#init = init;
    this.#delegate = delegate;
    this.#schedule = new RenewalSchedule(init.settings, init.dials, this);
  }

  /** Whether an attempt is under way. */
  get isDialling(): boolean {
    return this.#attempt !== null;
  }

  /** All connections that are not yet gone. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** All connections that are open: the one in use and the retired ones. */
  get openLinks(): readonly Link[] {
    return this.#links.filter(({ session }) => session.state === "open");
  }

  /** Whether no channel and no attempt is left. */
  get isGone(): boolean {
    return this.#links.length === 0 && this.#attempt === null;
  }

  /** Connects, and reconnects from now on. Further calls do nothing. */
  start(): void {
    if (this.#isWanted || this.#closed !== null) return;
    this.#isWanted = true;
    const { link } = this;
    if (link === null) return this.#connect(this.#init.settings.dialTimeoutMs);
    this.#retired?.delete(link);
    const { openedMs } = this.#schedule;
    this.#schedule.start(link.identity !== undefined, openedMs, openedMs);
  }

  /** Makes no new connection; existing ones stay. */
  stop(reason: InternodeError): void {
    this.#isWanted = false;
    this.#clearTimer();
    this.#schedule.stop();
    const attempt = this.#attempt;
    attempt?.abort(reason);
    attempt?.link?.close(reason);
  }

  /** Lets the connection end after its last call, unless `start` is called before that. */
  retire(reason: InternodeError): void {
    this.stop(reason);
    if (this.link !== null) this.#retire(this.link, Infinity);
  }

  /** The connection is not used any more, and none is wanted; whoever has called this closes it. */
  release(reason: InternodeError): Link | null {
    const { link } = this;
    this.stop(reason);
    this.link = null;
    return link;
  }

  /** No connection is wanted or used any more, for good; those that are open stay until `close`. */
  leave(reason: InternodeError): void {
    this.release(reason);
    this.#closed = reason;
  }

  /** Closes all connections, for good. */
  close(reason: InternodeError): void {
    this.stop(reason);
    // A handshake that ends later is told why there was no connection any more.
    this.#closed ??= reason;
    this.link = null;
    for (const link of this.#links) link.close(reason);
  }

  /** Without a connection, dials at once: the peer is there, or is somewhere else now. */
  dialAnew(isElsewhere: boolean): void {
    if (this.link !== null || !this.#mayConnect) return;
    const attempt = this.#attempt;
    // A channel that was made leads to somebody, who is asked for its name.
    if (attempt !== null && (attempt.link !== null || !isElsewhere)) return;
    attempt?.abort(new InternodeError("Unreachable", "The peer has another address now."));
    this.#clearTimer();
    if (this.#attempt === null) this.#dial();
  }

  /** The peer, which is to dial, is known not to: nobody is to wait for that. */
  giveUp(error: unknown): void {
    if (this.link !== null || this.#attempt !== null || !this.#mayConnect) return;
    this.#clearTimer();
    this.#onUnreached(error);
  }

  /** Credentials have changed: connections are to be renewed. */
  onChange(): void {
    this.#schedule.onChange();
  }

  /** Takes over a link to this peer whose handshake is not done yet. */
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
   * A handshake is done. The old connection is retired if its dialler renews it,
   * and closed if not: the dialler has abandoned it. One address may lead to
   * several processes, so a renewal may reach another one than before.
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

  /** The peer asks to end a connection. */
  onDraining(link: Link, reason: DrainReason): void {
    const { dials, peerCalls, settings } = this.#init;
    if (reason === "replaced" && this.#retired?.onPeerDone(link) === true || this.link !== link) {
      return;
    }
    if (reason === "renewal") {
      if (dials) this.#schedule.onAsked();
    } else if (reason === "closing" || reason === "unlisted") {
      this.#lose();
      // A peer that makes calls ends the connection itself: only it knows when its calls have ended.
      if (!peerCalls) this.#retire(link, Infinity);
      this.#onPeerLeaving(peerLeaves(reason));
    } else if (reason === "idle") {
      this.#lose();
      this.#delegate.onLost(link, null, true);
      this.#connectLater();
    } else if (!dials) {
      // The peer had opened a newer connection, which was lost before its handshake was done on this side.
      this.#retire(link, settings.renewalGraceMs, this.#schedule.openedMs, true);
      this.#lose();
      this.#delegate.onLost(link, null, false);
      this.#connectLater();
    }
  }

  /** See {@linkcode RenewalDelegate}: the dialler makes a new connection, the acceptor asks for one. */
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
    const isRefused = this.#init.dials && error.code === "Unauthenticated";
    if (error.code === "NotListed" || isRefused) return this.#onPeerLeaving(error);
    this.#takeBack();
    this.#delegate.onLost(link, error, false);
    if (this.link === null) this.#connectLater();
  }

  /** A connection is closed and its channel is gone. */
  onGone(link: Link): void {
    this.#links = this.#links.filter((other) => other !== link);
    this.#delegate.onGone();
  }

  get #mayConnect(): boolean {
    return this.#isWanted && !this.#delegate.isClosing;
  }

  /** An attempt to renew that is under way continues as an attempt to connect. */
  #lose(): void {
    this.link = null;
    this.#schedule.stop();
  }

  #retire(link: Link, graceMs: number, openedMs = 0, peerIsDone = false): void {
    const { settings: { clock }, dials, peerCalls } = this.#init;
    this.#retired ??= new RetiredLinks(clock, dials, peerCalls);
    this.#retired.add(link, graceMs, openedMs, peerIsDone, this.link);
  }

  /** A new connection was lost before the dialler could use it: the older one is used again. */
  #takeBack(): void {
    const older = this.#init.dials || !this.#mayConnect ? null : this.#retired?.takeBack();
    if (older === null || older === undefined) return;
    const { link, openedMs } = older;
    this.link = link;
    this.#schedule.start(link.identity !== undefined, openedMs, openedMs);
  }

  /** A connection was lost, or an attempt has failed: perhaps as the peer does not list this side yet. */
  #connectLater(isUnlisted = false): void {
    if (!this.#mayConnect || this.#attempt !== null) return;
    const { dials, backOff } = this.#init;
    if (dials) isUnlisted ? backOff.nextSoon() : backOff.next();
    // A peer that is known to be down has no time left to reconnect.
    else if (this.isDown) return;
    this.#connect(RETURN_MS);
  }

  /** Dials when the back-off is over. If the peer dials: waits `waitMs` for it. */
  #connect(waitMs: number): void {
    if (!this.#mayConnect || this.#attempt !== null || this.#timer !== null) return;
    const { settings: { clock }, dials, backOff } = this.#init;
    const delayMs = dials ? backOff.dueMs - clock.now() : waitMs;
    if (delayMs <= 0) return this.#dial();
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = null;
      if (dials) return this.#dial();
      const message =
        `The peer did not connect within ${waitMs} ms. Of the two hosts, the peer dials: ` +
        "check that it runs, lists this host and can reach it.";
      this.#onUnreached(new InternodeError("Unreachable", message, { origin: "network" }));
    });
  }

  #dial(): void {
    const { settings: { clock, dialTimeoutMs, logger }, limiter, address } = this.#init;
    const attempt = this.#attempt = new DialAttempt({
      limiter,
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

  #onPeerLeaving(error: InternodeError): void {
    this.isDown = true;
    this.lastFailure = error;
    this.#delegate.onPeerClosing(error);
    this.#connectLater(error.code === "NotListed");
  }

  #onUnreached(error: unknown): void {
    this.lastFailure = error;
    this.isDown = true;
    this.#delegate.onUnreached(error);
    this.#connectLater(isOwnError(error) && error.code === "NotListed");
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#init.settings.clock.clearTimer(this.#timer);
    this.#timer = null;
  }
}

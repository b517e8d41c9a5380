/**
 * One pair of hosts: makes the connection, keeps it, makes it again.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { tell } from "../foreign/guard.ts";
import type { Timer } from "../runtime/clock.ts";
import type { HostAddress } from "../runtime/host_address.ts";
import type { Link, LinkOwner } from "../driver/link.ts";
import type { DrainReason } from "../session/frames/drain_reason.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { OutgoingCall } from "../session/sending/outgoing_calls.ts";
import type { Peer } from "../session/frames/session_options.ts";
import { PEER_CLOSES } from "../session/frames/wire_error.ts";
import { LastingBackOff } from "../rpc/connecting/back_off.ts";
import { ConnectionTotals } from "../rpc/connecting/connection_stats.ts";
import { type ConnectionState, mayFollow } from "../rpc/contract/connection_state.ts";
import { Dialling } from "../rpc/connecting/dialling.ts";
import type { GridNode } from "./grid_node.ts";
import { drainLink } from "../rpc/connecting/link_closing.ts";
import { managerClosed, peerCloses, unreachable } from "./peer_errors.ts";
import { PeerLog } from "./peer_log.ts";
import { type RenewalOwner, RenewalSchedule } from "../rpc/connecting/renewal_schedule.ts";
import { goingAway, replaced, RetiredLinks } from "../rpc/connecting/retired_links.ts";
import { TwinWatch } from "../rpc/connecting/twin_watch.ts";
import { WaitingCalls } from "../rpc/calling/waiting_calls.ts";

/** How long calls wait for the dialling side to come back after a loss. */
const RETURN_MS = 200;

/** The state machine of one peer; its states are in connection_state.ts. */
export class Peering implements LinkOwner, RenewalOwner {
  /** The peer's canonical URL. */
  readonly host: string;
  /** The present connection, while its handshake is done and it is not about to end. */
  link: Link | null = null;
  /** Counters. */
  readonly totals: ConnectionTotals = new ConnectionTotals(() => this.openLinks);

  readonly #node: GridNode;
  readonly #address: HostAddress;
  readonly #dials: boolean;
  readonly #backOff: LastingBackOff;
  readonly #schedule: RenewalSchedule;
  /** Everything not yet gone, the present link among it; hardly ever more than that. */
  #links: readonly Link[] = NOTHING;
  // Made when there is something for them: most connections are idle most of the time.
  #listeners: Set<(state: ConnectionState) => void> | null = null;
  #waiting: WaitingCalls | null = null;
  /** Those that were renewed and are not yet done. */
  #retired: RetiredLinks | null = null;
  #state: ConnectionState = "connecting";
  #lastFailure: unknown = undefined;
  #timer: Timer | null = null;
  /** An attempt to connect or to renew, until hands are shaken. */
  #attempt: Dialling | null = null;
  readonly #log: PeerLog;
  #twins: TwinWatch | null = null;
  #unwatch: (() => void) | null = null;
  #started = false;

  /** */
  constructor(node: GridNode, address: HostAddress, dials: boolean) {
    this.#node = node;
    this.#address = address;
    this.host = address.href;
    this.#dials = dials;
    const { options } = node;
    this.#log = new PeerLog(this.host, options.logger, options.clock);
    this.#backOff = new LastingBackOff(options.reconnect, options);
    this.#schedule = new RenewalSchedule(options, dials, this);
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why there is no connection, as far as that is known. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Whether any channel is still open. */
  get isGone(): boolean {
    return this.#links.length === 0 && this.#attempt === null;
  }

  /** All connections that are open: the present one, and those that end. */
  get openLinks(): readonly Link[] {
    return this.#links.filter(({ session }) => session.state === "open");
  }

  /** All connections of which anything is left. */
  get links(): readonly Link[] {
    return this.#links;
  }

  /** Begins to dial, or to wait for the peer that dials. Any number of calls. */
  start(): void {
    if (this.#started || this.#state === "closed") return;
    this.#started = true;
    const by = this.#dials ? this.#address : this.#node.local;
    this.#unwatch = this.#node.onChange(by, () => this.#schedule.onChange());
    this.#tryToConnect(0, this.#node.options.dialTimeoutMs);
  }

  /** Calls back at each change of state; the function returned ends that. */
  onStateChange(listener: (state: ConnectionState) => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A call for which there is no link: it waits, or fails at once. */
  wait(call: OutgoingCall, waitForReady: boolean, send: (link: Link) => void): void {
    if (this.#state === "closed") {
      call.state = "ended";
      call.onError(managerClosed(), null);
    } else if (this.#state === "disconnected" && !waitForReady) {
      call.state = "ended";
      call.onError(unreachable(this.host, this.#lastFailure), null);
    } else {
      const waiting = this.#waiting ??= new WaitingCalls(this.#node.options.clock);
      waiting.add({ call, waitForReady, send });
    }
  }

  /** Ends a call from this side, wherever it is. */
  abort(call: OutgoingCall, reason: unknown): void {
    if (this.#waiting?.cancel(call, reason) === true) return;
    for (const link of this.#links) {
      const { caller } = link.session;
      // A call without an id waits for a slot; which session it is told to does not matter.
      if (caller.calls.get(call.id) === call || (call.state === "waiting" && call.id < 0)) {
        caller.cancel(call, reason, "Cancelled", link.beginTurn());
        return;
      }
    }
  }

  /** A channel whose other end calls itself this peer; it is not open yet. */
  adopt(link: Link): void {
    this.#links = [...this.#links, link];
  }

  /** Finishes what runs; no new calls in either direction. */
  drain(reason: InternodeError): void {
    this.#stopConnecting();
    for (const link of this.#links) drainLink(link, reason);
  }

  /** Ends everything. */
  close(): void {
    if (this.#state === "closed") return;
    this.#stopConnecting();
    this.#waiting?.fail(managerClosed, true);
    this.link = null;
    this.#setState("closed");
    for (const link of this.#links) {
      link.close(peerCloses());
    }
  }

  /** See {@linkcode LinkOwner.admit}: whom this side has dialled must be able to prove it. */
  admit(link: Link): string | null {
    return this.#node.refusal(this.host, link.identity);
  }

  /**
   * A handshake is done. A connection from before is renewed by this one if its
   * dialler says so; else it is replaced: who dials anew has given it up. The
   * dialler may meet another process than before, as one address may lead to
   * several; the old one serves what runs there all the same.
   */
  onOpen(link: Link, peer: Peer): void {
    if (this.#state === "closed") {
      link.close(managerClosed());
      return;
    }
    const old = this.link, { clock, logger } = this.#node.options;
    const isRenewal = old !== null &&
      (this.#dials || peer.renews && old.session.peer?.instance === peer.instance);
    const nowMs = clock.now(), dialledMs = this.#attempt?.startedMs ?? nowMs;
    this.#endAttempt();
    this.#clearTimer();
    this.link = link;
    this.#lastFailure = undefined;
    const { openedMs } = this.#schedule;
    this.#schedule.start(link.identity !== undefined, dialledMs, nowMs);
    if (isRenewal) {
      this.totals.renewals++;
      this.#log.onRenewed(link, peer.instance);
      this.#retire(old, openedMs);
    } else {
      this.totals.connects++;
      this.#backOff.onBegun();
      if (old !== null) {
        (this.#twins ??= new TwinWatch(this.host, logger)).onReplaced(old, link, nowMs);
      }
      this.#log.onUp(link, peer.instance);
      this.#setState("connected");
      old?.close(replaced("Disconnected"));
    }
    this.#waiting?.send(link);
    if (this.#node.closing) link.session.startDraining(link.beginTurn());
  }

  /** See {@linkcode RenewalOwner}: who dials makes a new connection, the other side asks for one. */
  onRenewalDue(): void {
    if (this.link === null || this.#node.closing) return;
    if (!this.#dials) this.link.session.sayDrain("renewal", this.link.beginTurn());
    else if (this.#attempt === null) this.#dial();
  }

  /** See {@linkcode RenewalOwner}. */
  onOverage(): void {
    this.link?.close(goingAway());
  }

  /** See {@linkcode LinkOwner.resolve}. */
  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#node.target(link, this.host, this.totals, name, subroute);
  }

  /** The peer wants a connection to come to an end. */
  onDraining(link: Link, reason: DrainReason): void {
    if (reason === "replaced" && this.#retired?.onPeerDone(link) === true || this.link !== link) {
      return;
    }
    if (reason === "renewal") {
      if (this.#dials) this.#schedule.onAsked();
    } else if (reason === "closing") {
      this.link = null;
      this.#schedule.stop();
      this.#lastFailure = new InternodeError("Unreachable", PEER_CLOSES, { origin: "remote" });
      this.#log.onDown(this.#lastFailure);
      this.#setState("disconnected");
    } else if (!this.#dials) {
      // The newer one was lost before this side could know that it was good at the other end too.
      this.#retire(link, this.#schedule.openedMs, true);
      this.#reconnect();
    }
  }

  /** A connection, or an attempt at one, has ended. */
  onClosed(link: Link, error: InternodeError): void {
    this.totals.add(link);
    const wasRetired = this.#retired?.delete(link) === true,
      wasPending = this.#attempt?.link === link;
    if (wasPending) this.#endAttempt();
    if (this.#state === "closed" || wasRetired) return;
    const { dialTimeoutMs } = this.#node.options;
    if (this.link === link) {
      this.#lastFailure = error;
      this.#log.onLost(link, error);
      if (!this.#takeBack()) this.#reconnect();
    } else if (wasPending || this.link === null && this.#dials && this.#attempt === null) {
      this.#onAttemptFailed(error);
    } else if (
      !this.#dials && this.link === null && this.#state === "connecting" && this.#timer === null
    ) {
      this.#tryToConnect(0, dialTimeoutMs);
    }
  }

  /** Nothing is left of a connection. */
  onGone(link: Link): void {
    this.#links = this.#links.filter((other) => other !== link);
    this.#node.onGone();
  }

  #retire(link: Link, openedMs: number, peerIsDone = false): void {
    const { clock, renewalGraceMs } = this.#node.options;
    this.#retired ??= new RetiredLinks(clock, renewalGraceMs, this.#dials);
    this.#retired.add(link, openedMs, peerIsDone);
  }

  /** There is no connection any more. An attempt to renew it that is under way goes on as one to connect. */
  #reconnect(): void {
    this.link = null;
    this.#schedule.stop();
    this.#setState("connecting");
    if (this.#attempt === null) {
      this.#tryToConnect(this.#dials ? this.#backOff.next() : 0, RETURN_MS);
    }
  }

  /** A new connection was lost before the side that dialled it came to use it: the older one goes on. */
  #takeBack(): boolean {
    const older = this.#dials || this.#node.closing ? null : this.#retired?.takeBack();
    if (older === null || older === undefined) return false;
    const { link, openedMs } = older;
    this.link = link;
    this.#schedule.start(link.identity !== undefined, openedMs, openedMs);
    return true;
  }

  /** Dials after a while, or gives the peer so long to dial. */
  #tryToConnect(delayMs: number, waitMs: number): void {
    if (!this.#started || this.#node.closing) return;
    this.#clearTimer();
    const { clock } = this.#node.options;
    this.#timer = clock.setTimer(this.#dials ? delayMs : waitMs, () => {
      this.#timer = null;
      if (this.#dials) return this.#dial();
      const message = `It is the side that dials, and has not within ${waitMs} ms.`;
      this.#giveUpWaiting(new InternodeError("Unreachable", message, { origin: "network" }));
    });
  }

  #dial(): void {
    const node = this.#node, { clock, dialTimeoutMs, logger } = node.options;
    const attempt = this.#attempt = new Dialling({
      gate: node.gate,
      clock,
      dialTimeoutMs,
      address: this.host,
      logger,
      dial: (signal) => node.dial(this.#address, signal),
      isWanted: () => !node.closing,
      onChannel: (channel) => {
        attempt.link = node.link(channel, "dialler", this.host, this, {
          renews: this.link !== null,
        });
        this.adopt(attempt.link);
      },
      onFailed: (error) => {
        this.#endAttempt();
        if (this.#state === "closed" || node.closing) node.onGone();
        else this.#onAttemptFailed(error);
      },
    });
    attempt.start();
  }

  #endAttempt(): void {
    this.#attempt?.end();
    this.#attempt = null;
  }

  #onAttemptFailed(error: unknown): void {
    if (this.link !== null) {
      this.#log.onRenewalFailed(error);
      this.#schedule.onAttemptFailed();
      return;
    }
    this.#log.onAttemptFailed(error);
    this.#giveUpWaiting(error);
    this.#tryToConnect(this.#backOff.next(), 0);
  }

  /** The peer is known to be down now. */
  #giveUpWaiting(error: unknown): void {
    this.#lastFailure = error;
    if (this.#state !== "disconnected") {
      this.#log.onDown(error);
      this.#setState("disconnected");
    }
    this.#waiting?.fail(() => unreachable(this.host, this.#lastFailure), false);
  }

  #stopConnecting(): void {
    this.#clearTimer();
    this.#schedule.stop();
    this.#unwatch?.();
    this.#attempt?.abort(managerClosed());
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#node.options.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state && state !== "connected") return;
    if (!mayFollow(this.#state, state)) {
      throw new Error(`no transition from ${this.#state} to ${state}`);
    }
    this.#state = state;
    if (this.#listeners === null) return;
    for (const listener of [...this.#listeners]) {
      tell(() => listener(state), (error) => this.#log.onListenerFailed(error));
    }
  }
}

const NOTHING: readonly never[] = [];

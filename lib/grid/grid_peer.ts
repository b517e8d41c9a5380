/**
 * One peer of a node: the state of its connection, and the calls that wait for it.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import { tell } from "../foreign/guard.ts";
import { isOwnError } from "../foreign/own_error.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { OutgoingCall } from "../session/sending/outgoing_call_table.ts";
import type { Peer } from "../session/frames/session_options.ts";
import type { Refusal } from "../session/frames/wire_error.ts";
import type { Channel } from "../transport/channel/transport.ts";
import { LastingBackOff, lastingMs } from "../rpc/connecting/back_off.ts";
import type { ConnectionStats } from "../rpc/connecting/connection_stats.ts";
import { ConnectionLog } from "../rpc/connecting/connection_log.ts";
import type { CallOptions } from "../rpc/contract/call_options.ts";
import { type ConnectionState, mayFollow } from "../rpc/contract/connection_state.ts";
import type { GridNode } from "./grid_node.ts";
import { drainLink, partFrom } from "../rpc/connecting/link_closing.ts";
import type { ListedHost } from "./hosts/host_list.ts";
import { Introduction, type IntroductionOwner } from "./introduction.ts";
import { closedAtLast, notListed, notStarted, peerCloses, unsent, unused } from "./peer_errors.ts";
import { QuietWait } from "../rpc/connecting/quiet_wait.ts";
import { Reconnector } from "../rpc/connecting/reconnector.ts";
import type { ReconnectorDelegate } from "../rpc/connecting/reconnector_delegate.ts";
import { DuplicateNameWatch } from "../rpc/connecting/duplicate_name_watch.ts";
import { type Unsent, WaitingCalls } from "../rpc/calling/waiting_calls.ts";

/** One peer, as its node keeps it; the states are in connection_state.ts. */
export class GridPeer implements ReconnectorDelegate, IntroductionOwner {
  /** The peer's canonical URL. */
  readonly host: string;
  /** Keeps the connection. */
  readonly reconnector: Reconnector;

  /** Whether it was taken off the list of hosts: it is no peer any more. */
  hasLeft = false;
  /** Whether it is a peer though it is not listed. */
  isAdmitted = false;
  /** Told whenever an attempt or a channel has ended for good. */
  onAllGone: () => void = nothing;
  /** Told when the peer is known to be down. */
  onDown: () => void = nothing;

  readonly #node: GridNode;
  #listed: ListedHost;
  readonly #dials: boolean;
  readonly #log: ConnectionLog;
  // Made when there is something for them: most connections are idle most of the time.
  #listeners: Set<(state: ConnectionState) => void> | null = null;
  #waiting: WaitingCalls | null = null;
  #duplicates: DuplicateNameWatch | null = null;
  #state: ConnectionState;
  /** Whether the connection is made when it is needed, and how many wait for it beside calls. */
  readonly #onDemand: boolean;
  #needs = 0;
  #unwatch: (() => void) | null = null;
  /** Whether the peer has closed the last connection as it was not used: it connects on demand. */
  #isPeerOnDemand = false;
  /** Made when a peer that is to dial may not do so. */
  #introduction: Introduction | null = null;

  /**
   * @param listed Who it is, and where it is reached.
   * @param dials Whether this side dials.
   * @param onDemand Whether the connection is made only when it is needed.
   */
  constructor(node: GridNode, listed: ListedHost, dials: boolean, onDemand: boolean) {
    this.#node = node;
    this.#onDemand = onDemand;
    this.#state = onDemand ? "idle" : "connecting";
    this.#listed = listed;
    this.host = listed.name.href;
    this.#dials = dials;
    const { options, dialLimiter } = node;
    this.#log = new ConnectionLog(this.host, options, lastingMs(options.reconnect));
    const backOff = new LastingBackOff(options.reconnect, options);
    this.reconnector = new Reconnector(
      {
        settings: options,
        limiter: dialLimiter,
        address: this.host,
        dials,
        peerCalls: true,
        backOff,
      },
      this,
    );
    this.reconnector.lastFailure = notStarted();
  }

  /** Whether no channel and no attempt is left. */
  get isGone(): boolean {
    return this.reconnector.isGone && (this.#introduction?.isGone ?? true);
  }

  /** This node's canonical URL. */
  get local(): string {
    return this.#node.local.href;
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The calls that wait for a connection; `null` if none has waited so far. */
  get waiting(): WaitingCalls | null {
    return this.#waiting;
  }

  /** Counters of its connections. */
  stats(): ConnectionStats {
    const { totals, link } = this.reconnector;
    return totals.snapshot(this.#state, link, this.#node.options.clock);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  get isClosing(): boolean {
    return this.#node.closing;
  }

  /** Begins to dial, or to wait for the peer that dials. Any number of calls. */
  start(): void {
    if (this.#unwatch !== null || this.#state === "closed") return;
    this.reconnector.lastFailure = undefined;
    const by = this.#dials ? this.#listed.address : this.#node.options.listen;
    this.#unwatch = this.#node.onChange(by, () => this.reconnector.onChange());
    if (this.#onDemand && !this.#isNeeded) return;
    this.#setState("connecting");
    this.#connect();
  }

  /** Calls back at each change of state; the function returned ends that. */
  onStateChange(listener: (state: ConnectionState) => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A connection is needed, also by somebody who makes no calls; the function returned ends that. */
  need(): () => void {
    this.#needs++;
    this.want();
    this.#introduce();
    let isOver = false;
    return () => {
      if (!isOver) this.#needs--;
      isOver = true;
    };
  }

  /** Begins to connect if there is no connection as none was needed. */
  want(): void {
    if (this.#state !== "idle") return;
    this.#setState("connecting");
    if (this.#unwatch !== null) this.#connect();
  }

  /** Closes the connection, which is idle, without a call lost: what comes before the peer knows is served. */
  release(): void {
    const { renewalGraceMs, clock } = this.#node.options, reason = unused();
    const link = this.reconnector.release(reason);
    if (link === null) return;
    const hasParted = partFrom(link, "idle"), isOver = (): number => hasParted() ? 0 : Infinity;
    new QuietWait(clock, renewalGraceMs, [link], isOver).ended.then(() => link.close(reason));
    this.#rest();
  }

  /** A call for which there is no link: it waits, or fails at once. */
  wait(
    call: OutgoingCall,
    { waitForReady = false, subroute }: CallOptions,
    send: (link: Link) => void,
  ): void {
    this.want();
    const failureOf = (why: Unsent): InternodeError => unsent(why, this);
    if (this.#state === "closed" || this.#state === "disconnected" && !waitForReady) {
      call.state = "ended";
      call.onError(failureOf(this.#state === "closed" ? "closed" : "down"), null);
      return;
    }
    const waiting = this.#waiting ??= new WaitingCalls(this.#node.options.clock);
    const tryAgain = (): boolean => {
      const { link } = this.reconnector;
      if (link === null) return false;
      // What is sent may be code of the user's that cancels the call: that is the session's then.
      waiting.remove(call);
      send(link);
      return true;
    };
    waiting.add(call, { waitForReady, subroute, tryAgain, failureOf });
    this.#introduce();
  }

  /** Ends a call from this side, wherever it is. */
  abort(call: OutgoingCall, reason: unknown): void {
    if (this.#waiting?.cancel(call, reason) === true) return;
    for (const link of this.reconnector.links) {
      const { outgoing } = link.session;
      // A call without an id waits for a slot; which session it is told to does not matter.
      if (outgoing.calls.get(call.id) === call || (call.state === "waiting" && call.id < 0)) {
        outgoing.cancel(call, reason, "Cancelled", link.beginTurn());
        return;
      }
    }
  }

  /** Finishes what runs; no new calls in either direction, so what waits for a connection fails. */
  drain(reason: InternodeError): void {
    this.#unwatch?.();
    this.#introduction?.stop();
    this.reconnector.stop(peerCloses());
    this.#waiting?.fail("closed");
    for (const link of this.reconnector.links) drainLink(link, reason);
  }

  /** It is to be reached elsewhere; a connection that there is stays. */
  move(listed: ListedHost): void {
    this.#listed = listed;
    if (this.#dials) this.reconnector.dialAnew(true);
  }

  /** It is no peer any more: calls that wait fail, connections stay until they are closed. */
  leave(): void {
    this.hasLeft = true;
    this.#unwatch?.();
    this.#introduction?.stop();
    this.reconnector.leave(notListed(this));
    this.#end();
  }

  /** Ends everything. */
  close(): void {
    this.#end();
    this.reconnector.close(closedAtLast());
  }

  /** See {@linkcode ReconnectorDelegate}: whom this side has dialled must be able to prove it. */
  checkPeer(link: Link): Refusal | null {
    const { identity } = link;
    if (!this.isAdmitted) return this.#node.refusal(this.host, identity);
    const verdict = this.#node.admission.judge(this.host, identity);
    return "why" in verdict ? verdict : null;
  }

  /** See {@linkcode ReconnectorDelegate}. */
  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#node.target(link, this.host, this.reconnector.totals, name, subroute);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  dial(signal: AbortSignal): Promise<Channel> {
    return this.#node.dial(this.#listed, signal);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  makeLink(channel: Channel, delegate: LinkDelegate): Link {
    const renews = this.reconnector.link !== null;
    return this.#node.link(channel, "dialler", this.host, delegate, { renews });
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onConnected(link: Link, { instance }: Peer, old: Link | null): void {
    if (old !== null) {
      const { logger, clock } = this.#node.options;
      (this.#duplicates ??= new DuplicateNameWatch(this.host, logger)).onReplaced(
        old,
        link,
        clock.now(),
      );
    }
    this.#introduction?.onConnected();
    this.#isPeerOnDemand = false;
    // It is kept up, and renewed, for as long as it is there.
    if (this.#unwatch !== null) this.reconnector.start();
    this.#log.onConnected(link, instance);
    this.#setState("connected");
    this.#waiting?.tryAll();
    this.#drainIfClosing(link);
    this.#node.onConnected();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onRenewed(link: Link, { instance }: Peer): void {
    this.#log.onRenewed(link, instance);
    this.#drainIfClosing(link);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onLost(link: Link, error: InternodeError | null, isUnused: boolean): void {
    if (error !== null) this.#log.onLost(link, error);
    if (this.reconnector.link !== null) return;
    this.#isPeerOnDemand = isUnused;
    if (this.#mayRest) return this.#rest();
    this.#setState("connecting");
    this.#introduce();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onPeerClosing(error: InternodeError): void {
    this.onUnreached(error);
  }

  /** See {@linkcode ReconnectorDelegate}: the peer is known to be down now. */
  onUnreached(error: unknown): void {
    this.#log.onUnreached(error);
    if (this.#state !== "disconnected") this.#setState("disconnected");
    this.#waiting?.fail("down");
    this.onDown();
    if (this.hasLeft) return;
    if (this.#mayRest) this.#rest();
    else this.#introduce();
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onRenewalFailed(error: unknown): void {
    this.#log.onRenewalFailed(error);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  onGone(): void {
    if (this.isAdmitted && this.#state === "idle" && this.isGone) this.onDown();
    this.onAllGone();
    this.#node.onGone();
  }

  /** See {@linkcode IntroductionOwner}: the peer is to dial this host, and does not know of it. */
  onNotLetIn(error: unknown): void {
    // It does not dial by itself either, unless it says that it knows this host.
    const knows = isOwnError(error) && error.code === "PermissionDenied";
    if (!knows) this.reconnector.giveUp(error);
    else if (this.reconnector.isDown) this.reconnector.lastFailure = error;
  }

  #end(): void {
    this.#waiting?.fail("closed");
    if (this.#state !== "closed") this.#setState("closed");
    this.#listeners = null;
  }

  /** Whether the two connect when they need it, as far as is known. */
  get #isOnDemand(): boolean {
    return this.#onDemand || this.#isPeerOnDemand;
  }

  get #mayRest(): boolean {
    return this.#isOnDemand && !this.#isNeeded;
  }

  get #isNeeded(): boolean {
    return this.#needs > 0 || this.#waiting !== null && this.#waiting.size > 0;
  }

  #connect(): void {
    this.reconnector.start();
    this.#introduce();
  }

  /** There is no connection, and one is wanted: a peer that is to dial is told so. */
  #introduce(): void {
    const isWaiting = this.#state === "connecting" || this.#state === "disconnected";
    if (this.#dials || !isWaiting || this.#unwatch === null || this.isClosing) return;
    const isUnlisted = this.#node.options.admit !== null;
    // A peer that is up and lists this host dials by itself, unless it connects on demand.
    if (!this.#isOnDemand && !isUnlisted && !this.#isNeeded && !this.reconnector.isDown) return;
    this.#introduction ??= new Introduction(this.#node, () => this.#listed, this);
    this.#introduction.start(this.#isOnDemand ? "onDemand" : isUnlisted ? "unlisted" : "unknown");
  }

  /** No connection is needed at the moment. */
  #rest(): void {
    this.reconnector.stop(unused());
    this.#introduction?.stop();
    if (this.#state !== "closed") this.#setState("idle");
  }

  #drainIfClosing(link: Link): void {
    if (this.#node.closing) link.session.startDraining(link.beginTurn());
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state && state !== "connected") return;
    if (!mayFollow(this.#state, state)) {
      throw new Error(`no transition from ${this.#state} to ${state}`);
    }
    this.#state = state;
    if (this.#listeners === null) return;
    for (const listener of [...this.#listeners]) {
      tell(() => listener(state), (error) => this.#log.onCallbackFailed("onStateChange", error));
    }
  }
}

/** One for all peers, of which there are many. */
function nothing(): void {}

/**
 * Drives a session: the half that both kinds of channel share.
 *
 * @module
 */

import type { Refusal } from "../session/frames/wire_error.ts";
import type { InternodeError } from "../errors.ts";
import { plainText } from "../foreign/plain_text.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import type { DrainReason } from "../session/frames/drain_reason.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { OutgoingCall } from "../session/sending/outgoing_call_table.ts";
import { Session } from "../session/session.ts";
import type { Peer, SessionOptions } from "../session/frames/session_options.ts";
import type { SessionDelegate } from "../session/calls/session_delegate.ts";
import { CallTime, TurnLag } from "../session/frames/call_time.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { Channel, Progress } from "../transport/channel/transport.ts";
import { TurnBudget } from "./turn_budget.ts";

/** With so much to send, the peer need not wait for the end of the turn: both sides work at the same time then. */
const EARLY_BYTES = 8 * 1024;
/** What follows that has time, as the peer is at work already: fewer and larger writes cost both sides less. */
const LATER_BYTES = 64 * 1024;
/** Turns that follow a write sooner than this belong to the same burst. */
const BURST_MS = 0.05;
/** How long the goodbye to a peer may take. */
const GOODBYE_MS = 1_000;
/** How long a channel may take to end once it was told to; those of ours take less. */
const CHANNEL_END_MS = 900;

/** Decides for a link and is told of its events. */
export interface LinkDelegate {
  /** Judges the peer by its name and its identity: `null` accepts it, a refusal says why not. */
  checkPeer(link: Link, name: string): Refusal | null;
  /** Calls can be made. */
  onOpen(link: Link, peer: Peer): void;
  /** Finds a handler for a call that came over this link; `null` if there is none. */
  resolve(link: Link, name: string, subroute: string): HandlerTarget | null;
  /** The peer wants this connection to come to an end. */
  onDraining(link: Link, reason: DrainReason): void;
  /** The session has ended and every call with it; called once. */
  onClosed(link: Link, error: InternodeError): void;
  /** The channel is closed and nothing of the link is left; called once, last. */
  onGone(link: Link): void;
}

/**
 * A session on a channel. All that happens between two waits is one turn: it
 * begins with {@linkcode Link.beginTurn}, which reads the clock, and ends in a
 * microtask that writes everything the turn has produced and sets the timer.
 */
export abstract class Link implements SessionDelegate {
  /** The session. Enter it only after `beginTurn`. */
  readonly session: Session;
  /** How many bytes were written to the channel. */
  bytesSent = 0;
  /** How many bytes were read from the channel. */
  bytesReceived = 0;
  /** How often polling the socket has brought bytes before the runtime did. */
  polledReads = 0;
  /** Where the other end is, for messages. */
  readonly remote: string;
  /** Who the other end has proven to be, where the transport asks for proof. */
  readonly identity: PeerIdentity | undefined;

  /** Where time comes from. */
  protected readonly clock: Clock;
  /** How long handlers may run. */
  protected readonly budget: TurnBudget;
  /** Whether nothing is read or written any more. */
  protected gone = false;
  /** Whether a write is under way; what gathers meanwhile follows it. */
  protected writing = false;
  /** Whether something came from outside since the last write. */
  protected news = true;

  /** Is told of what is thrown within this side while a batch is taken in; the session ends by it. */
  onFault: ((thrown: unknown) => void) | undefined = undefined;

  #delegate: LinkDelegate;
  #inTurn = false;
  #reading = false;
  #gathering = false;
  #wroteMs = -Infinity;
  #turnMs = 0;
  /** Of the calls made in the midst of this turn; `null`: there are none. */
  #lag: TurnLag | null = null;
  /** Of the last one of them; those with the same time-out share it. */
  #laterTime: CallTime | null = null;
  #timer: Timer | null = null;
  #timerAtMs = Infinity;
  #isOver = false;
  /** Called when a turn has ended; `null` for none. */
  #watchers: readonly (() => void)[] | null = null;

  constructor(
    options: SessionOptions,
    delegate: LinkDelegate,
    clock: Clock,
    { remote, identity }: Channel,
    inlineHandlerUs: number,
  ) {
    this.#delegate = delegate;
    this.clock = clock;
    this.remote = remote;
    this.identity = identity;
    this.budget = new TurnBudget(clock, inlineHandlerUs);
    this.session = new Session(options, this, this.beginTurn(), clock.wallNow());
  }

  /** Another delegate decides and is told of events from now on. */
  handOver(delegate: LinkDelegate): void {
    this.#delegate = delegate;
  }

  /** Begins a turn, or goes on with it, and gives its time: read once a turn. */
  beginTurn(): number {
    if (this.#inTurn) return this.#turnMs;
    queueMicrotask(this.#endTurn);
    return this.#openTurn(this.clock.now());
  }

  /**
   * Begins a turn, or goes on with it, and the time of a call. In the midst of
   * a turn its deadline moves when the turn ends, by what that took: it comes
   * late by no more than this thread was busy, and never early.
   *
   * @returns The turn's time, as {@linkcode Link.beginTurn} gives it.
   */
  beginCall(call: OutgoingCall, timeoutMs: number): number {
    if (this.#inTurn) {
      const time = this.#laterTime;
      call.time = time !== null && time.timeoutMs === timeoutMs ? time : this.#timeOf(timeoutMs);
      return this.#turnMs;
    }
    const nowMs = this.beginTurn();
    call.time = new CallTime(nowMs, timeoutMs);
    return nowMs;
  }

  #timeOf(timeoutMs: number): CallTime {
    const lag = this.#lag ??= new TurnLag();
    return this.#laterTime = new CallTime(this.#turnMs, timeoutMs, lag);
  }

  /** Reads the clock in the midst of a turn, and lets the deadlines of the calls made in it know. */
  now(): number {
    const nowMs = this.clock.now();
    if (this.#lag !== null) this.#lag.ms = nowMs - this.#turnMs;
    return nowMs;
  }

  /**
   * Begins the turn in which what was read is handled; {@linkcode Link.endReading} must follow.
   *
   * @param nowMs The time, if it was read a moment ago.
   */
  protected beginReading(nowMs?: number): number {
    if (this.#inTurn) return this.#turnMs;
    this.#reading = true;
    return this.#openTurn(nowMs ?? this.clock.now());
  }

  /** What was read is handled. The turn ends behind those who have waited for it, so that what they do next belongs to it. */
  protected endReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    queueMicrotask(this.#endTurn);
  }

  #openTurn(nowMs: number): number {
    this.#inTurn = true;
    return this.#turnMs = nowMs;
  }

  /**
   * Waits for the answer of a call made in the present turn by polling, where
   * that can be done.
   *
   * @param spinUs For how long, in microseconds.
   */
  spinFor(_call: OutgoingCall, _spinUs: number): void {}

  /**
   * Calls back behind each turn, so at every change that matters to who waits
   * for calls to end, and when nothing is left of the link.
   *
   * @returns A function that ends that.
   */
  watch(watcher: () => void): () => void {
    this.#watchers = [...this.#watchers ?? [], watcher];
    return () => {
      const others = this.#watchers?.filter((other) => other !== watcher) ?? [];
      this.#watchers = others.length === 0 ? null : others;
    };
  }

  /**
   * Whether no call is under way and the peer has received everything that this
   * side has sent. If only the latter is unknown, this asks the peer with a ping.
   */
  checkDrained(): boolean {
    const { session } = this, { delivery } = session;
    if (session.state !== "open") return true;
    if (this.writing || session.hasOutput || session.queuedBytes > 0) return false;
    if (session.outgoing.calls.active > 0 || session.incoming.calls.active > 0) return false;
    if (!delivery.isRequested) session.ping(this.beginTurn());
    return delivery.isConfirmed;
  }

  /** Ends the session and tells the peer why. */
  close(error: InternodeError): void {
    this.session.close(error, this.beginTurn());
  }

  /** The end of the turn will drain, or what follows the write under way; much is written at once. */
  onOutput(): void {
    // The session's first words come while it is still being made.
    if (this.writing || (this.session as Session | undefined) === undefined) return;
    if (this.session.pendingBytes >= (this.news ? EARLY_BYTES : LATER_BYTES)) {
      this.news = false;
      this.write(this.beginTurn());
    } else if (!this.#inTurn && !this.#gathering) {
      this.beginTurn();
    }
  }

  /** See {@linkcode LinkDelegate.checkPeer}. */
  checkPeer(name: string): Refusal | null {
    return this.#delegate.checkPeer(this, name);
  }

  /** See {@linkcode LinkDelegate.onOpen}. */
  onOpen(peer: Peer): void {
    this.#delegate.onOpen(this, peer);
  }

  /** See {@linkcode LinkDelegate.resolve}. */
  resolve(name: string, subroute: string): HandlerTarget | null {
    return this.#delegate.resolve(this, name, subroute);
  }

  /** Whether what has come was handled for long enough for this turn. */
  isTurnOver(hasServed: boolean): boolean {
    return this.budget.isOver(hasServed);
  }

  /** See {@linkcode LinkDelegate.onDraining}. */
  onDraining(reason: DrainReason): void {
    this.#delegate.onDraining(this, reason);
  }

  /** The session has ended: what it still has to say goes out, for a while, then the channel is closed. */
  onClosed(error: InternodeError): void {
    if (this.#timer !== null) this.clock.clearTimer(this.#timer);
    this.#timerAtMs = -Infinity;
    this.#timer = this.clock.setTimer(GOODBYE_MS, () => this.leave());
    this.#delegate.onClosed(this, error);
    if (!this.session.hasOutput) this.leave();
  }

  /** Writes what the session has, as far as the channel takes it. Called while no write is under way. */
  protected abstract write(nowMs: number): void;

  /** Closes the channel; {@linkcode Link.finish} must follow. */
  protected abstract closeChannel(): void;

  /** The goodbye is said, or there is no more time for it. */
  protected leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.#timer !== null) this.clock.clearTimer(this.#timer);
    this.#timer = this.clock.setTimer(CHANNEL_END_MS, () => this.finish());
    try {
      this.closeChannel();
    } catch {
      // A channel of the user's own; whatever it says, this side is done with it.
      this.finish();
    }
  }

  /** The channel has ended, and nothing of it is open. */
  protected finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) this.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#delegate.onGone(this);
    this.#tellWatchers();
  }

  /** Whether somebody waits for calls to end. */
  protected get isWatched(): boolean {
    return this.#watchers !== null;
  }

  #tellWatchers(): void {
    if (this.#watchers === null) return;
    for (const watcher of this.#watchers) watcher();
  }

  /** The channel has ended by itself. */
  protected lose(reason: string): void {
    if (this.gone) return;
    this.session.onLost(sentence(plainText(reason)), this.beginTurn());
    this.leave();
  }

  /** A channel of the user's own has thrown. In a turn of its own, as the session may be in the middle of something. */
  protected fail(what: string, error: unknown): void {
    const text = textOf(error);
    queueMicrotask(() => {
      this.lose(`${what} failed: ${text}`);
      // Of the end of such a channel nothing may be heard.
      this.finish();
    });
  }

  readonly #endTurn = (): void => {
    this.#inTurn = false;
    if (this.#lag !== null) {
      this.now();
      this.#lag = this.#laterTime = null;
    }
    if (this.gone) return;
    if (!this.writing && !this.#gathering && this.session.hasOutput) this.#flush();
    this.onTurnEnd(this.#turnMs);
    if (this.session.state !== "closed") this.#setTimer();
    this.#tellWatchers();
  };

  /** A turn that began at that time has ended, and what it had to say is being written or was. */
  protected onTurnEnd(_turnMs: number): void {}

  /** Whether a turn is under way, or what it has said waits for the end of a burst. */
  protected get isBusy(): boolean {
    return this.#inTurn || this.#gathering;
  }

  /** Some bytes have moved underneath, though too few for a message or a whole write. */
  onProgress(direction: Progress): void {
    if (this.gone) return;
    if (direction === "received") this.session.keepalive.onReceived(this.clock.now());
    else this.session.keepalive.onTaken(this.clock.now());
  }

  /** The session's deadline has come. */
  protected expire(): void {
    this.news = true;
    this.session.onTimer(this.beginTurn());
  }

  /**
   * Writing costs about as much as handling a dozen messages. So after a write
   * without any news from outside, what comes next belongs to the same burst
   * and gathers until the burst is over; a loop that awaits each send would
   * cause a write for each message otherwise.
   */
  #flush(): void {
    if (this.news || this.#turnMs - this.#wroteMs >= BURST_MS) {
      this.news = false;
      this.#wroteMs = this.#turnMs;
      this.write(this.#turnMs);
    } else {
      this.#gathering = true;
      this.clock.soon(this.#onGathered);
    }
  }

  readonly #onGathered = (): void => {
    this.#gathering = false;
    this.news = true;
    if (!this.gone) this.beginTurn();
  };

  #setTimer(): void {
    const atMs = this.session.nextDeadlineMs();
    // A timer that comes too early costs less than setting it anew each time.
    if (atMs >= this.#timerAtMs) return;
    if (this.#timer !== null) this.clock.clearTimer(this.#timer);
    this.#timerAtMs = atMs;
    // The turn may have taken long.
    this.#timer = this.clock.setTimer(Math.max(0, atMs - this.clock.now()), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#timerAtMs = Infinity;
    this.expire();
  };
}

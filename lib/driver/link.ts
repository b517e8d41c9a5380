/**
 * Drives a session: the part that both kinds of channels share.
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
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** With this many bytes to send, output leaves before the end of the turn, so that both sides work at the same time. */
const EARLY_BYTES = 8 * 1024;
/** Later output of the turn is gathered up to this many bytes, because the peer is busy already: fewer, larger writes cost less. */
const LATER_BYTES = 64 * 1024;
/** Turns that begin sooner than this after a write belong to the same burst. */
const BURST_MS = 0.05;
/** How long the goodbye to a peer may take. */
const GOODBYE_MS = 1_000;
/** How long a channel may take to close; the built-in ones take less. */
const CHANNEL_END_MS = 900;

/** Makes decisions for a link and receives its events. */
export interface LinkDelegate {
  /** Checks the peer's name and identity: `null` accepts it, a refusal says why not. */
  checkPeer(link: Link, name: string): Refusal | null;
  /** The handshake is done; calls can be made. */
  onOpen(link: Link, peer: Peer): void;
  /** Finds the handler of a call on this link; `null` if there is none. */
  resolve(link: Link, name: string, subroute: string): HandlerTarget | null;
  /** The peer asks to end this connection. */
  onDraining(link: Link, reason: DrainReason): void;
  /** The session has ended and every call with it; called once. */
  onClosed(link: Link, error: InternodeError): void;
  /** The channel is closed; called once, as the last callback. */
  onGone(link: Link): void;
}

/**
 * A session on a channel. Everything between two waits is one turn: it begins
 * with {@linkcode Link.beginTurn}, which reads the clock, and ends in a
 * microtask that writes everything the turn has produced and sets the timer.
 */
export abstract class Link implements SessionDelegate {
  /** The session. Call `beginTurn` before you use it. */
  readonly session: Session;
  /** How many bytes were written to the channel. */
  bytesSent: number = DOUBLE_ZERO;
  /** How many bytes were read from the channel. */
  bytesReceived: number = DOUBLE_ZERO;
  /** How often polling the socket has brought bytes before the runtime did. */
  polledReads = 0;
  /** The address of the other end, for messages. */
  readonly remote: string;
  /** The identity that the other end has proven, if the transport asks for proof. */
  readonly identity: PeerIdentity | undefined;

  /** The source of time. */
  protected readonly clock: Clock;
  /** How long handlers may run. */
  protected readonly budget: TurnBudget;
  /** Whether reading and writing have ended. */
  protected gone = false;
  /** Whether a write is pending; further output is gathered until it is done. */
  protected writing = false;
  /** Whether something was received since the last write. */
  protected news = true;

  /** Receives what this side throws while it handles a batch; the session ends. */
  onFault: ((thrown: unknown) => void) | undefined = undefined;

  #delegate: LinkDelegate;
  #inTurn = false;
  #reading = false;
  #gathering = false;
  #wroteMs = -Infinity;
  #turnMs: number = DOUBLE_ZERO;
  /** The lag of the calls made during this turn; `null` if there are none. */
  #lag: TurnLag | null = null;
  /** The time of the last of them; calls with the same time-out share it. */
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
    // The turn begins with the session, not before it: a module of the runtime that it is the first to need runs microtasks.
    this.session = new Session(options, this, clock.now(), clock.wallNow());
    this.beginTurn();
  }

  /** Replaces the delegate. */
  handOver(delegate: LinkDelegate): void {
    this.#delegate = delegate;
  }

  /** Begins a turn or continues it, and returns its time, which is read once per turn. */
  beginTurn(): number {
    if (this.#inTurn) return this.#turnMs;
    queueMicrotask(this.#endTurn);
    return this.#openTurn(this.clock.now());
  }

  /**
   * Begins a turn or continues it, and starts the time of a call. During a
   * turn, the call's deadline moves when the turn ends, by as long as the turn
   * took. So it is late by at most as long as this thread was busy, and never
   * early.
   *
   * @returns The turn's time, like {@linkcode Link.beginTurn}.
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

  /** Reads the clock at the end of a turn, and moves the deadlines of the calls made in it. */
  now(): number {
    const nowMs = this.clock.now();
    if (this.#lag !== null) this.#lag.ms = nowMs - this.#turnMs;
    return nowMs;
  }

  /**
   * Begins the turn in which received bytes are handled; {@linkcode
   * Link.endReading} must follow.
   *
   * @param nowMs The time, if it was read a moment ago.
   */
  protected beginReading(nowMs?: number): number {
    if (this.#inTurn) return this.#turnMs;
    this.#reading = true;
    return this.#openTurn(nowMs ?? this.clock.now());
  }

  /** The received bytes are handled. The turn ends after the code that waited for them has run, so that its next calls belong to this turn. */
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
   * Waits for the response of a call made in the current turn by polling, if
   * possible.
   *
   * @param spinUs For how long, in microseconds.
   */
  spinFor(_call: OutgoingCall, _spinUs: number): void {}

  /**
   * Calls back after each turn, so after every change for those who wait for
   * calls to end, and when the link is gone.
   *
   * @returns A function that stops the callbacks.
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

  /** The end of the turn drains the output, or the end of the pending write; large output is written at once. */
  onOutput(): void {
    // The session's first output comes from within its constructor.
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
    this.#timer = this.clock.setTimer(CHANNEL_END_MS, this.finish);
    try {
      this.closeChannel();
    } catch {
      // A channel of the user; whatever it says, this side is done with it.
      this.finish();
    }
  }

  /** The channel has ended, and nothing of it is open. */
  protected readonly finish = (): void => {
    // A turn that it waits for is still to come, and nothing of it may be left behind.
    if (this.#isOver || this.budget.isAwaited(this.finish)) return;
    this.#isOver = true;
    if (this.#timer !== null) this.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#delegate.onGone(this);
    this.#tellWatchers();
  };

  /** Whether somebody waits for calls to end. */
  protected get isWatched(): boolean {
    return this.#watchers !== null;
  }

  #tellWatchers(): void {
    if (this.#watchers === null) return;
    for (const watcher of this.#watchers) watcher();
  }

  /** The channel has ended by itself, perhaps with an error. */
  protected lose(reason: string, error?: unknown): void {
    if (this.gone) return;
    this.session.onLost(sentence(plainText(reason)), this.beginTurn(), error);
    this.leave();
  }

  /** A channel of the user has thrown. In a turn of its own, as the session may be in the middle of something. */
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

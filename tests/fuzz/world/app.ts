/**
 * A side that is fuzzed: a session, its handlers and its calls.
 *
 * @module
 */

import type { Refusal } from "../../../lib/session/frames/wire_error.ts";
import { InternodeError } from "../../../lib/errors.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";
import { Session } from "../../../lib/session/session.ts";
import type { Peer, SessionOptions } from "../../../lib/session/frames/session_options.ts";
import type { SessionDelegate } from "../../../lib/session/calls/session_delegate.ts";
import { encodedCodec, rawCodec } from "../../support/session/calls.ts";
import { WALL_MS } from "../../support/session/options.ts";
import {
  type CallEvents,
  FuzzCall,
  FuzzStream,
  type ServedCall,
  type ServedStream,
} from "./app_calls.ts";
import { FAILED, HANDLER_NAMES, handlers, TOLD } from "./app_handlers.ts";
import type { Step } from "../fuzz_case.ts";
import { Finding, must } from "../fuzz_target.ts";
import { payloadOf, streamKey } from "../pattern.ts";

/** Time that both sides of a run share. */
export interface FuzzClock {
  nowMs: number;
}

const CREDITS = [0, 1, 3, 40, 65_535] as const;
const DEADLINES = [Infinity, 0, 1, 50, 5_000, 40_000] as const;
const METADATA = { trace: "00-1", __proto__x: "ä", "": "" };
/** Beyond this many messages that wait in a stream, a sensible user waits. */
const MAX_WAITING = 40;
/** No step takes so long that more timers are due in it. */
const MAX_TIMERS = 1_000;
/** Answers that no budget bounds, with those of one batch on top. */
const MAX_REPLY_BYTES = 5 * 1024 * 1024;
/** A short answer to each call. */
const SHORT_REPLY_BYTES = 128;

/** All that a user of a session can do, done by steps; and what must hold at any time. */
export class App implements SessionDelegate, CallEvents {
  readonly session: Session;
  readonly calls: FuzzCall[] = [];
  readonly streams: FuzzStream[] = [];
  readonly requests: ServedCall[] = [];
  readonly served: ServedStream[] = [];
  /** The largest message that it sends. */
  maxSendBytes = 0;
  closed: InternodeError | null = null;
  opened = 0;
  drainingHeard = 0;
  /** Whether calls are made as others end. */
  callsOn = false;
  /** What must not have happened. */
  broken: Finding | null = null;

  readonly #handlers: Map<string, HandlerTarget>;
  #turns = 0;

  readonly options: SessionOptions;
  readonly clock: FuzzClock;
  readonly endTurns: boolean;
  readonly verifies: boolean;

  /**
   * @param endTurns Whether reading turns end after every other handler.
   * @param verifies Whether what comes is known to be the pattern's.
   */
  constructor(
    options: SessionOptions,
    clock: FuzzClock,
    endTurns: boolean,
    verifies: boolean,
  ) {
    this.options = options;
    this.clock = clock;
    this.endTurns = endTurns;
    this.verifies = verifies;
    this.#handlers = handlers(this);
    this.session = new Session(options, this, clock.nowMs, WALL_MS);
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  onOutput(): void {}

  checkPeer(name: string): Refusal | null {
    return name.includes("stranger") ? { code: "PermissionDenied", why: "nobody knows it" } : null;
  }

  onOpen(_peer: Peer): void {
    if (++this.opened > 1) this.breach("a session has opened twice");
  }

  resolve(name: string): HandlerTarget | null {
    return this.#handlers.get(name) ?? null;
  }

  isTurnOver(): boolean {
    return this.endTurns && (this.#turns++ & 1) === 0;
  }

  onDraining(): void {
    this.drainingHeard++;
  }

  onClosed(error: InternodeError): void {
    if (this.closed !== null) this.breach("a session has closed twice");
    this.closed = error;
  }

  onEnded(): void {
    if (this.callsOn && this.session.state === "open" && this.calls.length < 30) {
      this.request(1, 11, 0);
    }
  }

  breach(message: string): void {
    this.broken ??= new Finding(message);
  }

  /** Does what may fail in the documented way; anything else is a breach. */
  attempt(act: () => void): InternodeError | null {
    try {
      act();
      return null;
    } catch (error) {
      if (error instanceof InternodeError) return error;
      this.breach(`an operation threw ${error}`);
      return new InternodeError("HandlerFailed", String(error));
    }
  }

  /** Does one step; what makes no sense is passed over. Says whether it knows the step. */
  apply({ op, a, b, c }: Step): boolean {
    const { session, clock } = this;
    switch (op) {
      case "request":
        this.request(a, b, c);
        return true;
      case "open":
        this.open(a, b, c & 15, c >> 4);
        return true;
      case "send":
        this.send(this.streams[a % this.streams.length], b, c === 1);
        return true;
      case "serve":
        this.send(this.served[a % this.served.length], b, c === 1);
        return true;
      case "end":
        this.streams[a % this.streams.length]?.send?.end(NOTHING, clock.nowMs);
        return true;
      case "cancel":
        this.cancel(a);
        return true;
      case "read":
        this.#read(a, b);
        return true;
      case "answer":
        this.answer(a, b);
        return true;
      case "finish":
        this.finish(a);
        return true;
      case "fail":
        this.#fail(a);
        return true;
      case "stop":
        session.startDraining(clock.nowMs);
        return true;
      case "ping":
        session.ping(clock.nowMs);
        return true;
      case "close":
        session.close(new InternodeError("Closed", "closing"), clock.nowMs);
        return true;
      case "lost":
        session.onLost("cable pulled", clock.nowMs);
        return true;
    }
    return false;
  }

  /**
   * Makes a request.
   *
   * @param how The handler's place, and 16: with metadata, 32: by a codec that encodes.
   * @param length The payload's; see `pattern.ts`.
   * @param deadline The place of its time in a list.
   */
  request(how: number, length: number, deadline: number): void {
    const { session, nowMs } = this;
    if (session.state !== "open") return;
    const key = this.calls.length * 97, name = HANDLER_NAMES[(how & 15) % HANDLER_NAMES.length]!;
    const size = Math.min(length, this.maxSendBytes);
    const call = new FuzzCall(this, this.#deadline(deadline), key, name === "echo" ? size : null);
    const error = this.attempt(() => {
      const number = session.outgoing.nameNumber(name, "", nowMs);
      const codec = (how & 32) === 0 ? rawCodec : encodedCodec;
      const metadata = (how & 16) === 0 ? null : METADATA;
      session.outgoing.request(call, number, codec, payloadOf(key, size), metadata, nowMs);
    });
    if (error !== null) call.end();
    this.calls.push(call);
  }

  /** Opens a stream; `credits` has the place of the input's in its low 4 bits and of the output's above. */
  open(how: number, length: number, deadline: number, credits: number): void {
    const { session, nowMs } = this;
    if (session.state !== "open") return;
    const stream = new FuzzStream(this, this.#deadline(deadline));
    stream.autoRead = (how & 64) !== 0;
    const name = HANDLER_NAMES[(how & 15) % HANDLER_NAMES.length]!;
    const error = this.attempt(() => {
      const number = session.outgoing.nameNumber(name, "", nowMs);
      const codec = (how & 32) === 0 ? rawCodec : encodedCodec;
      const payload = payloadOf(3, Math.min(length, this.maxSendBytes));
      const input = CREDITS[(credits & 15) % CREDITS.length]!;
      const output = CREDITS[(credits >> 4) % CREDITS.length]!;
      session.outgoing.open(
        stream,
        number,
        codec,
        payload,
        (how & 16) === 0 ? null : METADATA,
        input,
        output,
        nowMs,
      );
    });
    if (error !== null) stream.end();
    this.streams.push(stream);
  }

  /** Hands a message to a stream, of either kind. */
  send(stream: FuzzStream | ServedStream | undefined, length: number, encoded: boolean): void {
    const half = stream?.send ?? null;
    if (stream === undefined || half === null || half.ended || half.waiting > MAX_WAITING) return;
    const isInput = stream instanceof FuzzStream;
    const key = streamKey(half.id, isInput, stream.sent.length);
    const size = Math.min(length, this.maxSendBytes);
    const error = this.attempt(() => {
      half.send(encoded ? encodedCodec : rawCodec, payloadOf(key, size));
    });
    if (error === null) stream.sent.push(size);
  }

  /** Sends metadata of a stream of the peer's as an output. */
  tell(stream: ServedStream, metadata: Uint8Array<ArrayBuffer>): void {
    const { incoming } = this.session, { nowMs } = this;
    if (stream.send === null || stream.send.ended) return;
    this.attempt(() => incoming.sendMetadata(stream, metadata, nowMs, () => {}));
  }

  /** Cancels a call or stream of this side. */
  cancel(place: number): void {
    const all = this.calls.length + this.streams.length;
    if (all === 0) return;
    const at = place % all;
    const call = this.calls[at] ?? this.streams[at - this.calls.length]!;
    this.session.outgoing.cancel(call, new Error("changed my mind"), "Cancelled", this.nowMs);
  }

  /** Answers a request kept before. */
  answer(place: number, length: number): void {
    const [call] = this.requests.splice(place % Math.max(1, this.requests.length), 1);
    if (call === undefined) return;
    const { incoming } = this.session, { nowMs } = this;
    const payload = payloadOf(call.id, Math.min(length, this.maxSendBytes));
    const told = TOLD[length % 5] ?? null;
    const error = this.attempt(() =>
      void incoming.finishCall(call, rawCodec, payload, nowMs, null, told)
    );
    if (error !== null) incoming.failCall(call, error, null, nowMs, told);
  }

  /** Ends a stream of the peer's well. */
  finish(place: number): void {
    const stream = this.served[place % this.served.length];
    if (stream !== undefined) this.session.incoming.finishStream(stream, this.nowMs);
  }

  #fail(place: number): void {
    const all = [...this.requests, ...this.served];
    const call = all[place % all.length];
    if (call !== undefined) this.session.incoming.failCall(call, FAILED, null, this.nowMs);
  }

  #read(place: number, count: number): void {
    const all = [...this.streams, ...this.served];
    const stream = all[place % all.length];
    stream?.received.read(stream.receive, count);
  }

  #deadline(place: number): number {
    return this.nowMs + DEADLINES[place % DEADLINES.length]!;
  }

  /** Calls the timer whenever it is due until a time, without delay. */
  passUntil(endMs: number): void {
    for (let fired = 0; fired < MAX_TIMERS; fired++) {
      const dueMs = this.session.nextDeadlineMs();
      if (dueMs > endMs) return;
      this.clock.nowMs = Math.max(this.clock.nowMs, dueMs);
      this.fire();
    }
    throw new Finding("a timer is due again and again");
  }

  /** Calls the timer if it is due. */
  fire(): void {
    const dueMs = this.session.nextDeadlineMs();
    must(!Number.isNaN(dueMs), "a deadline is no number");
    if (dueMs <= this.nowMs) this.session.onTimer(this.nowMs);
  }

  /** What holds at any time. */
  check(peerBudgetBytes: number, peerMaxCalls: number): void {
    if (this.broken !== null) throw this.broken;
    const { session, options: { limits }, closed } = this;
    must((session.state === "closed") === (closed !== null), "closed, but not told so");
    if (closed !== null) return this.#checkEnd(closed);
    const { heldBytes, sendWindowBytes, queuedBytes, pendingBytes } = session;
    must(
      heldBytes >= 0 && heldBytes <= limits.receiveBudgetBytes,
      () => `${heldBytes} bytes are held of a budget of ${limits.receiveBudgetBytes}`,
    );
    must(
      sendWindowBytes >= 0 && sendWindowBytes <= peerBudgetBytes,
      () => `the window is ${sendWindowBytes} of ${peerBudgetBytes}`,
    );
    must(
      queuedBytes >= 0 && queuedBytes <= limits.sendBudgetBytes + this.maxSendBytes + 5_000,
      () => `${queuedBytes} bytes are queued`,
    );
    must(
      pendingBytes >= 0 &&
        pendingBytes <=
          MAX_REPLY_BYTES + limits.maxCalls * SHORT_REPLY_BYTES + limits.sendBudgetBytes,
      () => `${pendingBytes} bytes are pending`,
    );
    const { outgoing, incoming } = session;
    must(
      outgoing.calls.active >= 0 && outgoing.calls.active <= peerMaxCalls &&
        incoming.calls.active >= 0 && incoming.calls.active <= limits.maxCalls,
      () => `${outgoing.calls.active} calls made, ${incoming.calls.active} served`,
    );
  }

  /** Nothing is left, and everyone has heard. */
  #checkEnd(closed: InternodeError): void {
    const { session } = this;
    if (closed.message.startsWith("Receiving failed")) {
      throw new Finding(closed.message, { cause: closed.cause });
    }
    must(closed.message.length > 0, "no reason is stated");
    must(
      session.outgoing.calls.active === 0 && session.incoming.calls.active === 0 &&
        session.queuedBytes === 0 && session.nextDeadlineMs() === Infinity,
      "something is left after the end",
    );
    for (const call of this.calls) must(call.endings === 1, "a request has not ended");
    for (const stream of this.streams) must(stream.endings === 1, "a stream has not ended");
    for (const call of this.requests) must(!call.pending, "a served request is pending");
    for (const stream of this.served) must(!stream.pending, "a served stream is pending");
  }
}

const NOTHING = (): void => {};

/**
 * Polls a socket for a while before the runtime waits for it.
 *
 * @module
 */

import type { OutgoingCall } from "../session/sending/outgoing_call_table.ts";
import type { Session } from "../session/session.ts";
import type { Clock } from "../runtime/clock.ts";
import { SpinPolicy } from "../transport/poll/spin_policy.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/**
 * After this many milliseconds of turns by polling alone, the next input is
 * left to the runtime, so that the event loop also handles timers and other
 * sockets. That costs 30 to 40 µs.
 */
const TURN_DUE_MS = 8;
/** After this many milliseconds the event loop gets a turn in any case, which costs 50 to 110 µs. */
const TURN_OVERDUE_MS = 10;
/** With more calls in flight, or answered in one turn, the link is busy, and polling would only make batches smaller. */
const MANY_CALLS = 128;
/** The same for the bytes that a turn has received. */
const MANY_BYTES = 64 * 1024;
/** How long a link counts as busy after such a turn. */
const BUSY_MS = 1;
/** The clock is read once in this many polls, because reading it takes a good part of the time of a poll. */
const POLLS_A_LOOK = 8;
/** No poll takes less time than this; it limits a spin even if the clock does not advance. */
const QUICKEST_POLL_US = 0.1;

/** What a spinner needs of its link. */
export interface PolledLink {
  /** The session. */
  readonly session: Session;
  /** How many bytes were received in all. */
  readonly bytesReceived: number;
  /** Prepares for polling; `false` if something else must be done first. */
  startPolling(): boolean;
  /** Reads what is there and parses it in a new turn that begins at that time. Returns the number of bytes; 0 at the end of the connection; -1 for nothing, or an incomplete batch. */
  poll(nowMs: number): number;
  /** Whether there is something to read, which the runtime will bring. */
  hasBytes(): boolean;
  /** The session's deadline has come. */
  onDeadline(): void;
}

/**
 * Polls a link's socket if the user asked for it: after a request for its
 * response, after a response for the next request. A spin begins when a turn
 * has ended and its microtasks have run. It ends with the first bytes, which
 * begin a turn, and the end of that turn may begin the next spin.
 *
 * ```text
 *              a turn ends, somebody waits,
 *              and the policy is for it                 the microtask
 *   rests ------------------------------------> queued ---------------> polls
 *     ^                                           ^                     |  |
 *     |                                           |                     |  | the event loop
 *     |                                           |                     |  | is to have its turn
 *     |                                           +------- yields <-----+--+
 *     |                                   somebody still waits |        |
 *     +--------------------------------------------------------+--------+
 *                     bytes came, nobody waits any more, or the time is up
 * ```
 */
export class Spinner {
  readonly #link: PolledLink;
  readonly #clock: Clock;
  readonly #serveMs: number;
  /** One for responses, one for requests. */
  readonly #asking = new SpinPolicy();
  readonly #serving = new SpinPolicy();
  #state: "rests" | "queued" | "polls" | "yields" = "rests";
  /** The latest call whose caller wants to spin, and its id. */
  #call: OutgoingCall | null = null;
  #callId = -1;
  #callMs: number = DOUBLE_ZERO;
  /** How long its caller wants to spin. */
  #askMs: number = DOUBLE_ZERO;
  /** Until when to wait for the next request. */
  #serveUntilMs = -Infinity;
  #messagesSent: number;
  #bytesReceived: number = DOUBLE_ZERO;
  /** Until when the link counts as busy. */
  #busyUntilMs = -Infinity;
  /** When the current turn began. */
  #turnMs: number = DOUBLE_ZERO;
  /** Since when turns have followed one another without a turn of the event loop; `-Infinity` if it has just had one. */
  #chainMs = -Infinity;

  /**
   * @param link The link.
   * @param clock The source of time.
   * @param serveUs How long to wait for the next request, in microseconds; 0 for not at all.
   */
  constructor(link: PolledLink, clock: Clock, serveUs: number) {
    this.#link = link;
    this.#clock = clock;
    this.#serveMs = serveUs / 1000;
    this.#messagesSent = link.session.messagesSent;
  }

  /** The caller of a call made in the current turn wants to spin for its response, for `spinUs` microseconds. */
  ask(call: OutgoingCall, spinUs: number): void {
    // Without an id the call has ended already or waits for a slot.
    if (call.id < 0) return;
    this.#call = call;
    this.#callId = call.id;
    this.#callMs = -1;
    this.#askMs = spinUs / 1000;
  }

  /** A turn that began at that time has ended, and its output is written. */
  onTurnEnd(nowMs: number): void {
    this.#turnMs = nowMs;
    const { session, bytesReceived } = this.#link;
    const { outgoing, incoming, messagesSent } = session;
    // A turn of requests has calls under way, so what was sent without any is answers.
    const answered = outgoing.calls.active === 0 ? messagesSent - this.#messagesSent : 0;
    this.#messagesSent = messagesSent;
    const isBusy = Math.max(answered, outgoing.calls.active) > MANY_CALLS ||
      bytesReceived - this.#bytesReceived > MANY_BYTES;
    this.#bytesReceived = bytesReceived;
    if (isBusy) this.#busyUntilMs = nowMs + BUSY_MS;
    if (this.#callMs < 0 && this.#call !== null) this.#callMs = nowMs;
    if (answered > 0 && incoming.calls.active === 0) this.#serveUntilMs = nowMs + this.#serveMs;
    if (this.#state !== "rests" || nowMs < this.#busyUntilMs) return;
    const untilMs = this.#untilMs();
    if (nowMs >= untilMs) return;
    if (this.#policy.maySpin(nowMs)) {
      this.#state = "queued";
      queueMicrotask(this.#begin);
    }
  }

  /** The runtime has brought something, so the event loop has had a turn in which it looked at sockets. */
  onDelivered(): void {
    this.#chainMs = -Infinity;
    if (this.#state === "yields") this.#state = "rests";
  }

  get #policy(): SpinPolicy {
    return this.#call !== null ? this.#asking : this.#serving;
  }

  /** Until when to wait; `-Infinity`: nobody does. */
  #untilMs(): number {
    const call = this.#call;
    if (call !== null) {
      if (call.id === this.#callId && call.state !== "abandoned") return this.#callMs + this.#askMs;
      this.#call = null;
    }
    const { calls } = this.#link.session.incoming;
    return calls.active === 0 ? this.#serveUntilMs : -Infinity;
  }

  readonly #begin = (): void => {
    this.#state = "rests";
    const link = this.#link;
    // Whatever is in the way, the end of its turn comes back here.
    if (!link.startPolling()) return;
    const untilMs = this.#untilMs();
    if (untilMs === -Infinity) return;
    if (this.#chainMs < 0) {
      this.#chainMs = this.#turnMs;
      this.#clock.soon(this.#onLoopTurn);
    }
    if (this.#turnMs - this.#chainMs >= TURN_OVERDUE_MS) this.#yield();
    else this.#spin(untilMs);
  };

  #spin(untilMs: number): void {
    const link = this.#link, clock = this.#clock, policy = this.#policy;
    const deadlineMs = link.session.nextDeadlineMs();
    const dueMs = this.#chainMs + TURN_DUE_MS;
    const endMs = Math.min(untilMs, this.#chainMs + TURN_OVERDUE_MS, deadlineMs);
    const mostPolls = (endMs - this.#turnMs) * 1000 / QUICKEST_POLL_US;
    this.#state = "polls";
    let nowMs = this.#turnMs;
    for (let polls = 1;; polls++) {
      if (nowMs >= dueMs) {
        if (link.hasBytes()) {
          this.#state = "yields";
          return policy.onHit();
        }
      } else {
        const count = link.poll(nowMs);
        if (count >= 0) {
          this.#state = "rests";
          return count > 0 ? policy.onHit() : this.#giveUp();
        }
      }
      if (polls % POLLS_A_LOOK !== 0) continue;
      nowMs = clock.now();
      if (nowMs < endMs && polls < mostPolls) continue;
      this.#state = "rests";
      if (nowMs >= deadlineMs) {
        link.onDeadline();
      } else if (nowMs >= untilMs || nowMs < endMs) {
        policy.onMiss(nowMs);
        this.#giveUp();
      } else {
        this.#yield();
      }
      return;
    }
  }

  #yield(): void {
    this.#state = "yields";
    this.#clock.defer(this.#onYielded);
  }

  /** Nobody waits any more. */
  #giveUp(): void {
    this.#call = null;
    this.#serveUntilMs = -Infinity;
  }

  readonly #onLoopTurn = (): void => {
    this.#chainMs = -Infinity;
  };

  readonly #onYielded = (): void => {
    // What came in that turn has ended it already; this may even be another one.
    if (this.#state !== "yields") return;
    this.#chainMs = -Infinity;
    this.#turnMs = this.#clock.now();
    this.#begin();
  };
}

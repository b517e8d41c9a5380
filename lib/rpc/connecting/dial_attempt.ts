/**
 * One attempt to connect.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { guard } from "../../foreign/guard.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Clock } from "../../runtime/clock.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { Link } from "../../driver/link.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { DialLimiter, PendingDial } from "./dial_limiter.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** What an attempt needs, and its callbacks. */
export interface DialAttemptInit {
  /** Limits how many attempts are under way. */
  readonly limiter: DialLimiter;
  /** The source of time. */
  readonly clock: Clock;
  /** How long the dial may take, in milliseconds, once the attempt has its slot. */
  readonly dialTimeoutMs: number;
  /** The address that it dials, for errors. */
  readonly address: string;
  /** Receives failures of the dial's own code that do not belong to the attempt. */
  readonly logger: EventLogger;
  /** Dials. */
  readonly dial: (signal: AbortSignal) => Promise<Channel>;
  /** Whether the attempt is still wanted when it gets its slot; if not, `abort` must follow. */
  readonly isWanted: () => boolean;
  /** The dial has succeeded; the callback sets `link`. */
  readonly onChannel: (channel: Channel) => void;
  /** The attempt has failed; never called within `start`. */
  readonly onFailed: (error: unknown) => void;
}

/** Waits for a slot, dials, and keeps its slot until its owner calls `end`: when the handshake is done or has failed. */
export class DialAttempt implements PendingDial {
  /** When it began to dial. */
  startedMs: number = DOUBLE_ZERO;
  /** The dialled connection, until its handshake is done. */
  link: Link | null = null;

  readonly #init: DialAttemptInit;
  #abort: AbortController | null = null;
  #isFinished = false;

  constructor(init: DialAttemptInit) {
    this.#init = init;
  }

  /** Begins when the limiter has a slot. */
  start(): void {
    this.#init.limiter.acquire(this);
  }

  /** Ends the attempt, and calls `onFailed` before it returns. */
  abort(reason: unknown): void {
    this.#fail(reason);
    if (this.#abort !== null) abort(this.#abort, reason);
  }

  /** Frees the slot: the handshake is done, or the attempt has failed. */
  end(): void {
    this.#init.limiter.release(this);
  }

  /** See {@linkcode PendingDial}. */
  begin(): void {
    const { clock, dialTimeoutMs, address, dial, isWanted } = this.#init;
    // When many attempts are aborted one by one, the slots of the first go to later ones, which are aborted next.
    if (!isWanted()) return;
    const whose = `an attempt to reach ${address}`;
    const { signal } = this.#abort = guardedController(this.#init.logger, whose);
    this.startedMs = clock.now();
    const timer = clock.setTimer(dialTimeoutMs, () => {
      const message = `No connection to ${address} within ${dialTimeoutMs} ms.`;
      this.abort(new InternodeError("Unreachable", message, { origin: "network" }));
    });
    signal.addEventListener("abort", () => clock.clearTimer(timer), { once: true });
    // A user's dial may ignore its signal: a channel that comes after the end is closed.
    promiseOf<Channel>(() => dial(signal)).then((channel) => {
      clock.clearTimer(timer);
      if (!isChannel(channel)) this.#fail(noChannel(address));
      else if (this.#finish()) this.#init.onChannel(channel);
      else closeQuietly(channel);
    }, (error) => {
      clock.clearTimer(timer);
      this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    if (!this.#finish()) return;
    this.end();
    this.#init.onFailed(error);
  }

  /** Whether this is the first end of the attempt. */
  #finish(): boolean {
    const isFirst = !this.#isFinished;
    this.#isFinished = true;
    return isFirst;
  }
}

/** A user's dial may return anything. */
function isChannel(given: unknown): given is Channel {
  return guard(() => /^(?:bytes|messages)$/.test((given as Channel).kind), () => false);
}

function noChannel(host: string): InternodeError {
  return invalidArgument(
    `dial of ${host} did not return a channel: it must resolve with a ByteChannel or a MessageChannel.`,
    { host },
  );
}

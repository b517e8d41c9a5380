/**
 * One attempt to connect.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { abort } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { guard } from "../../foreign/guard.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Clock } from "../../runtime/clock.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { Link } from "../../driver/link.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { DialGate, Dialler } from "./dial_gate.ts";

/** What an attempt is made of, and whom it tells. */
export interface DiallingInit {
  /** Where it waits for its turn. */
  readonly gate: DialGate;
  /** Where time comes from. */
  readonly clock: Clock;
  /** How long it may take, in milliseconds, from its turn on. */
  readonly dialTimeoutMs: number;
  /** Whom it is to reach, for errors. */
  readonly address: string;
  /** Where a failure of the dial's own code is told that is none of the attempt. */
  readonly logger: EventLogger;
  /** Dials. */
  readonly dial: (signal: AbortSignal) => Promise<Channel>;
  /** Whether it is still wanted when its turn comes; if not, `abort` is to follow. */
  readonly isWanted: () => boolean;
  /** There is a connection; its link is to be put here. */
  readonly onChannel: (channel: Channel) => void;
  /** There is none; called never within `start`. */
  readonly onFailed: (error: unknown) => void;
}

/** Waits for its turn, dials, and counts as under way until the handshake is done; whoever made it says when, by `end`. */
export class Dialling implements Dialler {
  /** When its turn came. */
  startedMs = 0;
  /** What became of it, until hands are shaken. */
  link: Link | null = null;

  readonly #init: DiallingInit;
  #abort: AbortController | null = null;
  #isSettled = false;

  constructor(init: DiallingInit) {
    this.#init = init;
  }

  /** Gets in line. */
  start(): void {
    this.#init.gate.enter(this);
  }

  /** Ends the attempt; `onFailed` is called within this call. */
  abort(reason: unknown): void {
    this.#fail(reason);
    const controller = this.#abort, { logger, address } = this.#init;
    if (controller !== null) abort(controller, reason, logger, `an attempt to reach ${address}`);
  }

  /** The handshake is done, or the attempt has failed: another attempt may begin. */
  end(): void {
    this.#init.gate.leave(this);
  }

  /** See {@linkcode Dialler}. */
  begin(): void {
    const { clock, dialTimeoutMs, address, dial, isWanted } = this.#init;
    // Whoever gives many attempts up one by one gives the places of the first to the last.
    if (!isWanted()) return;
    const { signal } = this.#abort = new AbortController();
    this.startedMs = clock.now();
    const timer = clock.setTimer(dialTimeoutMs, () => {
      const message = `No connection to ${address} within ${dialTimeoutMs} ms.`;
      this.abort(new InternodeError("Unreachable", message, { origin: "network" }));
    });
    signal.addEventListener("abort", () => clock.clearTimer(timer), { once: true });
    // What comes about, or fails, after it was given up: a dial of the user's own may ignore its signal.
    promiseOf<Channel>(() => dial(signal)).then((channel) => {
      clock.clearTimer(timer);
      if (!isChannel(channel)) this.#fail(noChannel(address));
      else if (this.#settle()) this.#init.onChannel(channel);
      else closeQuietly(channel);
    }, (error) => {
      clock.clearTimer(timer);
      this.#fail(error);
    });
  }

  #fail(error: unknown): void {
    if (!this.#settle()) return;
    this.end();
    this.#init.onFailed(error);
  }

  /** Says whether this is how it ends. */
  #settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    return isFirst;
  }
}

/** A dial of the user's own may give anything. */
function isChannel(given: unknown): given is Channel {
  return guard(() => /^(?:bytes|messages)$/.test((given as Channel).kind), () => false);
}

function noChannel(host: string): InternodeError {
  return invalidArgument(
    `dial of ${host} did not return a channel: it must resolve with a ByteChannel or a MessageChannel.`,
    { host },
  );
}

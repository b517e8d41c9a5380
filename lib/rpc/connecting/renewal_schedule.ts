/**
 * When a connection is to be renewed.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../runtime/clock.ts";
import { BackOff, type BackOffOptions, DEFAULT_BACK_OFF } from "./back_off.ts";

/** How old a connection may grow whose peer has shown a certificate, unless an option says otherwise. */
const PROVEN_AGE_MS = 3_600_000;
/** The side that dials begins early by a random part of the age of up to this much, so that connections made together are not renewed together. */
const AGE_JITTER = 0.1;
/** Over how long, and over which part of the age, connections are spread that are to be renewed soon. */
const SPREAD_MS = 10_000;
const SPREAD_PART = 0.1;
/** A peer that keeps asking is heard so often. */
const MIN_AGE_MS = 1_000;

/** What a schedule goes by. */
export interface RenewalSettings {
  /** Where time comes from. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** How old a connection may grow, in milliseconds; `undefined`: an hour if the peer has shown a certificate, else for ever. */
  readonly maxConnectionAgeMs: number | undefined;
  /** How much older it may grow while it cannot be renewed. */
  readonly renewalGraceMs: number;
  /** How attempts slow down; not needed where this side makes none. */
  readonly reconnect?: BackOffOptions;
}

/** How old a connection may grow, in milliseconds. */
export function maxAgeMs(
  { maxConnectionAgeMs }: Pick<RenewalSettings, "maxConnectionAgeMs">,
  isProven: boolean,
): number {
  return maxConnectionAgeMs ?? (isProven ? PROVEN_AGE_MS : Infinity);
}

/** Is told when to renew a connection, and when it is too old. */
export interface RenewalDelegate {
  /** The present connection is to be renewed. */
  onRenewalDue(): void;
  /** It could not be renewed, and is too old. */
  onOverage(): void;
}

/**
 * Watches the age of the present connection.
 *
 * It is due when it reaches its age, when the credentials of this side have
 * changed, or when the peer asks; once more after each attempt that failed. A
 * connection that is older than its age and the grace time is not kept.
 */
export class RenewalSchedule {
  /** Since when there is the present connection. */
  openedMs = 0;

  readonly #settings: RenewalSettings;
  readonly #isEarly: boolean;
  readonly #delegate: RenewalDelegate;
  #backOff: BackOff | null = null;
  #changedMs = -Infinity;
  #spreadMs = 0;
  #dueMs = Infinity;
  #endMs = Infinity;
  #timer: Timer | null = null;
  #isRunning = false;

  /** @param isEarly Whether this side makes the new connection, and so begins before the other has to ask. */
  constructor(settings: RenewalSettings, isEarly: boolean, delegate: RenewalDelegate) {
    this.#settings = settings;
    this.#isEarly = isEarly;
    this.#delegate = delegate;
  }

  /**
   * There is a connection.
   *
   * @param isProven Whether its peer has shown a certificate.
   * @param dialledMs Since when it was being made: what has changed since then counts for it.
   * @param openedMs Since when it is open.
   */
  start(isProven: boolean, dialledMs: number, openedMs: number): void {
    this.stop();
    const { random, renewalGraceMs } = this.#settings;
    const maxMs = maxAgeMs(this.#settings, isProven);
    const isEarly = this.#isEarly && maxMs < Infinity;
    this.#isRunning = true;
    this.#backOff = null;
    this.openedMs = openedMs;
    this.#dueMs = openedMs + maxMs * (isEarly ? 1 - AGE_JITTER * random.next() : 1);
    this.#endMs = openedMs + maxMs + renewalGraceMs;
    this.#spreadMs = Math.min(SPREAD_MS, maxMs * SPREAD_PART);
    if (this.#changedMs >= dialledMs) this.#hasten(this.#spreadMs);
    else this.#setTimer();
  }

  /** Connections made from now on differ from those made before. */
  onChange(): void {
    this.#changedMs = this.#settings.clock.now();
    if (this.#isRunning) this.#hasten(this.#spreadMs);
  }

  /** The peer asks for a renewal; it has added a random delay itself. */
  onAsked(): void {
    if (this.#isRunning) this.#hasten(0);
  }

  /** An attempt has failed. */
  onAttemptFailed(): void {
    if (!this.#isRunning) return;
    const { clock, random, reconnect = DEFAULT_BACK_OFF } = this.#settings;
    this.#backOff ??= new BackOff(reconnect, random);
    this.#dueMs = clock.now() + this.#backOff.next();
    this.#setTimer();
  }

  /** There is no connection any more. */
  stop(): void {
    this.#isRunning = false;
    this.#clearTimer();
  }

  #hasten(spreadMs: number): void {
    const { clock, random } = this.#settings;
    const soonMs = clock.now() + (spreadMs > 0 ? spreadMs * random.next() : 0);
    this.#dueMs = Math.min(this.#dueMs, Math.max(soonMs, this.openedMs + MIN_AGE_MS));
    this.#setTimer();
  }

  #setTimer(): void {
    this.#clearTimer();
    const { clock } = this.#settings;
    const atMs = Math.min(this.#dueMs, this.#endMs);
    if (atMs === Infinity) return;
    this.#timer = clock.setTimer(Math.max(0, atMs - clock.now()), () => {
      this.#timer = null;
      this.#onTimer();
    });
  }

  #onTimer(): void {
    if (this.#settings.clock.now() >= this.#endMs) {
      this.stop();
      this.#delegate.onOverage();
    } else {
      this.#dueMs = Infinity;
      this.#setTimer();
      this.#delegate.onRenewalDue();
    }
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#settings.clock.clearTimer(this.#timer);
    this.#timer = null;
  }
}

/**
 * When a connection is to be renewed.
 *
 * @module
 */

import type { Clock, Random, Timer } from "../../runtime/clock.ts";
import { BackOff, type BackOffOptions, DEFAULT_BACK_OFF } from "./back_off.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** The default maximum age of a connection whose peer has shown a certificate. */
const PROVEN_AGE_MS = 3_600_000;
/** The side that dials begins early by a random part of the age, up to this share, so that connections made together are not renewed together. */
const AGE_JITTER = 0.1;
/** Connections to be renewed soon are spread over this time, or this share of the age. */
const SPREAD_MS = 10_000;
const SPREAD_PART = 0.1;
/** How often a peer's requests for renewal are followed. */
const MIN_AGE_MS = 1_000;

/** The settings of a schedule. */
export interface RenewalSettings {
  /** The source of time. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** The maximum age of a connection, in milliseconds; `undefined` for an hour if the peer has shown a certificate, or else no limit. */
  readonly maxConnectionAgeMs: number | undefined;
  /** How much older it may be while it cannot be renewed. */
  readonly renewalGraceMs: number;
  /** The back-off of attempts; not needed if this side makes none. */
  readonly reconnect?: BackOffOptions;
}

/** The maximum age of a connection, in milliseconds. */
export function maxAgeMs(
  { maxConnectionAgeMs }: Pick<RenewalSettings, "maxConnectionAgeMs">,
  isProven: boolean,
): number {
  return maxConnectionAgeMs ?? (isProven ? PROVEN_AGE_MS : Infinity);
}

/** Is notified when to renew a connection, and when it is too old. */
export interface RenewalDelegate {
  /** The connection in use is to be renewed. */
  onRenewalDue(): void;
  /** The connection could not be renewed, and is too old. */
  onOverage(): void;
}

/**
 * Watches the age of the connection in use.
 *
 * A renewal is due when the connection reaches its maximum age, when the
 * credentials of this side have changed, or when the peer asks; and again after
 * each failed attempt. A connection that exceeds its maximum age and the grace
 * time is closed.
 */
export class RenewalSchedule {
  /** Since when the connection in use is open. */
  openedMs: number = DOUBLE_ZERO;

  readonly #settings: RenewalSettings;
  readonly #isEarly: boolean;
  readonly #delegate: RenewalDelegate;
  #backOff: BackOff | null = null;
  #changedMs = -Infinity;
  #spreadMs: number = DOUBLE_ZERO;
  #dueMs = Infinity;
  #endMs = Infinity;
  #timer: Timer | null = null;
  #isRunning = false;

  /** @param isEarly Whether this side makes the new connection, and so begins before the peer asks. */
  constructor(settings: RenewalSettings, isEarly: boolean, delegate: RenewalDelegate) {
    this.#settings = settings;
    this.#isEarly = isEarly;
    this.#delegate = delegate;
  }

  /**
   * A connection is open.
   *
   * @param isProven Whether its peer has shown a certificate.
   * @param dialledMs When the dial began: credentials that have changed since then count as changed.
   * @param openedMs When it was opened.
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

  /** The credentials of this side have changed. */
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

  /** The connection has ended. */
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

/**
 * How long to wait before dialling again.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { fields, invalidOption, positive } from "../../foreign/option_checks.ts";

/** How fast reconnecting slows down. It starts over after a connection that has lasted for twice `maxMs`. */
export interface BackOffOptions {
  /** The first wait, in milliseconds. Default: 20. */
  readonly initialMs: number;
  /** The factor by which each wait is longer than the one before. Default: 1.6. */
  readonly factor: number;
  /** The longest wait, in milliseconds. Default: 2,000. */
  readonly maxMs: number;
  /** Each wait is shortened by a random part of up to this much. Default: 0.4. */
  readonly jitter: number;
}

/** The default back-off, as documented above. */
export const DEFAULT_BACK_OFF: BackOffOptions = {
  initialMs: 20,
  factor: 1.6,
  maxMs: 2_000,
  jitter: 0.4,
};

/**
 * Fills in defaults and checks the values.
 *
 * @param option The name of the option that holds it.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveBackOff(
  option: string,
  fallback: BackOffOptions,
  given: Partial<BackOffOptions> = {},
): BackOffOptions {
  const { initialMs, factor, maxMs, jitter } = { ...fallback, ...fields(option, given) };
  positive(`${option}.initialMs`, initialMs, fallback.initialMs);
  positive(`${option}.maxMs`, maxMs, fallback.maxMs);
  if (typeof factor !== "number" || !(factor >= 1)) {
    throw invalidOption(`${option}.factor`, `must be at least 1, not ${shown(factor)}`);
  }
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter <= 1)) {
    throw invalidOption(`${option}.jitter`, `must be from 0 to 1, not ${shown(jitter)}`);
  }
  return { initialMs, factor, maxMs, jitter };
}

/** Growing waits with jitter, so that nodes that lost a peer together do not all return at once. */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: Random;
  #attempts = 0;

  constructor(options: BackOffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const { initialMs, factor, maxMs, jitter } = this.#options;
    const waitMs = Math.min(maxMs, initialMs * factor ** Math.min(this.#attempts++, 64));
    return waitMs * (1 - jitter * this.#random.next());
  }

  /** Starts over, after a success. */
  reset(): void {
    this.#attempts = 0;
  }
}

/** The wait before a peer that may accept this side at any moment is tried again, in milliseconds. */
const SOON_MS = 400;
/** It is shortened by a random part of up to this much. */
const SOON_JITTER = 0.4;

/** How many times the longest wait a connection must last to count as a success. */
const LASTING_WAITS = 2;

/** How long a connection must last to count as a success: twice the longest wait, in milliseconds. */
export function lastingMs({ maxMs }: BackOffOptions): number {
  return LASTING_WAITS * maxMs;
}

/**
 * A back-off for connections that are made again whenever they end. It starts
 * over only after a connection that has lasted. Otherwise two processes that
 * take a connection from each other would do so at full speed, because each of
 * them succeeds.
 */
export class LastingBackOff {
  /** When the next attempt may begin. */
  dueMs: number = -Infinity;
  readonly #backOff: BackOff;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #lastingMs: number;
  #begunMs = Infinity;

  constructor(options: BackOffOptions, { clock, random }: { clock: Clock; random: Random }) {
    this.#backOff = new BackOff(options, random);
    this.#random = random;
    this.#clock = clock;
    this.#lastingMs = lastingMs(options);
  }

  /** The connection is made. */
  onBegun(): void {
    this.#begunMs = this.#clock.now();
  }

  /** The peer does not accept this side yet: returns the wait before the next attempt, which does not grow, in milliseconds. */
  nextSoon(): number {
    this.#begunMs = Infinity;
    const waitMs = SOON_MS * (1 - SOON_JITTER * this.#random.next());
    this.dueMs = this.#clock.now() + waitMs;
    return waitMs;
  }

  /** The connection has ended or could not be made: returns the wait before the next attempt, in milliseconds. */
  next(): number {
    if (this.#clock.now() - this.#begunMs >= this.#lastingMs) this.#backOff.reset();
    this.#begunMs = Infinity;
    const waitMs = this.#backOff.next();
    this.dueMs = this.#clock.now() + waitMs;
    return waitMs;
  }
}

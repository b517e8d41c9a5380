/**
 * How often and how long something is tried anew.
 *
 * @module
 */

import { checkSignal } from "../../foreign/signal.ts";
import { func, positive } from "../../foreign/option_checks.ts";
import {
  type BackOffOptions,
  DEFAULT_BACK_OFF,
  resolveBackOff,
} from "../../rpc/connecting/back_off.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";

/** What a new attempt is made with. */
export interface Attempt {
  /** Its number, from 1. */
  readonly attempt: number;
  /** Aborts when nobody waits for the attempt any more. It need not be used: streams that are left are cancelled anyway. */
  readonly signal: AbortSignal;
}

/** How {@linkcode resume} and {@linkcode resumeUpload} go on after a loss. */
export interface AttemptOptions {
  /**
   * How long to wait before each attempt after a loss. It starts over with
   * progress, and after an attempt that has lasted for twice `maxMs`. Default: 20
   * ms, growing by 1.6 up to 2,000 ms, less up to 40 %.
   */
  readonly backOff?: Partial<BackOffOptions> | undefined;
  /**
   * How long it may go without progress after a loss, in milliseconds, until
   * the last error is thrown; `Infinity`: for ever. Progress is a new output (an
   * upload: an acknowledgement), or an attempt that has lasted for twice
   * `backOff.maxMs`. It ends no attempt that is under way, as a stream may be silent: where
   * calls wait for a connection without a deadline, give `waitForReady: false`.
   * Default: 60,000.
   */
  readonly maxGapMs?: number | undefined;
  /**
   * Whether an error of a stream is a loss, after which it is opened anew. It
   * is told what the library would say, see `docs/patterns.md`. Only `true` is a
   * yes; what it throws ends the whole. Default: what the library says.
   */
  readonly isLoss?: ((error: unknown, usually: boolean) => boolean) | undefined;
  /** Is told of each loss, before the wait, for logs and metrics. What it throws is dropped. Default: nobody is told. */
  readonly onLoss?: ((loss: Loss) => void) | undefined;
  /** Ends the whole with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Where time comes from; for simulations. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Where jitter comes from; for simulations. Default: the system's random numbers. */
  readonly random?: Random | undefined;
}

/** One loss. */
export interface Loss {
  /** What ended the attempt. */
  readonly error: unknown;
  /** The number of that attempt, from 1. */
  readonly attempt: number;
  /** The last position that was read, or acknowledged; `undefined`: none yet. */
  readonly position: unknown;
  /** How long the wait before the next attempt is, in milliseconds. */
  readonly waitMs: number;
}

/** The same with everything filled in. */
export interface AttemptSettings {
  readonly backOff: BackOffOptions;
  readonly maxGapMs: number;
  readonly isLoss: ((error: unknown, usually: boolean) => boolean) | undefined;
  readonly onLoss: ((loss: Loss) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveAttempts(options: AttemptOptions): AttemptSettings {
  const { backOff, maxGapMs, isLoss, onLoss, signal, clock, random } = options;
  if (isLoss !== undefined) func("isLoss", isLoss);
  if (onLoss !== undefined) func("onLoss", onLoss);
  checkSignal(signal);
  return {
    backOff: resolveBackOff("backOff", DEFAULT_BACK_OFF, backOff),
    maxGapMs: positive("maxGapMs", maxGapMs, 60_000),
    isLoss,
    onLoss,
    signal,
    clock: clockOf(clock),
    random: randomOf(random),
  };
}

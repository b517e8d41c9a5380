/**
 * Meters of users, which may fail like all user code.
 *
 * @module
 */

import { guard, tell } from "../../foreign/guard.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { thenOf } from "../../foreign/thenable.ts";
import type {
  CallMeter,
  Measurement,
  Meter,
  MeteredCalls,
  MeteredFace,
  MeteredOutcome,
} from "../contract/meter.ts";

/** A user's meter: whatever it does, calls go on. The first failure is logged. */
export class GuardedMeter implements Meter {
  readonly #meter: Meter;
  readonly #logger: EventLogger;
  #isTold = false;

  constructor(meter: Meter, logger: EventLogger) {
    this.#meter = meter;
    this.#logger = logger;
  }

  /** See {@linkcode Meter}; calls are not passed to what is no meter. */
  meterCalls(calls: MeteredCalls): CallMeter {
    const make = (): unknown => this.#meter.meterCalls(calls);
    const made = guard(make, (thrown) => this.#onFailed("meterCalls", thrown));
    const isMeter = guard(
      () => typeof (made as CallMeter | null | undefined)?.record === "function",
      () => false,
    );
    if (isMeter) return new GuardedCallMeter(made as CallMeter, (thrown) => this.onFailed(thrown));
    // An unhandled rejection would end the process.
    tell(() => made, (thrown) => this.#onFailed("meterCalls", thrown));
    return NO_METER;
  }

  /** See {@linkcode Meter}. */
  watch(read: () => readonly Measurement[], face: MeteredFace): () => void {
    const watch = (): unknown => this.#meter.watch?.(read, face);
    const end = guard(watch, (thrown) => this.#onFailed("watch", thrown));
    if (typeof end === "function") {
      return () => tell(() => end(), (thrown) => this.#onFailed("watch", thrown));
    }
    tell(() => end, (thrown) => this.#onFailed("watch", thrown));
    return ignore;
  }

  /** A call could not be recorded. */
  onFailed(thrown: unknown): void {
    this.#onFailed("record", thrown);
  }

  #onFailed(method: string, thrown: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.error(
      `${method} of the meter failed: ${
        sentence(textOf(thrown))
      } Calls go on without its figures, ` +
        "and its further errors are not logged.",
      { event: "callback_failed", what: "meter", ...about(thrown) },
    );
  }
}

class GuardedCallMeter implements CallMeter {
  readonly #meter: CallMeter;
  readonly #onFailed: (thrown: unknown) => void;

  constructor(meter: CallMeter, onFailed: (thrown: unknown) => void) {
    this.#meter = meter;
    this.#onFailed = onFailed;
  }

  /** Without a closure, as it runs for each call. */
  record(durationMs: number, outcome: MeteredOutcome): void {
    try {
      const returned: unknown = this.#meter.record(durationMs, outcome);
      if (returned !== undefined && thenOf(returned) !== null) tell(() => returned, this.#onFailed);
    } catch (thrown) {
      this.#onFailed(thrown);
    }
  }
}

const NO_METER: CallMeter = { record: ignore };

function ignore(): void {}

/**
 * The level of a node's log lines, changed for a while.
 *
 * @module
 */

import type { LogLevel } from "../foreign/log_event.ts";
import { invalidArgument } from "../errors.ts";
import { shown } from "../foreign/text_of.ts";
import type { Timer } from "../runtime/clock.ts";
import type { Inspection } from "../rpc/inspection/inspection.ts";
import type { AdminLogLevel, LogLevelRequest } from "./steering_contract.ts";

const LEVELS: readonly string[] = ["debug", "info", "warn", "error"] satisfies LogLevel[];
/** The longest time for which it is changed: a week. */
const MAX_FOR_MS = 604_800_000;

/** Changes the level of log lines, and sets it back. */
export class LogLevelControl {
  readonly #face: Inspection;
  readonly #usual: LogLevel;
  #timer: Timer | null = null;
  #untilMs: number | null = null;

  constructor(face: Inspection) {
    this.#face = face;
    this.#usual = face.logLevel;
  }

  /** What it is. */
  get now(): AdminLogLevel {
    return { level: this.#face.logLevel, usual: this.#usual, untilMs: this.#untilMs };
  }

  /**
   * Checks a request.
   *
   * @returns What it asks for; `null`: nothing.
   * @throws {InternodeError} `InvalidArgument`.
   */
  read({ level, forMs = Infinity }: LogLevelRequest): { level: LogLevel; forMs: number } | null {
    if (level === undefined) return null;
    if (level === "reset") return { level: this.#usual, forMs: Infinity };
    if (!LEVELS.includes(level)) {
      throw invalidArgument(
        `The level must be one of ${LEVELS.join(", ")}, or reset, not ${shown(level)}.`,
      );
    }
    if (forMs !== Infinity && !(forMs > 0 && forMs <= MAX_FOR_MS)) {
      throw invalidArgument(
        `forMs must be a number above 0 and at most ${MAX_FOR_MS} (a week), not ${shown(forMs)}.`,
      );
    }
    return { level: level as LogLevel, forMs };
  }

  /** Sets it, for so many milliseconds or until it is set again. */
  set(level: LogLevel, forMs: number): void {
    const { clock } = this.#face;
    this.#stop();
    this.#face.logLevel = level;
    if (forMs === Infinity) return;
    this.#untilMs = clock.wallNow() + forMs;
    this.#timer = clock.setTimer(forMs, () => this.reset());
  }

  /** Sets it back. Any number of calls. */
  reset(): void {
    this.#stop();
    this.#face.logLevel = this.#usual;
  }

  #stop(): void {
    if (this.#timer !== null) this.#face.clock.clearTimer(this.#timer);
    this.#timer = this.#untilMs = null;
  }
}

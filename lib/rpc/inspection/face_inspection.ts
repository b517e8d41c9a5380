/**
 * What the inspections of all faces have in common.
 *
 * @module
 */

import { GuardedLogger } from "../../foreign/guarded_logger.ts";
import type { EventLogger, LogLevel } from "../../foreign/log_event.ts";
import { messageOf } from "../../foreign/text_of.ts";
import type { Link } from "../../driver/link.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CloseOptions } from "../connecting/close_options.ts";
import type { CallTrace, CallTraces } from "../tracing/call_trace.ts";
import type { CallInFlight, CallsOptions } from "../contract/call_in_flight.ts";
import type {
  CertificateEnd,
  FaceStats,
  Inspection,
  PlainOptions,
  RegisteredHandler,
  Remote,
} from "./inspection.ts";
import type { FaceFigures } from "../metering/face_figures.ts";
import { measurementsOf } from "./measurements.ts";
import { type LoopDelay, LoopDelayMonitor } from "./loop_delay.ts";

/** What each face has. */
export interface InspectedFace {
  /** See {@linkcode Inspection}. */
  readonly kind: Inspection["kind"];
  /** See {@linkcode Inspection}. */
  readonly name: string;
  /** The source of time. */
  readonly clock: Clock;
  /** Its logger. */
  readonly logger: EventLogger;
  /** Who is told of ended calls. */
  readonly traces: CallTraces;
  /** What is counted of its calls. */
  readonly figures: FaceFigures;
}

/** One face, as it can be looked at; each face adds what only it knows. */
export abstract class FaceInspection implements Inspection {
  /** See {@linkcode Inspection}. */
  readonly kind: Inspection["kind"];
  /** See {@linkcode Inspection}. */
  readonly name: string;
  /** See {@linkcode Inspection}. */
  readonly clock: Clock;
  /** See {@linkcode Inspection}. */
  readonly logger: EventLogger;
  /** See {@linkcode Inspection}. */
  readonly figures: FaceFigures;

  readonly #traces: CallTraces;
  readonly #madeMs: number;
  #monitor: LoopDelayMonitor | null = null;
  #unwatch: (() => void) | null = null;
  #isClosed = false;

  constructor({ kind, name, clock, logger, traces, figures }: InspectedFace) {
    this.kind = kind;
    this.name = name;
    this.clock = clock;
    this.logger = logger;
    this.figures = figures;
    this.#traces = traces;
    this.#madeMs = clock.now();
  }

  /** See {@linkcode Inspection}. */
  abstract get options(): PlainOptions;
  /** See {@linkcode Inspection}. */
  abstract get addresses(): readonly string[];
  /** See {@linkcode Inspection}. */
  abstract stats(): FaceStats;
  /** See {@linkcode Inspection}. */
  abstract remotes(): readonly Remote[];
  /** See {@linkcode Inspection}. */
  abstract handlers(): readonly RegisteredHandler[];
  /** See {@linkcode Inspection}. */
  abstract calls(options?: CallsOptions): readonly CallInFlight[];
  /** See {@linkcode Inspection}. */
  abstract drain(options?: CloseOptions): Promise<void>;

  /** See {@linkcode Inspection}. */
  get phase(): "open" | "closing" | "closed" {
    if (this.#isClosed) return "closed";
    return this.isClosing ? "closing" : "open";
  }

  /** Whether it takes no new calls. */
  protected abstract get isClosing(): boolean;

  /** See {@linkcode Inspection}. */
  get uptimeMs(): number {
    return this.clock.now() - this.#madeMs;
  }

  /** See {@linkcode Inspection}. */
  get logLevel(): LogLevel {
    return this.logger instanceof GuardedLogger ? this.logger.level : "debug";
  }

  /** See {@linkcode Inspection}. */
  set logLevel(level: LogLevel) {
    if (this.logger instanceof GuardedLogger) this.logger.level = level;
  }

  /** See {@linkcode Inspection}. */
  guests(): readonly Remote[] {
    return [];
  }

  /** See {@linkcode Inspection}. */
  certificates(): readonly CertificateEnd[] {
    const ends = [...this.ownCertificates()];
    for (const { host, identity } of this.remotes()) {
      if (identity?.expiresMs === undefined) continue;
      const { subject, expiresMs } = identity;
      ends.push({ whose: "remote", host, subject, expiresMs });
    }
    return ends;
  }

  /** Until when this side's own certificates are valid. */
  protected abstract ownCertificates(): readonly CertificateEnd[];

  /** See {@linkcode Inspection}. */
  loopDelay(): LoopDelay {
    const monitor = this.#monitor ??= new LoopDelayMonitor(this.clock);
    if (this.phase === "closed") monitor.close();
    return monitor.read();
  }

  /** See {@linkcode Inspection}. */
  trace(subscriber: (call: CallTrace) => void): () => void {
    return this.#traces.subscribe(subscriber);
  }

  /** The face is made: a meter may read its figures. */
  begin(): void {
    const { kind, name } = this;
    this.#unwatch ??= this.figures.watch(() => measurementsOf(this), { kind, name });
  }

  /** The face has closed: nothing of it is open any more. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch?.();
    this.#unwatch = null;
    this.#monitor?.close();
  }
}

/**
 * What a link tells of the other end.
 *
 * @param link `null`: there is none.
 * @param lastFailure Why there is none, if that is known.
 */
export function linkFacts(
  link: Link | null,
  lastFailure?: unknown,
): Pick<
  Remote,
  | "address"
  | "instance"
  | "identity"
  | "clockSkewMs"
  | "sendWindowBytes"
  | "heldBytes"
  | "lastFailure"
> {
  const peer = link === null ? null : link.session.peer;
  return {
    address: link?.remote ?? "",
    instance: peer?.instance ?? "",
    identity: link?.identity,
    clockSkewMs: peer?.clockSkewMs ?? NaN,
    sendWindowBytes: link?.session.sendWindowBytes ?? NaN,
    heldBytes: link?.session.heldBytes ?? 0,
    lastFailure: link === null && lastFailure !== undefined ? messageOf(lastFailure) : "",
  };
}

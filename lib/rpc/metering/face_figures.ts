/**
 * What is counted of all calls of one node, client or server.
 *
 * @module
 */

import type { Clock } from "../../runtime/clock.ts";
import type { Measurement, MeteredCalls, MeteredFace } from "../contract/meter.ts";
import { CallFigures } from "./call_figures.ts";
import type { GuardedMeter } from "./guarded_meter.ts";
import { InlineTimes } from "./inline_times.ts";

/** For so many pairs of handler and host calls are counted by themselves; of more together, so that names from outside never take memory without bound. */
const MAX_FIGURES = 2_000;
/** The handler and host of all others. */
export const OTHER = "_other";
/** How long the figures of a host that is gone are kept without a call, in milliseconds. */
const KEPT_MS = 600_000;

/** One entry, with what is needed to see that it is not used any more. */
interface Entry {
  readonly figures: CallFigures;
  total: number;
  changedMs: number;
}

/** Further calls of handlers, by the handlers' names. */
export type CountsByName = ReadonlyMap<string, number>;

/** The figures of one node, client or server. Nothing is counted before somebody wants it. */
export class FaceFigures {
  /** Whether calls are counted. */
  active: boolean;
  /** Changes whenever some figures are given up: whoever keeps some then asks for them again. */
  generation = 0;
  /** Times handlers that answer in the turn in which they were called. */
  readonly inline: InlineTimes;

  readonly #meter: GuardedMeter | null;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #retries = new Map<string, number>();
  readonly #hedges = new Map<string, number>();
  readonly #setAside = new Map<string, number>();

  /** @param meter The user's, which counts from the start; `null` if there is none. */
  constructor(meter: GuardedMeter | null, clock: Clock) {
    this.#meter = meter;
    this.#clock = clock;
    this.active = meter !== null;
    this.inline = new InlineTimes(clock);
  }

  /**
   * Lets a user's meter read all further figures.
   *
   * @returns A function that ends that; `null` without such a meter.
   */
  watch(read: () => readonly Measurement[], face: MeteredFace): (() => void) | null {
    return this.#meter?.watch(read, face) ?? null;
  }

  /** Counts from now on. */
  begin(): void {
    this.active = true;
  }

  /** The figures of some calls. */
  of(calls: MeteredCalls): CallFigures {
    const { side, kind, handler, host } = calls;
    const key = `${side} ${kind} ${handler}\n${host}`, known = this.#entries.get(key);
    if (known !== undefined) return known.figures;
    if (this.#entries.size >= MAX_FIGURES && handler !== OTHER && host !== OTHER) {
      return this.of({ side, kind, handler: OTHER, host: OTHER });
    }
    const figures = new CallFigures(calls, this.#meter?.meterCalls(calls) ?? null);
    this.#entries.set(key, { figures, total: 0, changedMs: this.#clock.now() });
    return figures;
  }

  /**
   * All figures, in the order in which they were first needed.
   *
   * @param isPresent Whether there is still such a host; figures of others are given up after a while.
   */
  read(isPresent: (host: string) => boolean): readonly CallFigures[] {
    const nowMs = this.#clock.now();
    for (const [key, entry] of this.#entries) {
      const { figures, changedMs } = entry, { total, calls: { host } } = figures;
      if (total !== entry.total) {
        entry.total = total;
        entry.changedMs = nowMs;
      } else if (
        nowMs - changedMs > KEPT_MS && host !== "" && host !== OTHER && !isPresent(host)
      ) {
        this.#entries.delete(key);
        this.#setAside.delete(host);
        this.generation++;
      }
    }
    return [...this.#entries.values()].map(({ figures }) => figures);
  }

  /** A call is tried again. */
  onRetry(handler: string): void {
    if (this.active) add(this.#retries, handler);
  }

  /** A call is sent to one more replica. */
  onHedge(handler: string): void {
    if (this.active) add(this.#hedges, handler);
  }

  /** A replica is set aside. */
  onSetAside(host: string): void {
    if (this.active) add(this.#setAside, host);
  }

  /** How often calls were tried again, by handlers. */
  get retries(): CountsByName {
    return this.#retries;
  }

  /** How often calls were sent to one more replica, by handlers. */
  get hedges(): CountsByName {
    return this.#hedges;
  }

  /** How often replicas were set aside, by hosts. */
  get setAside(): CountsByName {
    return this.#setAside;
  }
}

function add(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < MAX_FIGURES ? name : OTHER;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/**
 * The way from one host to another.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { SeededRandom } from "../time/seeded_random.ts";
import type { VirtualClock } from "../time/virtual_clock.ts";
import { invalidOption, optionsOf } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/** What a link is like, in one direction. */
export interface LinkOptions {
  /** The least time a byte is under way, in milliseconds. Default: 0.1. */
  latencyMinMs: number;
  /** The most, in milliseconds; each piece draws its own, but none overtakes another. Default: 1. */
  latencyMaxMs: number;
  /** How many bytes leave in a millisecond, over all connections together. Default: 125,000 (1 Gbit/s). */
  bandwidthBytesPerMs: number;
  /**
   * How often nothing arrives for a while, as after the loss of a packet that is
   * sent again: once in each of so many milliseconds, at a time drawn at random.
   * Default: `Infinity`, never.
   */
  stallEveryMs: number;
  /** How long nothing arrives then, in milliseconds; less than `stallEveryMs`. What was held back arrives at its end. Default: 0. */
  stallMs: number;
  /** How probably a dial over this link is refused. Default: 0. */
  dialFailure: number;
  /** How probably one bit of a piece of a byte channel arrives changed. Default: 0. */
  corruption: number;
}

/** What links are like unless they are set otherwise. */
export const DEFAULT_LINK: Readonly<LinkOptions> = {
  latencyMinMs: 0.1,
  latencyMaxMs: 1,
  bandwidthBytesPerMs: 125_000,
  stallEveryMs: Infinity,
  stallMs: 0,
  dialFailure: 0,
  corruption: 0,
};

/** A machine, as a link knows it. */
export interface LinkPlace {
  /** Its canonical host URL. */
  readonly href: string;
  /** Whether the machine itself is gone. */
  readonly down: boolean;
  /** Which side of a partition it is on; 0 when there is none. */
  readonly side: number;
}

/** What goes over a link, in one direction of a connection. */
export interface LinkTraffic {
  /** Goes on after a blockade, and so does what the other direction has to say of it. */
  goOn(): void;
}

/** What a link needs of the network around it. */
export interface LinkContext {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** The options of links that have none of their own. */
  readonly defaults: Readonly<LinkOptions>;
  /** Whether a partition keeps bytes of the one host from the other. */
  isCut(from: LinkPlace, to: LinkPlace): boolean;
}

/** One direction between two hosts, shared by all their connections. */
export class Link {
  readonly from: LinkPlace;
  readonly to: LinkPlace;
  /** Options of its own, if it has any. */
  own: Readonly<LinkOptions> | null = null;
  /** Whether bytes stopped flowing: nothing arrives, nothing is reported. */
  stalled = false;
  /** What goes over it; rarely more than one, of so many links that each byte counts. */
  pipes: readonly LinkTraffic[] = NOTHING;
  readonly #context: LinkContext;
  #busyUntilMs = 0;
  /** When the period of stalls ends that was drawn last, and when the stall of it begins. */
  #periodEndMs = -Infinity;
  #stallAtMs = -Infinity;
  #waiting: readonly (() => void)[] = NOTHING;

  constructor(from: LinkPlace, to: LinkPlace, context: LinkContext) {
    this.from = from;
    this.to = to;
    this.#context = context;
  }

  /** What it is like now. */
  get options(): Readonly<LinkOptions> {
    return this.own ?? this.#context.defaults;
  }

  /** Whether nothing gets through at the moment. */
  get blocked(): boolean {
    const { from, to } = this;
    return this.stalled || from.down || to.down || this.#context.isCut(from, to);
  }

  /** Draws how long something is under way, its size and what left before it included. */
  drawDelay(byteLength: number): number {
    const { latencyMinMs, latencyMaxMs, bandwidthBytesPerMs } = this.options;
    const now = this.#context.clock.now();
    const departureMs = Math.max(now, this.#busyUntilMs) + byteLength / bandwidthBytesPerMs;
    this.#busyUntilMs = departureMs;
    const delayMs = departureMs - now + this.#context.random.float(latencyMinMs, latencyMaxMs);
    return this.#stalledUntil(now + delayMs) - now;
  }

  /** When something arrives that would at that time, were it not for stalls. */
  #stalledUntil(arrivalMs: number): number {
    const { stallEveryMs, stallMs } = this.options;
    if (stallEveryMs === Infinity || stallMs === 0) return arrivalMs;
    if (arrivalMs >= this.#periodEndMs) {
      const period = Math.floor(arrivalMs / stallEveryMs);
      this.#periodEndMs = (period + 1) * stallEveryMs;
      const spareMs = stallEveryMs - stallMs;
      this.#stallAtMs = period * stallEveryMs + this.#context.random.float(0, spareMs);
    }
    const isHeld = arrivalMs >= this.#stallAtMs && arrivalMs < this.#stallAtMs + stallMs;
    return isHeld ? this.#stallAtMs + stallMs : arrivalMs;
  }

  /** Carries a small packet, such as one that opens a connection; while blocked it is sent again. */
  carry(arrived: () => void): void {
    this.#context.clock.setTimer(this.drawDelay(0), () => {
      if (this.blocked) this.#waiting = [...this.#waiting, () => this.carry(arrived)];
      else arrived();
    });
  }

  /** Lets everything go on that waited, if nothing blocks it any more. */
  kick(): void {
    if (this.blocked) return;
    const waiting = this.#waiting;
    this.#waiting = NOTHING;
    for (const again of waiting) again();
    for (const pipe of this.pipes) pipe.goOn();
  }
}

const NOTHING: readonly never[] = [];

/** Completes and checks link options. */
export function checkLinkOptions(
  base: Readonly<LinkOptions>,
  changes: Partial<LinkOptions>,
): Readonly<LinkOptions> {
  const options = { ...base };
  for (const [name, value] of Object.entries(optionsOf("a link", changes))) {
    if (value === undefined) continue;
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw invalidOption(name, `of a link must be a number, not ${shown(value)}`);
    }
    options[name as keyof LinkOptions] = value;
  }
  // Who names only one bound of the latency means at least, or at most, that.
  if (changes.latencyMaxMs === undefined) {
    options.latencyMaxMs = Math.max(options.latencyMaxMs, options.latencyMinMs);
  } else if (changes.latencyMinMs === undefined) {
    options.latencyMinMs = Math.min(options.latencyMinMs, options.latencyMaxMs);
  }
  const { latencyMinMs, latencyMaxMs, bandwidthBytesPerMs, dialFailure, corruption } = options;
  const { stallEveryMs, stallMs } = options;
  if (!(stallEveryMs > 0 && stallMs >= 0 && stallMs < stallEveryMs)) {
    throw invalidArgument(
      `stallMs must be from 0 to less than stallEveryMs, not ${stallMs} of ${stallEveryMs} ms.`,
    );
  }
  if (!(latencyMinMs >= 0 && latencyMaxMs >= latencyMinMs && latencyMaxMs < Infinity)) {
    throw invalidArgument(
      `A link's latency must be a range from 0 upwards, not ${latencyMinMs} to ${latencyMaxMs} ms.`,
    );
  }
  if (!(bandwidthBytesPerMs > 0)) {
    throw invalidArgument(`bandwidthBytesPerMs must be over 0, not ${bandwidthBytesPerMs}.`);
  }
  for (const [name, probability] of Object.entries({ dialFailure, corruption })) {
    if (!(probability >= 0 && probability <= 1)) {
      throw invalidArgument(`${name} must be a probability from 0 to 1, not ${probability}.`);
    }
  }
  return options;
}

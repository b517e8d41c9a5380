/**
 * Sets that lose too much at once.
 *
 * @module
 */

import type { EventLogger } from "../../foreign/log_event.ts";
import { are, counted, shown } from "../../foreign/text_of.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { invalidOption, positiveOption } from "./option_checks.ts";
import { clockOf } from "../../runtime/given_clock.ts";

/** How much of a set may vanish at once. A source that has lost its data looks like one whose servers have all gone. */
export interface ShrinkOptions {
  /**
   * What part of the endpoints may vanish at once, or one after the other within
   * `shrinkHoldMs`: from 0 to below 1; `false`: all of them. If more vanish,
   * they stay in use, with a warning, and so does whatever vanishes until all
   * are back; new ones are added at once. Each is given up when the source has
   * said for `shrinkHoldMs` that it is gone, without a failure in between.
   *
   * Default: 0.5 for DNS and etcd, `false` for all others. In DNS `false` still
   * keeps the last ones when all are gone.
   */
  readonly maxShrink?: number | false | undefined;
  /** How long a source must say that too many endpoints are gone before they are, in milliseconds. Default: 30,000; for DNS 60,000, or twice its `intervalMs` if that is longer. */
  readonly shrinkHoldMs?: number | undefined;
}

/** The same with everything filled in. */
export interface ShrinkSettings {
  /** See {@linkcode ShrinkOptions}. */
  readonly maxShrink: number | false;
  /** See {@linkcode ShrinkOptions}. */
  readonly shrinkHoldMs: number;
}

/** Whose set it is. */
export interface ShrinkOwner {
  /** What the endpoints are of, for the log: `"the file /etc/cache.endpoints"`. */
  readonly what: string;
  /** Hears of it. Default: the console. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/** Whatever a program or an operator lists is meant. */
const FREELY: ShrinkSettings = { maxShrink: false, shrinkHoldMs: 30_000 };

/**
 * Fills in what is missing and checks the rest.
 *
 * @param owner Whose options they are, for errors.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function shrinkSettings(
  owner: string,
  given: ShrinkOptions,
  defaults: ShrinkSettings = FREELY,
): ShrinkSettings {
  const { maxShrink = defaults.maxShrink } = given;
  const isPart = typeof maxShrink === "number" && maxShrink >= 0 && maxShrink < 1;
  if (maxShrink !== false && !isPart) {
    const rule = `must be false or a number from 0 to below 1, not ${shown(maxShrink)}`;
    throw invalidOption(owner, "maxShrink", rule);
  }
  const holdMs = positiveOption(owner, "shrinkHoldMs", given.shrinkHoldMs, defaults.shrinkHoldMs);
  return { maxShrink, shrinkHoldMs: holdMs };
}

/** One that stays in use. */
interface HeldEndpoint {
  readonly endpoint: Endpoint;
  /** Since when the source says that it is gone; `null`: it was in trouble meanwhile. */
  readonly sinceMs: number | null;
}

/** Keeps endpoints that vanish with too many others, for a time. */
export class ShrinkGuard {
  /** Where time comes from. */
  readonly clock: Clock;
  readonly #maxShrink: number;
  readonly #holdMs: number;
  readonly #what: string;
  readonly #logger: EventLogger;
  /** What counts. */
  #current: readonly Endpoint[] = [];
  /** Those that the source lists no more. */
  #held: readonly HeldEndpoint[] = [];
  /** How many there were lately, and until when: ever fewer. */
  #sizes: { readonly size: number; untilMs: number }[] = [];

  private constructor(maxShrink: number, holdMs: number, owner: ShrinkOwner) {
    this.#maxShrink = maxShrink;
    this.#holdMs = holdMs;
    this.#what = owner.what;
    this.#logger = loggerOf(owner.logger);
    this.clock = clockOf(owner.clock);
  }

  /** Makes a guard; `null`: all may vanish. */
  static of({ maxShrink, shrinkHoldMs }: ShrinkSettings, owner: ShrinkOwner): ShrinkGuard | null {
    return maxShrink === false ? null : new ShrinkGuard(maxShrink, shrinkHoldMs, owner);
  }

  /** How long until the next that is held is given up, in milliseconds; `null`: none will be. */
  get releaseInMs(): number | null {
    const times = this.#held.flatMap(({ sinceMs }) => sinceMs ?? []);
    if (times.length === 0) return null;
    return Math.max(0, Math.min(...times) + this.#holdMs - this.clock.now());
  }

  /**
   * Says what counts of what the source lists now.
   *
   * @param listed All that it lists, none twice.
   * @returns The same, or with those behind it that are held.
   */
  take(listed: readonly Endpoint[]): readonly Endpoint[] {
    const nowMs = this.clock.now(), vanished = missingFrom(listed, this.#current);
    if (this.#held.length > 0) this.#hold(listed.length, vanished, nowMs);
    else if (vanished.length > 0 && this.#isTooMuch(listed.length, nowMs)) {
      this.#held = vanished.map((endpoint) => ({ endpoint, sinceMs: nowMs }));
      this.#warn(vanished.length, listed.length);
    }
    this.#current = [...listed, ...this.#held.map(({ endpoint }) => endpoint)];
    this.#note(this.#current.length, nowMs);
    return this.#current;
  }

  /** The source is in trouble: what it said last proves nothing. */
  fail(): void {
    this.#held = this.#held.map(({ endpoint }) => ({ endpoint, sinceMs: null }));
  }

  #hold(listed: number, vanished: readonly Endpoint[], nowMs: number): void {
    const since = new Map(this.#held.map(({ endpoint, sinceMs }) => [endpoint, sinceMs]));
    const held = vanished.map((endpoint) => ({ endpoint, sinceMs: since.get(endpoint) ?? nowMs }));
    this.#held = held.filter(({ sinceMs }) => nowMs - sinceMs < this.#holdMs);
    const count = held.length - this.#held.length;
    if (count > 0) {
      const left = listed + this.#held.length;
      this.#logger.warn(
        `${counted(count, "endpoint")} of ${this.#what} ${
          count === 1 ? "has" : "have"
        } not been listed ` +
          `for ${this.#holdMs} ms, and ${are(count)} no longer used. ${left} ${are(left)} left.`,
        { event: "endpoints_released", name: this.#what, count },
      );
    } else if (held.length === 0) {
      this.#logger.info(`All endpoints of ${this.#what} are listed again.`, {
        event: "endpoints_back",
        name: this.#what,
        count: listed,
      });
    }
    if (this.#held.length === 0) this.#sizes = [];
  }

  #isTooMuch(size: number, nowMs: number): boolean {
    const recent = this.#sizes.find(({ untilMs }) => untilMs >= nowMs - this.#holdMs);
    const most = recent?.size ?? 0;
    return most - size > this.#maxShrink * most;
  }

  #note(size: number, nowMs: number): void {
    const sizes = this.#sizes.filter(({ untilMs }) => untilMs >= nowMs - this.#holdMs);
    const last = sizes.at(-1);
    if (last?.untilMs === Infinity) last.untilMs = nowMs;
    // What was no more than there is now says nothing any more.
    this.#sizes = [...sizes.filter((one) => one.size > size), { size, untilMs: Infinity }];
  }

  #warn(vanished: number, left: number): void {
    this.#logger.warn(
      `${counted(vanished, "endpoint")} of ${this.#what} ` +
        `${are(vanished)} gone at once, and ${left} ${are(left)} left. ` +
        `Those that are gone stay in use until they are listed again, or until they have not ` +
        `been for ${this.#holdMs} ms (options maxShrink and shrinkHoldMs).`,
      { event: "endpoints_held", name: this.#what, count: vanished },
    );
  }
}

/** Those of the known endpoints that are not listed, neither they nor others of their names. */
function missingFrom(listed: readonly Endpoint[], known: readonly Endpoint[]): Endpoint[] {
  const addresses = new Set(listed.map(({ address }) => address));
  const names = new Set(listed.map(({ address, name = address }) => name));
  return known.filter(({ address, name = address }) => !addresses.has(address) && !names.has(name));
}

/**
 * The endpoints that are known at the moment, and who waits for others.
 *
 * @module
 */

import { type Endpoint, haveSameAttributes } from "../../transport/channel/endpoint.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { ShrinkGuard } from "./shrink_guard.ts";
import { missing, type Resolution, type Version } from "./resolver.ts";

/** Somebody who has asked and not been answered. */
interface Asker {
  /** What it knows already; `null` takes anything that is up to date. */
  readonly version: Version | null;
  readonly answer: (resolution: Resolution) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * What the resolvers that change have in common: the set of the moment under a
 * version, and any number of askers at a time, each of whom may give up.
 *
 * A set with the same addresses as the one before, in whatever order, and with
 * the same attributes, is no news and keeps its version.
 */
export class LatestResolution {
  readonly #askers = new Set<Asker>();
  readonly #guard: ShrinkGuard | null;
  /** What was told last; `null`: that there is no value. */
  #told: readonly Endpoint[] | null = null;
  /** Runs while somebody waits and the guard holds endpoints. */
  #timer: Timer | null = null;
  #current: Resolution | null = null;
  #count = 0;
  /** Whether `#current` holds at this moment; else it is what was known last. */
  #upToDate = false;
  /** Why nothing up to date can be had, if so. */
  #failure: { readonly reason: unknown } | null = null;

  /**
   * Starts with nothing.
   *
   * @param guard Keeps endpoints that vanish with too many others. Default: none.
   */
  constructor(guard: ShrinkGuard | null = null) {
    this.#guard = guard;
  }

  /** What counts since it was told last, if anything was. */
  get current(): Resolution | null {
    return this.#current;
  }

  /** How many askers have not been answered. */
  get waiting(): number {
    return this.#askers.size;
  }

  /** As {@linkcode Resolver.resolve}. */
  ask(version: Version | null, signal: AbortSignal): Promise<Resolution> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#upToDate && this.#guard?.releaseInMs === 0) this.#decide();
    const known = this.#answerTo(version);
    if (known !== null) return Promise.resolve(known);
    if (version === null && this.#failure !== null) return Promise.reject(this.#failure.reason);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#askers.delete(asker);
        this.#setTimer();
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = (): void => asker.reject(signal.reason);
      const asker: Asker = {
        version,
        answer: (resolution) => {
          done();
          resolve(resolution);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      };
      this.#askers.add(asker);
      this.#setTimer();
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** These are the endpoints now; `null` if the value does not exist in its store. */
  tell(endpoints: Iterable<Endpoint> | null): void {
    this.#upToDate = true;
    this.#failure = null;
    this.#told = endpoints === null ? null : distinctEndpoints(endpoints);
    this.#decide();
  }

  /** Says what counts of what was told last. */
  #decide(): void {
    const told = this.#told ?? [], guard = this.#guard;
    const next = guard === null ? told : Object.freeze(guard.take(told));
    const isMissing = this.#told === null && next.length === 0;
    if (
      this.#current === null || (this.#current.version === missing) !== isMissing ||
      !sameEndpoints(this.#current.endpoints, next)
    ) {
      this.#current = { endpoints: next, version: isMissing ? missing : String(++this.#count) };
    }
    this.#answerAll();
    this.#setTimer();
  }

  /** Endpoints that are held are given up in time, if somebody waits for that. */
  #setTimer(): void {
    const guard = this.#guard;
    if (guard === null) return;
    if (this.#timer !== null) guard.clock.clearTimer(this.#timer);
    this.#timer = null;
    const inMs = this.#upToDate && this.#askers.size > 0 ? guard.releaseInMs : null;
    if (inMs === null) return;
    this.#timer = guard.clock.setTimer(inMs, () => {
      this.#timer = null;
      this.#decide();
    });
  }

  /** The endpoints cannot be had: whoever waits for any gets the last ones known, or the reason. */
  fail(reason: unknown): void {
    this.#upToDate = false;
    this.#failure = { reason };
    this.#guard?.fail();
    this.#setTimer();
    this.#answerAll();
    for (const asker of [...this.#askers]) {
      if (asker.version === null || this.#current === null) asker.reject(reason);
    }
  }

  /** Nobody looks any more, so what is known may grow old. */
  expire(): void {
    this.#upToDate = false;
    this.#failure = null;
    this.#setTimer();
  }

  /** Lets everybody go: with what is known, else with a reason. */
  release(reason: unknown): void {
    for (const asker of [...this.#askers]) {
      if (this.#current === null) asker.reject(reason);
      else asker.answer(this.#current);
    }
  }

  /** Ends all waiting with a reason. */
  rejectAll(reason: unknown): void {
    for (const asker of [...this.#askers]) asker.reject(reason);
  }

  #answerAll(): void {
    for (const asker of [...this.#askers]) {
      const known = this.#answerTo(asker.version);
      if (known !== null) asker.answer(known);
    }
  }

  #answerTo(version: Version | null): Resolution | null {
    if (this.#current === null) return null;
    if (version !== null) return version === this.#current.version ? null : this.#current;
    return this.#upToDate || this.#failure !== null ? this.#current : null;
  }
}

/**
 * One endpoint for each address.
 *
 * @param endpoints Any endpoints.
 * @returns The first of each address, in their order.
 */
export function distinctEndpoints(endpoints: Iterable<Endpoint>): readonly Endpoint[] {
  const byAddress = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    if (!byAddress.has(endpoint.address)) byAddress.set(endpoint.address, endpoint);
  }
  return Object.freeze([...byAddress.values()]);
}

/** Whether two sets have the same addresses, of which the same is said. */
function sameEndpoints(left: readonly Endpoint[], right: readonly Endpoint[]): boolean {
  if (left.length !== right.length) return false;
  const byAddress = new Map(left.map((endpoint) => [endpoint.address, endpoint]));
  return right.every((endpoint) => {
    const known = byAddress.get(endpoint.address);
    return known !== undefined && haveSameAttributes(known, endpoint);
  });
}

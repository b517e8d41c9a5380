/**
 * Leases of any engine.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import {
  flag,
  func,
  invalidOption,
  knownOptionsOf,
  type NamesOf,
  notNegative,
  text,
} from "../../foreign/option_checks.ts";
import { quoted } from "../../foreign/plain_text.ts";
import {
  checkSignal,
  leaveSignal,
  listenTo,
  reasonOf,
  throwIfAborted,
} from "../../foreign/signal.ts";
import { sentence } from "../../foreign/text_of.ts";
import type { Random } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import { HeldLease, type LeaseWorld } from "./held_lease.ts";
import type {
  Leader,
  LeaderOptions,
  Lease,
  LeaseOptions,
  Leases,
  SingletonOptions,
} from "./lease.ts";
import { MAX_NAME_LENGTH } from "./lease_contracts.ts";
import type { NotGained, Wish } from "./lease_engine.ts";
import { Leadership } from "./leadership.ts";

/**
 * Who did not gain it tries again after so much of a lease's time, and up to so
 * much more, which grows from one time to the next: those who meet again and
 * again are spread. It stays below what keeps a turn: see voter.ts.
 */
const AGAIN_SHARE = 0.05, FIRST_JITTER_SHARE = 0.05, MAX_JITTER_SHARE = 0.13, GROWTH = 1.5;
const TIMEOUT_MS = 60_000;
const GRACE_MS = 5_000;
const LEASE_OPTIONS: NamesOf<LeaseOptions> = { shared: true, timeoutMs: true, signal: true };
const LEADER_OPTIONS: NamesOf<LeaderOptions> = { onGained: true, onLost: true, graceMs: true };
const SINGLETON_OPTIONS: NamesOf<SingletonOptions> = { graceMs: true };

/** Leases that an engine keeps. */
export class EngineLeases implements Leases {
  readonly #world: LeaseWorld;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #held = new Set<HeldLease>();
  readonly #leaders = new Set<Leadership>();
  readonly #gaining = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(world: LeaseWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  async lease(name: string, options: LeaseOptions = {}): Promise<Lease> {
    checkName(name);
    const { timeoutMs = TIMEOUT_MS, signal, shared } = knownOptionsOf(
      "lease",
      options,
      LEASE_OPTIONS,
    );
    const isShared = flag("shared", shared, false);
    if (!(timeoutMs === Infinity)) notNegative("timeoutMs", timeoutMs, 0);
    checkSignal(signal);
    this.#checkOpen();
    throwIfAborted(signal);
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(reasonOf(signal));
    listenTo(signal, onAbort, (thrown) => giveUp.abort(thrown));
    try {
      const gained = await this.#gain({ name, isShared }, giveUp.signal, timeoutMs);
      if (gained instanceof HeldLease) return gained;
      const when = timeoutMs === 0
        ? "at the first attempt, the only one with timeoutMs: 0"
        : `within ${timeoutMs} ms`;
      const own = this.#ownReason(name, isShared);
      throw new InternodeError(
        "DeadlineExceeded",
        `The lease ${quoted(name)} was not gained ${when}. ${sentence(gained.why)}${own}`,
        { origin: "remote", outcome: "executed" },
      );
    } finally {
      leaveSignal(signal, onAbort);
    }
  }

  leader(name: string, options: LeaderOptions = {}): Leader {
    checkName(name);
    const { onGained, onLost, graceMs } = knownOptionsOf("leader", options, LEADER_OPTIONS);
    if (onGained !== undefined) func("onGained", onGained);
    if (onLost !== undefined) func("onLost", onLost);
    return this.#lead(name, { onGained, onLost, run: undefined, graceMs: graceOf(graceMs) });
  }

  singleton(name: string, run: (lease: Lease) => unknown, options: SingletonOptions = {}): Leader {
    checkName(name);
    func("run", run);
    const { graceMs } = knownOptionsOf("singleton", options, SINGLETON_OPTIONS);
    return this.#lead(name, {
      onGained: undefined,
      onLost: undefined,
      run,
      graceMs: graceOf(graceMs),
    });
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Tries until it succeeds, the time is over, or a signal aborts.
   *
   * @returns The lease, or why it was not gained.
   * @throws The signal's reason; `Closed`; or what the engine has rejected with.
   */
  async #gain(wish: Wish, signal: AbortSignal, timeoutMs: number): Promise<HeldLease | NotGained> {
    const gaining = this.#tryAgain(wish, signal, timeoutMs);
    this.#gaining.add(gaining);
    try {
      return await gaining;
    } finally {
      this.#gaining.delete(gaining);
    }
  }

  async #tryAgain(
    wish: Wish,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<HeldLease | NotGained> {
    const { engine, clock } = this.#world, endMs = clock.now() + timeoutMs;
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    const seeker = engine.seek(wish, timeoutMs > 0);
    let jitter = FIRST_JITTER_SHARE;
    try {
      while (true) {
        stop.throwIfAborted();
        const tried = await seeker.attempt(stop);
        if ("holder" in tried) {
          if (!stop.aborted && clock.now() < tried.untilMs) return this.#keep(tried);
          await engine.release(tried);
          continue;
        }
        stop.throwIfAborted();
        const pauseMs = engine.ttlMs * (AGAIN_SHARE + this.#random.next() * jitter);
        jitter = Math.min(jitter * GROWTH, MAX_JITTER_SHARE);
        if (clock.now() + pauseMs >= endMs) return tried;
        await pause(clock, pauseMs, stop);
      }
    } finally {
      await seeker.end();
    }
  }

  /** What this node itself has in the way of a lease, for people. */
  #ownReason(name: string, isShared: boolean): string {
    const held = [...this.#held].filter((lease) => lease.name === name && lease.isHeld);
    const inWay = held.find((lease) => !isShared || !lease.isShared);
    if (inWay === undefined) return "";
    return ` This node ${
      inWay.isShared ? "shares it" : "has it"
    } itself: if whoever asks has that ` +
      "lease, release that first, as a lease is not turned into one of another kind.";
  }

  #keep(hold: ConstructorParameters<typeof HeldLease>[1]): HeldLease {
    const lease = new HeldLease(this.#world, hold, (ended) => this.#held.delete(ended));
    this.#held.add(lease);
    return lease;
  }

  #lead(name: string, told: ConstructorParameters<typeof Leadership>[2]): Leader {
    this.#checkOpen();
    const { engine, clock, logger } = this.#world, wish = { name, isShared: false };
    const leader = new Leadership(
      { clock, logger, ttlMs: engine.ttlMs, gain: (signal) => this.#gain(wish, signal, Infinity) },
      name,
      told,
      (ended) => this.#leaders.delete(ended),
    );
    this.#leaders.add(leader);
    return leader;
  }

  async #close(): Promise<void> {
    this.#stop.abort(closedError());
    await Promise.all([...this.#leaders].map((leader) => leader.close()));
    await Promise.allSettled(this.#gaining);
    await Promise.all([...this.#held].map((lease) => lease.release()));
    this.#world.engine.close();
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError();
  }
}

function closedError(): InternodeError {
  return new InternodeError("Closed", "The leases of this node are closed.", { origin: "caller" });
}

function checkName(name: string): void {
  text("name", name);
  if (name !== "" && name.length <= MAX_NAME_LENGTH) return;
  throw invalidOption("name", `must have 1 to ${MAX_NAME_LENGTH} characters, not ${name.length}`);
}

function graceOf(given: number | undefined): number {
  return notNegative("graceMs", given, GRACE_MS);
}

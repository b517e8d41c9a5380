/**
 * A lease that keeps itself.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Lease } from "./lease.ts";
import { type Hold, type LeaseEngine, LOST } from "./lease_engine.ts";

/** It is renewed after so much of its time, */
const RENEW_SHARE = 0.3;
/** and after so much more, if that has failed. */
const AGAIN_SHARE = 0.05;

const LATE = "it could not be renewed in time. Check the connections to those who keep it, and " +
  "that this process is not held up.";
const GONE = "those who keep it do not have it any more. Somebody has taken it away from there.";

/** Where leases live. */
export interface LeaseWorld {
  readonly engine: LeaseEngine;
  readonly clock: Clock;
  readonly logger: EventLogger;
}

/**
 * Renews itself until it ends.
 *
 * | state | `isHeld` | `signal` | renews | leaves it when |
 * | --- | --- | --- | --- | --- |
 * | held | until `untilMs` | aborted for who looks after `untilMs` | yes | it is retired, released, or `untilMs` is there: lost |
 * | retired | until `untilMs` | aborted | yes | the same |
 * | lost, released, abandoned | no | aborted | no | |
 */
export class HeldLease implements Lease {
  readonly name: string;
  readonly isShared: boolean;
  readonly token: number;
  /** Resolves with the reason when it has ended. */
  readonly ended: Promise<unknown>;
  readonly #world: LeaseWorld;
  readonly #hold: Hold;
  readonly #controller: AbortController;
  readonly #renewing = new AbortController();
  readonly #end = Promise.withResolvers<unknown>();
  readonly #onEnd: (lease: HeldLease) => void;
  #untilMs: number;
  #isOver = false;
  #renewal: Timer | null = null;
  #loss: Timer | null = null;
  #released: Promise<void> | null = null;

  /**
   * @param onEnd Is told once that it is over. Must not throw.
   */
  constructor(world: LeaseWorld, hold: Hold, onEnd: (lease: HeldLease) => void) {
    this.name = hold.name;
    this.isShared = hold.isShared;
    this.token = hold.token;
    this.ended = this.#end.promise;
    this.#world = world;
    this.#hold = hold;
    this.#untilMs = hold.untilMs;
    this.#onEnd = onEnd;
    this.#controller = guardedController(world.logger, "a lease");
    this.#watchLoss();
    this.#renewAfter(RENEW_SHARE);
  }

  get isHeld(): boolean {
    return this.remainingMs > 0;
  }

  get remainingMs(): number {
    return this.#isOver ? 0 : Math.max(0, this.#untilMs - this.#world.clock.now());
  }

  get signal(): AbortSignal {
    // Whoever was frozen may look before its timers run.
    if (!this.#isOver && !this.isHeld) this.#lose(LATE);
    return this.#controller.signal;
  }

  release(): Promise<void> {
    return this.#released ??= this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Asks those who use it to stop; it is kept until they have. */
  retire(reason: unknown): void {
    if (!this.#controller.signal.aborted) abort(this.#controller, reason);
  }

  /** Keeps it no more, and leaves it to run out. */
  abandon(): void {
    this.#finish(closedReason(this));
  }

  async #release(): Promise<void> {
    if (!this.isHeld) this.#lose(LATE);
    // Whoever lost it has nothing to give back.
    if (this.#isOver) return;
    this.#finish(closedReason(this));
    await this.#world.engine.release(this.#hold);
  }

  #watchLoss(): void {
    const { clock } = this.#world;
    this.#loss = clock.setTimer(Math.max(0, this.#untilMs - clock.now()), () => {
      this.#loss = null;
      if (this.isHeld) this.#watchLoss();
      else this.#lose(LATE);
    });
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    const text = `The lease ${quoted(this.name)} (token ${this.token}) is lost: ${why}`;
    this.#world.logger.warn(text, { event: "lease_lost", name: this.name });
    this.#finish(new InternodeError("Unreachable", text, { origin: "network" }));
  }

  #renewAfter(share: number): void {
    const { clock, engine } = this.#world;
    this.#renewal = clock.setTimer(engine.ttlMs * share, () => {
      this.#renewal = null;
      // Whoever was frozen may find out here first.
      if (!this.isHeld) return this.#lose(LATE);
      engine.renew(this.#hold, this.#renewing.signal).then((untilMs) => this.#renewed(untilMs));
    });
  }

  #renewed(untilMs: number | null): void {
    if (this.#isOver) return;
    // A renewal that ended after what was held does not count: see grid_engine.ts.
    if (!this.isHeld) return this.#lose(LATE);
    if (untilMs === LOST) return this.#lose(GONE);
    if (untilMs !== null && untilMs > this.#untilMs) this.#untilMs = untilMs;
    this.#renewAfter(untilMs === null ? AGAIN_SHARE : RENEW_SHARE);
  }

  #finish(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clock } = this.#world;
    if (this.#renewal !== null) clock.clearTimer(this.#renewal);
    if (this.#loss !== null) clock.clearTimer(this.#loss);
    this.#renewing.abort(reason);
    this.#onEnd(this);
    this.#end.resolve(reason);
    this.retire(reason);
  }
}

function closedReason({ name, token }: Lease): InternodeError {
  return new InternodeError(
    "Closed",
    `The lease ${quoted(name)} (token ${token}) was given up by this process.`,
  );
}

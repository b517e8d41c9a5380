/**
 * Leading, again and again.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import { HeldLease } from "./held_lease.ts";
import type { Leader, Lease } from "./lease.ts";

/** What leading needs. */
export interface LeadershipWorld {
  readonly clock: Clock;
  readonly logger: EventLogger;
  readonly ttlMs: number;
  /** Waits for the lease. */
  readonly gain: (signal: AbortSignal) => Promise<HeldLease | { readonly why: string }>;
}

/** What a leader's user has given. */
export interface LeadershipCallbacks {
  readonly onGained: ((lease: Lease) => unknown) | undefined;
  readonly onLost: ((lease: Lease, reason: unknown) => unknown) | undefined;
  /** Runs for as long as it leads. */
  readonly run: ((lease: Lease) => unknown) | undefined;
  readonly graceMs: number;
}

/**
 * Stands, leads, stands again.
 *
 * | state | leaves it when |
 * | --- | --- |
 * | standing | the lease is gained: leading; it is closed: closed |
 * | leading | the lease is lost, or the function has ended: after its end, standing; it is closed: leaving |
 * | leaving | what runs has ended: the lease is released; or the grace time is over: it runs out |
 * | closed | |
 */
export class Leadership implements Leader {
  readonly name: string;
  readonly #world: LeadershipWorld;
  readonly #callbacks: LeadershipCallbacks;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #onClosed: (leader: Leadership) => void;
  #lease: HeldLease | null = null;
  #closing: Promise<void> | null = null;

  /**
   * Begins to stand.
   *
   * @param onClosed Is told when it has closed. Must not throw.
   */
  constructor(
    world: LeadershipWorld,
    name: string,
    callbacks: LeadershipCallbacks,
    onClosed: (leader: Leadership) => void,
  ) {
    this.name = name;
    this.#world = world;
    this.#callbacks = callbacks;
    this.#onClosed = onClosed;
    this.#running = this.#run();
  }

  get lease(): Lease | null {
    return this.#lease?.isHeld === true ? this.#lease : null;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const what = `The leader of ${quoted(this.name)} is closed by this process.`;
    this.#stop.abort(new InternodeError("Closed", what, { origin: "caller" }));
    await this.#running;
    this.#onClosed(this);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, logger, ttlMs, gain } = this.#world, { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const lease = await gain(signal);
        if (!(lease instanceof HeldLease)) continue;
        logger.info(`This node leads ${quoted(this.name)} (token ${lease.token}).`, {
          event: "lease_gained",
          name: this.name,
        });
        this.#lease = lease;
        if (await this.#lead(lease)) await pause(clock, ttlMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn(
          `Leader ${quoted(this.name)} cannot stand at the moment, and tries again: ${
            sentence(textOf(error))
          }`,
          { event: "lease_refused", name: this.name, ...about(error) },
        );
        await pause(clock, ttlMs, signal);
      } finally {
        this.#lease = null;
      }
    }
  }

  /** Leads until the end; says whether that was since the function has ended. */
  async #lead(lease: HeldLease): Promise<boolean> {
    const { onGained, onLost, run, graceMs } = this.#callbacks, { signal } = this.#stop;
    if (onGained !== undefined) void this.#call("onGained", () => onGained(lease));
    const work = run === undefined
      ? null
      : this.#call("the singleton's function", () => run(lease));
    const closing = Promise.withResolvers<"closing">();
    const onClose = (): void => closing.resolve("closing");
    signal.addEventListener("abort", onClose);
    if (signal.aborted) onClose();
    const lost = lease.ended.then(() => "lost" as const);
    const done = work?.then(() => "done" as const);
    const first = await Promise.race(
      done === undefined ? [lost, closing.promise] : [lost, closing.promise, done],
    );
    if (first !== "closing") signal.removeEventListener("abort", onClose);
    if (first === "done") {
      await lease.release();
      return true;
    }
    const reason = first === "lost" ? await lease.ended : signal.reason;
    lease.retire(reason);
    const told = onLost === undefined ? null : this.#call("onLost", () => onLost(lease, reason));
    const ended = Promise.all([work, told]);
    if (first === "lost") {
      // One at a time on this node, too: it does not stand while the function runs.
      await Promise.race([work, closing.promise]);
      if (!signal.aborted) return false;
    }
    if (await this.#within(graceMs, ended)) await lease.release();
    else this.#giveUp(lease, graceMs);
    return false;
  }

  #giveUp(lease: HeldLease, graceMs: number): void {
    lease.abandon();
    const text = `What runs under the lease ${quoted(this.name)} has not ended ` +
      `within ${graceMs} ms; the lease is left to run out.`;
    this.#world.logger.warn(text, { event: "grace_over", name: this.name, graceMs });
  }

  /** Whether a promise that does not reject resolves in time. */
  async #within(graceMs: number, ended: Promise<unknown>): Promise<boolean> {
    const over = new AbortController();
    const isDone = await Promise.race([
      ended.then(() => true),
      pause(this.#world.clock, graceMs, over.signal).then(() => false),
    ]);
    over.abort();
    return isDone;
  }

  /** Calls the user; never rejects. */
  async #call(what: string, action: () => unknown): Promise<void> {
    try {
      await promiseOf(action);
    } catch (error) {
      this.#world.logger.error(
        `A callback of leader ${quoted(this.name)} (${what}) threw an error: ${
          sentence(textOf(error))
        }`,
        { event: "callback_failed", name: this.name, what, ...about(error) },
      );
    }
  }
}

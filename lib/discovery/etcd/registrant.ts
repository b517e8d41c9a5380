/**
 * Keeping an entry in etcd.
 *
 * @module
 */

import { checkSignal, leaveSignal, listenTo, throwIfAborted } from "../../foreign/signal.ts";
import { InternodeError } from "../../errors.ts";
import type { EventLogger, LogFields } from "../../foreign/log_event.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { sentence, shown, textOf } from "../../foreign/text_of.ts";
import { BackOff } from "../../rpc/connecting/back_off.ts";
import { loggerOf } from "../../rpc/contract/logger.ts";
import type { Clock } from "../../runtime/clock.ts";
import { EtcdGateway } from "./etcd_gateway.ts";
import { keyStart } from "./etcd_key.ts";
import { type EtcdEntry, type EtcdLease, EtcdStore } from "./etcd_store.ts";
import { type EndpointRecord, recordText } from "../resolver/endpoint_record.ts";
import { invalidOption, positiveOption } from "../resolver/option_checks.ts";
import { pause } from "../../runtime/pause.ts";
import type { RegisterOptions, Registration } from "./registration.ts";
import { TimeLimit } from "../resolver/time_limit.ts";
import { ProblemLog } from "../resolver/problem_log.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";

/** How often a lease is kept alive within the time it lives. */
const KEEPS_PER_LIFE = 3;
const OWNER = "register";

/** Puts the entry in, keeps it alive, puts it in again where it was lost, and takes it out. */
export class Registrant implements Registration {
  readonly address: string;
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly #ttlSeconds: number;
  readonly #startTimeoutMs: number;
  readonly #closeTimeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #logger: EventLogger;
  readonly #clock: Clock;
  readonly #store: EtcdStore;
  readonly #trouble: ProblemLog;
  /** That the entry was changed, until it is found as it should be. */
  readonly #changed: ProblemLog;
  /** That it cannot be looked at. */
  readonly #unchecked: ProblemLog;
  readonly #backOff: BackOff;
  readonly #stop = new AbortController();
  /** The lease granted last, whether or not the entry stands under it. */
  #lease: EtcdLease | null = null;
  #isEntered = false;
  #running: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(record: EndpointRecord, options: RegisterOptions) {
    const { address, name = address } = record;
    const { ttlSeconds = 10, requestTimeoutMs } = optionsOf(OWNER, options);
    if (!(Number.isSafeInteger(ttlSeconds) && ttlSeconds > 0)) {
      const rule = `must be a whole number above 0, not ${shown(ttlSeconds)}`;
      throw invalidOption(OWNER, "ttlSeconds", rule);
    }
    checkSignal(options.signal);
    this.address = address;
    this.name = name;
    this.value = recordText(record);
    this.key = keyStart(OWNER, options.prefix) + name;
    this.#ttlSeconds = ttlSeconds;
    this.#startTimeoutMs = positiveOption(OWNER, "startTimeoutMs", options.startTimeoutMs, 10_000);
    this.#closeTimeoutMs = positiveOption(OWNER, "closeTimeoutMs", options.closeTimeoutMs, 2_000);
    this.#outer = options.signal;
    this.#logger = loggerOf(options.logger);
    this.#clock = clockOf(options.clock);
    const keepMs = ttlSeconds * 1_000 / KEEPS_PER_LIFE;
    // One member that stays silent must not cost the lease while another would answer.
    const askMs = positiveOption(OWNER, "requestTimeoutMs", requestTimeoutMs, 5_000);
    const timeoutMs = Math.min(askMs, keepMs);
    this.#store = new EtcdStore(new EtcdGateway({ ...options, requestTimeoutMs: timeoutMs }));
    const over = (message: string): ProblemLog =>
      new ProblemLog(this.#logger, this.#clock, message, {
        event: "registration_up",
        key: this.key,
      });
    this.#trouble = over(`${this.key} is in etcd again.`);
    this.#changed = over(`${this.key} has its right value in etcd again.`);
    this.#unchecked = over(`${this.key} can be read in etcd again.`);
    this.#backOff = new BackOff(
      { initialMs: 20, factor: 1.6, maxMs: keepMs, jitter: 0.4 },
      randomOf(options.random),
    );
  }

  /** Resolves when the entry is in etcd, and keeps it from then on. */
  async start(): Promise<void> {
    throwIfAborted(this.#outer);
    listenTo(this.#outer, this.#onAbort, this.#onAbort);
    using bound = new TimeLimit(this.#clock, this.#startTimeoutMs, this.#stop.signal);
    try {
      await this.#enterWithin(bound.signal);
    } catch (error) {
      await this.close();
      throwIfAborted(this.#outer);
      throw error;
    }
    // The signal may have aborted after the last answer: then the entry is on its way out.
    if (this.#closing === null) this.#running = this.#run();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onAbort = (): void => void this.close();

  async #close(): Promise<void> {
    leaveSignal(this.#outer, this.#onAbort);
    this.#stop.abort(
      new InternodeError("Closed", `The registration of ${this.name} is closed.`),
    );
    await this.#running;
    await this.#takeOut();
    this.#store.disconnect();
  }

  async #takeOut(): Promise<void> {
    if (this.#lease === null) return;
    const unstopped = new AbortController();
    using bound = new TimeLimit(this.#clock, this.#closeTimeoutMs, unstopped.signal);
    try {
      await this.#store.revoke(this.#lease, bound.signal);
    } catch (error) {
      this.#logger.warn(
        `${this.key} could not be removed from etcd; it expires within ` +
          `${this.#lease.ttlSeconds} s: ${sentence(textOf(error))}`,
        this.#failed(error),
      );
    }
  }

  /** Tries until it succeeds, can never succeed, or the signal aborts; then the last failure counts. */
  async #enterWithin(signal: AbortSignal): Promise<void> {
    let last: unknown = null;
    while (true) {
      try {
        return await this.#enter(signal);
      } catch (error) {
        if (signal.aborted) throw last ?? this.#tooLate();
        if (!isPassing(error)) throw error;
        last = error;
        this.#trouble.warn(
          `${this.key} could not be put into etcd yet: ${sentence(textOf(error))}`,
          this.#failed(error),
        );
      }
      await pause(this.#clock, this.#backOff.next(), signal);
      if (signal.aborted) throw last;
    }
  }

  #tooLate(): InternodeError {
    return new InternodeError(
      "Unreachable",
      `${this.key} could not be put into etcd within ${this.#startTimeoutMs} ms. ` +
        "Check that etcd runs, has a leader and can be reached.",
      { origin: "network", outcome: "maybeExecuted" },
    );
  }

  /** A lease whose answer is lost, and so not known here, runs out without a key. */
  async #enter(signal: AbortSignal): Promise<void> {
    this.#isEntered = false;
    this.#lease = await this.#store.grant(this.#ttlSeconds, signal);
    await this.#store.put(this.key, this.value, this.#lease, signal);
    this.#isEntered = true;
    this.#trouble.clear();
    this.#backOff.reset();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let pauseMs = this.#keepMs();
    while (true) {
      await pause(this.#clock, pauseMs, signal);
      if (signal.aborted) return;
      try {
        await this.#keep(signal);
        pauseMs = this.#keepMs();
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble.warn(
          `${this.key} could not be kept alive in etcd and will be tried again: ` +
            sentence(textOf(error)),
          this.#failed(error),
        );
        pauseMs = this.#backOff.next();
      }
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    if (this.#isEntered && await this.#store.keepAlive(this.#lease!, signal)) {
      await this.#check(this.#lease!, signal);
      this.#trouble.clear();
      this.#backOff.reset();
      return;
    }
    if (this.#isEntered) {
      this.#logger.warn(`${this.key} expired in etcd and is put again.`, {
        event: "registration_changed",
        key: this.key,
      });
    }
    await this.#enter(signal);
  }

  /** A lease that lives does not show that the entry still stands: somebody may have deleted or changed it. */
  async #check(lease: EtcdLease, signal: AbortSignal): Promise<void> {
    let entry: EtcdEntry | null;
    try {
      entry = await this.#store.get(this.key, signal);
    } catch (error) {
      if (isPassing(error) || signal.aborted) throw error;
      const isRefused = isOwnError(error) && error.code === "PermissionDenied";
      this.#unchecked.warn(
        `${this.key} cannot be read in etcd, so it will not be put again if somebody deletes it: ` +
          sentence(textOf(error)) + (isRefused ? " Allow this user to read the key." : ""),
        this.#failed(error),
      );
      return;
    }
    this.#unchecked.clear();
    // The same entry of another lease is that of another process of this name, as in a restart.
    if (entry !== null && entry.value === this.value && entry.leaseId !== null) {
      return this.#changed.clear();
    }
    const what = entry === null
      ? "was deleted from etcd"
      : entry.value === this.value
      ? "was changed in etcd to never expire"
      : `was changed in etcd, to ${quoted(entry.value)}`;
    this.#changed.warn(
      `${this.key} ${what} while its server runs, and is put again. Find out who did that.`,
      { event: "registration_changed", key: this.key },
    );
    await this.#store.put(this.key, this.value, lease, signal);
  }

  #failed(error: unknown): LogFields {
    const code = isOwnError(error) ? error.code : undefined;
    return { event: "registration_failed", key: this.key, reason: textOf(error), code, error };
  }

  #keepMs(): number {
    return (this.#lease?.ttlSeconds ?? this.#ttlSeconds) * 1_000 / KEEPS_PER_LIFE;
  }
}

/** Whether the same may succeed later. */
function isPassing(error: unknown): boolean {
  return isOwnError(error) &&
    (error.code === "Unreachable" || error.code === "Overloaded");
}

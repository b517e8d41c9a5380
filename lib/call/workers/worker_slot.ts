/**
 * One worker and its replacements.
 *
 * @module
 */

import { type ErrorCode, InternodeError } from "../../errors.ts";
import type { EventLogger, LogFields } from "../../foreign/log_event.ts";
import { sentence, textOf } from "../../foreign/text_of.ts";
import { type BackOffOptions, LastingBackOff } from "../../rpc/connecting/back_off.ts";
import { type ServerStats, sumOfTraffic } from "../../rpc/connecting/connection_stats.ts";
import type { Clock, Random, Timer } from "../../runtime/clock.ts";
import type { StartThread, ThreadWatcher, WorkerThread } from "../../runtime/worker_thread.ts";
import {
  fromWorker,
  type MessageToWorker,
  workerName,
  type WorkerSettings,
} from "./worker_message.ts";

/**
 * The states of a worker.
 *
 * | state | event | next state |
 * |---|---|---|
 * | `new` | started | `starting` |
 * | `starting` | it listens | `serving` |
 * | `starting`, for the first time | it failed, or took too long | `stopped` |
 * | `starting` again, `serving` | it failed, or gave no sign of life | `waiting` |
 * | `waiting` | the back-off is over | `starting` |
 * | `serving` | told to stop | `stopping` |
 * | `new`, `starting`, `waiting` | told to stop | `stopped` |
 * | `stopping` | it has stopped or failed, or its time is up | `stopped` |
 */
export type WorkerState = "new" | "starting" | "serving" | "waiting" | "stopping" | "stopped";

/** The figures of a worker that has sent none, or has ended. */
const NO_STATS: ServerStats = { ...sumOfTraffic([]), connections: 0, runningCalls: 0 };
/** After how many unanswered pings in a row a worker has failed. */
const MAX_UNANSWERED = 3;
/** How much longer than its calls a worker may take to stop, in milliseconds: 2,000 for its connections, 2,000 for `onStopped`, and some reserve. */
const STOPPING_MS = 5_000;

/** The common settings of a server's workers. */
export interface WorkerPlan {
  /** Their module. */
  readonly module: URL;
  /** The option `data`. */
  readonly data: unknown;
  /** Their servers' settings. */
  readonly settings: WorkerSettings;
  /** How long calls may take to finish. */
  readonly graceMs: number;
  /** How long they may take to start. */
  readonly startTimeoutMs: number;
  /** How long they may not respond. */
  readonly hangTimeoutMs: number;
  /** The back-off of restarts. */
  readonly restart: BackOffOptions;
  /** Starts threads. */
  readonly startThread: StartThread;
  /** The source of time. */
  readonly clock: Clock;
  /** The source of random numbers. */
  readonly random: Random;
  /** Logs failed workers. */
  readonly logger: EventLogger;
}

/** Starts a worker, monitors it, replaces it when it fails, and stops it. */
export class WorkerSlot implements ThreadWatcher {
  /** Its number. */
  readonly number: number;
  /** How often it was replaced. */
  restarts = 0;
  /** Its last figures. */
  stats: ServerStats = NO_STATS;

  readonly #plan: WorkerPlan;
  readonly #backOff: LastingBackOff;
  readonly #first = Promise.withResolvers<string>();
  readonly #stopped = Promise.withResolvers<void>();
  #state: WorkerState = "new";
  #address = "";
  #sharePort = false;
  #thread: WorkerThread | null = null;
  /** The timer of the current state. */
  #timer: Timer | null = null;
  #unanswered = 0;
  #hasServed = false;
  /** The callers that wait for new figures. */
  #asking: (() => void)[] = [];

  constructor(plan: WorkerPlan, number: number) {
    this.#plan = plan;
    this.number = number;
    this.#backOff = new LastingBackOff(plan.restart, plan);
    // A stop before the start reports the failure itself.
    this.#first.promise.catch(() => {});
  }

  get #name(): string {
    return workerName(this.#plan.settings.name ?? this.#address, this.number);
  }

  get #who(): { readonly name: string; readonly local: string } {
    return { name: this.#name, local: this.#address };
  }

  /** Where it stands. */
  get state(): WorkerState {
    return this.#state;
  }

  /**
   * Starts it for the first time.
   *
   * @param address Where it is to listen.
   * @param sharePort Whether others listen there too.
   * @returns Where it listens. Rejects with what went wrong, or when it is stopped before; nothing is left of it then.
   */
  start(address: string, sharePort: boolean): Promise<string> {
    if (this.#state !== "new") return this.#first.promise;
    this.#address = address;
    this.#sharePort = sharePort;
    this.#launch();
    return this.#first.promise;
  }

  /** Asks it for its figures. Resolves when it has told them, or will not. */
  ask(): Promise<void> {
    if (this.#state !== "serving") return Promise.resolve();
    this.#send({ kind: "ask" });
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  /**
   * Lets calls under way finish, then ends it. Any number of calls.
   *
   * @param graceMs How long they may take, in milliseconds.
   */
  stop(graceMs: number): Promise<void> {
    const { clock, logger } = this.#plan;
    if (this.#state === "serving") {
      this.#setState("stopping");
      this.#send({ kind: "stop", graceMs });
      const limitMs = graceMs + STOPPING_MS;
      this.#timer = clock.setTimer(limitMs, () => {
        logger.error(`${this.#name} has not stopped within ${limitMs} ms and is terminated.`, {
          event: "worker_ended",
          ...this.#who,
          limit: limitMs,
        });
        this.#end();
      });
    } else if (this.#state !== "stopping") {
      this.end();
    }
    return this.#stopped.promise;
  }

  /** Ends it at once. */
  end(): void {
    if (this.#state !== "stopped") this.#end();
  }

  /** See {@linkcode ThreadWatcher}. */
  onMessage(said: unknown): void {
    const message = fromWorker(said);
    if (message === null) return;
    switch (message.kind) {
      case "here":
        return this.#onHere();
      case "serving":
        return this.#onServing(message.address);
      case "told":
        this.#unanswered = 0;
        this.stats = message.stats ?? NO_STATS;
        return this.#answerAll();
      case "failed":
        return this.#onFailure(message.message, message.code);
      case "stopped":
        if (this.#state === "stopping") return this.#end();
        return this.#onFailure("it stopped by itself");
    }
  }

  /** See {@linkcode ThreadWatcher}. */
  onFailure(why: string): void {
    this.#onFailure(why);
  }

  #launch(): void {
    const { startThread, module, clock, startTimeoutMs } = this.#plan;
    this.#setState("starting");
    this.#timer = clock.setTimer(startTimeoutMs, () => {
      this.#onFailure(
        `it did not start within ${startTimeoutMs} ms. Its module must call serveWorker`,
        "Unreachable",
      );
    });
    try {
      this.#thread = startThread(module, this.#name, this);
    } catch (error) {
      this.#onFailure(textOf(error));
    }
  }

  #onHere(): void {
    if (this.#state !== "starting") return;
    const { data, settings } = this.#plan;
    this.#send({
      kind: "serve",
      worker: this.number,
      address: this.#address,
      sharePort: this.#sharePort,
      data,
      settings,
    });
  }

  #onServing(address: string): void {
    if (this.#state !== "starting") return;
    // Whoever takes its place listens there too, at the port that the system chose.
    this.#address = address;
    this.#setState("serving");
    this.#backOff.onBegun();
    this.#unanswered = 0;
    this.#watch();
    const { logger } = this.#plan, fields: LogFields = { event: "worker_up", ...this.#who };
    if (this.#hasServed) logger.info(`${this.#name} is serving again.`, fields);
    else logger.debug(`${this.#name} serves.`, fields);
    this.#hasServed = true;
    this.#first.resolve(address);
  }

  /** A worker that hangs, or has closed itself, answers nothing. Counted and not timed: this thread may have stood still itself. */
  #watch(): void {
    const { clock, hangTimeoutMs } = this.#plan;
    this.#timer = clock.setTimer(hangTimeoutMs / MAX_UNANSWERED, () => {
      if (this.#unanswered >= MAX_UNANSWERED) {
        return this.#onFailure(
          `it did not respond for ${hangTimeoutMs} ms. A worker that never returns to its ` +
            "event loop keeps running and keeps its connections, because the runtime " +
            "cannot end it: restart the process in that case",
        );
      }
      this.#unanswered++;
      this.#send({ kind: "ask" });
      this.#watch();
    });
  }

  #onFailure(why: string, code: ErrorCode = "InvalidArgument"): void {
    const { clock, logger, module } = this.#plan;
    if (this.#state === "stopping") {
      logger.error(`${this.#name} failed while it stopped: ${sentence(why)}`, {
        event: "worker_failed",
        ...this.#who,
        reason: why,
        code,
      });
      return this.#end();
    }
    if (this.#state !== "starting" && this.#state !== "serving") return;
    const reason = why.replace(/\.$/, "");
    if (!this.#hasServed) {
      const message = `${this.#name} did not start: ${reason}. Its module is ${module.href}.`;
      const error = new InternodeError(code, message, {
        origin: code === "InvalidArgument" ? "caller" : "local",
        host: this.#address,
      });
      this.#first.reject(error);
      return this.#end();
    }
    const wasServing = this.#state === "serving";
    this.#endThread();
    this.#setState("waiting");
    const waitMs = this.#backOff.next();
    const what = wasServing ? "has failed" : "did not start";
    logger.error(
      `${this.#name} ${what}: ${reason}. Another worker replaces it in ${Math.ceil(waitMs)} ms.`,
      { event: "worker_failed", ...this.#who, reason: why, code, delayMs: Math.ceil(waitMs) },
    );
    this.#timer = clock.setTimer(waitMs, () => {
      this.restarts++;
      this.#launch();
    });
  }

  #send(message: MessageToWorker): void {
    try {
      this.#thread?.send(message);
    } catch (error) {
      // The user's data may have changed since it was looked at, so that it cannot be sent any more.
      this.#onFailure(`its instructions cannot be sent to it: ${textOf(error)}`);
    }
  }

  #end(): void {
    this.#endThread();
    this.#setState("stopped");
    this.#first.reject(
      new InternodeError("Closed", `${this.#name} was stopped before it was ready.`, {
        origin: "caller",
      }),
    );
    this.#stopped.resolve();
  }

  #endThread(): void {
    this.#thread?.end();
    this.#thread = null;
    this.stats = NO_STATS;
  }

  #setState(state: WorkerState): void {
    if (this.#timer !== null) this.#plan.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#state = state;
    this.#answerAll();
  }

  #answerAll(): void {
    const asking = this.#asking;
    this.#asking = [];
    for (const resolve of asking) resolve();
  }
}

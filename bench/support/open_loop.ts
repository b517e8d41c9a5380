/**
 * Requests that come when they come, whether or not earlier ones were answered.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../lib/wire/double_zero.ts";
import { Arrivals, type SizePart } from "./arrivals.ts";
import { Histogram, type HistogramCells } from "./histogram.ts";
import { rest, shortSleep, type Sleep } from "./short_sleep.ts";

/** What is asked, and how often. */
export interface Load {
  /** Requests a second; `null`: as many as are answered, `inflight` at a time. */
  readonly perSecond: number | null;
  /** How many are under way at a time where there is no rate, and at most where there is one. What comes beyond that is held back, and counts from when it came, as in wrk2. With more under way the collector is measured, which copies all of them. */
  readonly inflight: number;
  /** How long requests come. */
  readonly seconds: number;
}

/** What another process is told: a load with all that makes it. */
export interface LoadOrder extends Load {
  /** What the arrivals are drawn from. */
  readonly seed: number;
  /** How large requests are. */
  readonly sizes: readonly SizePart[];
}

/** What came of it. */
export interface LoadResult {
  /** Requests that came. */
  readonly sent: number;
  /** Those of them that failed. */
  readonly failed: number;
  /** What the first of these said. */
  readonly failure: string | null;
  /** How long all took, from the first to come until the last was answered. */
  readonly seconds: number;
  /** Those of them that were held back, as too many were under way. */
  readonly held: number;
  /** Whether so many waited or failed that no more came. */
  readonly isOverloaded: boolean;
  /** From the moment a request was to be sent until its answer was there. */
  readonly latency: HistogramCells;
  /** From that moment until it was handed over: what the generator itself adds. */
  readonly lateness: HistogramCells;
  /** How long the generator has spun, in milliseconds: processor time that no request has taken. Default: 0. */
  readonly spunMs?: number;
}

/** The processor time that each request has taken, of all that was used meanwhile, in microseconds. */
export function requestCpuUs({ sent, spunMs = 0 }: LoadResult, usedUs: number): number {
  return (usedUs - spunMs * 1000) / sent;
}

/** What a load runs by; tests have time of their own. */
export interface LoadTime {
  /** Milliseconds. */
  readonly now: () => number;
  /** See {@linkcode Sleep}. */
  readonly sleep: Sleep;
  /** Lets nothing else happen until then; `null` where something else has to. */
  readonly spinUntil: ((ms: number) => void) | null;
  /** Sleeps until the event loop has looked at its sockets. */
  readonly rest: () => Promise<unknown>;
}

/** This process's time; where it is `shared` with other work, nothing spins. */
export function systemTime(shared: boolean): LoadTime {
  const now = (): number => performance.now();
  return { now, sleep: shortSleep(), spinUntil: shared ? null : spinUntil, rest };
}

function spinUntil(ms: number): void {
  while (performance.now() < ms);
}

/** So many answers share a look at the clock, which is taken behind the last of them: what they are told late by is less than a look for each would cost. */
const ANSWERS_EACH_LOOK = 16;
/** While requests are under way their answers wake the generator. It wakes by itself as well, after so many milliseconds, and more rarely where answers come often. */
const AWAIT_MS = 0.2, LONGEST_AWAIT_MS = 2;
/** Where nothing is under way, a request that is due within so many milliseconds is waited for without a sleep, which could end later than that. */
const SPUN_MS = 0.1;
/** So many batches of answers between two sleeps are often. */
const OFTEN = 4;
/** Where so many have failed, or one is held back for so long, in milliseconds, nothing is learned any more. */
const MOST_FAILED = 10_000, MOST_HELD_MS = 1_000;
/** Who wakes later than this has a busy event loop. */
const BUSY_MS = 0.3;

/** The memory of a load: more than half a megabyte. */
interface LoadMemory {
  readonly arrivals: Arrivals;
  readonly latency: Histogram;
  readonly lateness: Histogram;
}

/** One load after the other uses the same: new memory for each would become old, and bring collections that look through the whole heap. */
const FREE_MEMORY: LoadMemory[] = [];

/** Runs a load with payloads of its sizes; `shared`: while this process has other work as well. */
export async function runLoad(
  ask: (payload: Uint8Array<ArrayBuffer>, index: number) => Promise<unknown>,
  order: LoadOrder,
  shared = false,
): Promise<LoadResult> {
  const payloads = order.sizes.map(([bytes]) => new Uint8Array(bytes));
  const memory = takeMemory(order);
  const { arrivals, latency, lateness } = memory;
  const askOne = (size: number, index: number) => ask(payloads[size]!, index);
  const loop = new OpenLoop(askOne, arrivals, order, systemTime(shared), latency, lateness);
  const result = await loop.run();
  // Not if it threw: answers may still come then, and would be counted in the next one.
  FREE_MEMORY.push(memory);
  return result;
}

function takeMemory({ seed, sizes }: LoadOrder): LoadMemory {
  const free = FREE_MEMORY.pop();
  if (free === undefined) {
    const arrivals = new Arrivals(seed, sizes);
    return { arrivals, latency: new Histogram(), lateness: new Histogram() };
  }
  free.arrivals.draw(seed, sizes);
  free.latency.clear();
  free.lateness.clear();
  return free;
}

/**
 * One load. The generator wakes by whatever wakes the process: each batch of
 * answers first sends what has become due, as a server does that has other
 * connections too. Where answers do not come, a sleep wakes it; where nothing is
 * under way any more, it waits for the next request alone.
 */
export class OpenLoop {
  readonly #ask: (size: number, index: number) => Promise<unknown>;
  readonly #arrivals: Arrivals;
  readonly #load: Load;
  readonly #time: LoadTime;
  readonly #latency: Histogram;
  readonly #lateness: Histogram;
  /** When those were due that were answered since the last look at the clock. */
  readonly #answered: Float64Array<ArrayBuffer> = new Float64Array(ANSWERS_EACH_LOOK);
  #unlooked = 0;
  #isLookDue = false;
  /** Ends a sleep as nothing is under way any more. */
  #onIdle: () => void = () => {};
  /** Sleeps that are not over, each of which holds a thread: most are ended before by an answer. */
  readonly #sleeps: { readonly endsMs: number; readonly over: Promise<void> }[] = [];
  #spunMs: number = DOUBLE_ZERO;
  /** Batches of answers since the last sleep began. */
  #batches = 0;
  #sent = 0;
  #underWay = 0;
  #failed = 0;
  #held = 0;
  #isHeld = false;
  #failure: string | null = null;
  #nextMs: number = DOUBLE_ZERO;
  #lookedMs: number = DOUBLE_ZERO;
  #endMs: number = DOUBLE_ZERO;
  #isOver = false;
  #isOverloaded = false;
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();

  /**
   * Prepares it.
   *
   * @param ask Sends a request; hears which of the sizes it has, and how many came before it.
   * @param latency Counts how long answers took. Default: a new one.
   * @param lateness Counts how late requests were sent. Default: a new one.
   */
  constructor(
    ask: (size: number, index: number) => Promise<unknown>,
    arrivals: Arrivals,
    load: Load,
    time: LoadTime,
    latency: Histogram = new Histogram(),
    lateness: Histogram = new Histogram(),
  ) {
    this.#latency = latency;
    this.#lateness = lateness;
    this.#ask = ask;
    this.#arrivals = arrivals;
    this.#load = load;
    this.#time = time;
  }

  /** Runs it, until all that came is answered. */
  async run(): Promise<LoadResult> {
    while (FREE_SLOTS.length < this.#load.inflight) FREE_SLOTS.push(new Slot());
    const startMs = this.#time.now();
    this.#endMs = startMs + this.#load.seconds * 1000;
    this.#nextMs = startMs;
    this.#schedule();
    if (this.#load.perSecond === null) this.#fill(startMs);
    else this.#pump(startMs);
    if (this.#load.perSecond !== null) await this.#keepTime();
    await this.#finished.promise;
    return {
      sent: this.#sent,
      failed: this.#failed,
      failure: this.#failure,
      seconds: (this.#time.now() - startMs) / 1000,
      held: this.#held,
      isOverloaded: this.#isOverloaded,
      latency: this.#latency.toJSON(),
      lateness: this.#lateness.toJSON(),
      spunMs: this.#spunMs,
    };
  }

  async #keepTime(): Promise<void> {
    let isBusy = false, awaitMs = AWAIT_MS;
    while (!this.#isOver) {
      const nowMs = this.#time.now(), leftMs = this.#nextMs - nowMs;
      const forMs = Math.max(0, this.#underWay > 0 ? Math.max(leftMs, awaitMs) : leftMs);
      this.#batches = 0;
      if (this.#underWay === 0 && leftMs < SPUN_MS && this.#time.spinUntil !== null) {
        this.#time.spinUntil(this.#nextMs);
        this.#spunMs += Math.max(0, leftMs);
      } else {
        // A sleep in another thread that is over too soon keeps the loop from looking at its sockets.
        const waiting = isBusy ? this.#time.rest() : this.#sleep(nowMs, forMs);
        await Promise.race([waiting, this.#idle()]);
      }
      const wokenMs = this.#time.now();
      isBusy = !isBusy && this.#underWay > 0 && wokenMs - nowMs - forMs > BUSY_MS;
      awaitMs = this.#batches < OFTEN ? AWAIT_MS : Math.min(awaitMs * 2, LONGEST_AWAIT_MS);
      this.#pump(wokenMs);
    }
  }

  /** Sleeps for that long, or until an earlier sleep is over that ends sooner. */
  #sleep(nowMs: number, forMs: number): Promise<void> {
    const endsMs = nowMs + forMs;
    const earlier = this.#sleeps.find((sleep) => sleep.endsMs <= endsMs);
    if (earlier !== undefined) return earlier.over;
    const over = this.#time.sleep(forMs).then(() => {
      this.#sleeps.splice(this.#sleeps.indexOf(sleep), 1);
    });
    const sleep = { endsMs, over };
    this.#sleeps.push(sleep);
    return over;
  }

  /** Settles once nothing is under way any more; never if nothing is. */
  #idle(): Promise<void> {
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** When the next request is to be sent. */
  #schedule(): void {
    const { perSecond } = this.#load;
    if (perSecond === null) return;
    this.#nextMs += this.#arrivals.gap(this.#sent) * 1000 / perSecond;
  }

  /** Sends all that is due. */
  #pump(nowMs: number): void {
    this.#lookedMs = nowMs;
    if (this.#load.perSecond === null) this.#isOver ||= nowMs >= this.#endMs;
    else if (!this.#isOver) {
      const most = this.#load.inflight;
      while (this.#nextMs <= nowMs && this.#nextMs < this.#endMs) {
        if (this.#underWay >= most) {
          this.#isHeld = true;
          break;
        }
        this.#send(this.#nextMs);
        if (this.#isHeld) this.#held++;
        else this.#lateness.record((nowMs - this.#nextMs) * 1000);
        this.#schedule();
      }
      if (this.#underWay < most) this.#isHeld = false;
      this.#isOverloaded ||= nowMs - this.#nextMs > MOST_HELD_MS || this.#failed > MOST_FAILED;
      this.#isOver = this.#nextMs >= this.#endMs || this.#isOverloaded;
    }
    if (this.#isOver && this.#underWay === 0) this.#finished.resolve();
  }

  /** Without a rate an answer is followed by the next request. */
  #fill(nowMs: number): void {
    while (!this.#isOver && this.#underWay < this.#load.inflight) this.#send(nowMs);
  }

  #send(dueMs: number): void {
    const slot = FREE_SLOTS.pop() ?? new Slot();
    slot.loop = this;
    slot.dueMs = dueMs;
    this.#underWay++;
    const index = this.#sent++;
    this.#ask(this.#arrivals.size(index), index).then(slot.onAnswer, slot.onFailure);
  }

  /** Only for its slots. */
  onAnswer(dueMs: number): void {
    this.#underWay--;
    this.#answered[this.#unlooked++] = dueMs;
    if (this.#load.perSecond === null) this.#fill(this.#lookedMs);
    if (!this.#isLookDue) {
      // The first of a batch: what is due by now leaves in the same turn.
      this.#isLookDue = true;
      queueMicrotask(this.#onBatchEnd);
      this.#pump(this.#time.now());
    }
    // Only once for each batch: who sends as often as answers are looked at never gets to read when requests come faster than they can be sent.
    if (this.#unlooked === ANSWERS_EACH_LOOK) this.#look();
  }

  /** Only for its slots. */
  onFailure(error: unknown): void {
    this.#failed++;
    this.#failure ??= String(error);
    this.#underWay--;
    this.#pump(this.#time.now());
    if (this.#load.perSecond === null) this.#fill(this.#lookedMs);
    if (this.#underWay === 0) this.#onIdle();
  }

  readonly #onBatchEnd = (): void => {
    this.#isLookDue = false;
    this.#batches++;
    this.#pump(this.#look());
    if (this.#underWay === 0) this.#onIdle();
  };

  #look(): number {
    const nowMs = this.#time.now();
    for (let at = 0; at < this.#unlooked; at++) {
      this.#latency.record((nowMs - this.#answered[at]!) * 1000);
    }
    this.#unlooked = 0;
    return nowMs;
  }
}

/** A request that is under way. */
class Slot {
  dueMs: number = DOUBLE_ZERO;
  loop: OpenLoop | null = null;

  readonly onAnswer = (): void => {
    this.#leave().onAnswer(this.dueMs);
  };

  readonly onFailure = (error: unknown): void => {
    this.#leave().onFailure(error);
  };

  #leave(): OpenLoop {
    const loop = this.loop!;
    this.loop = null;
    FREE_SLOTS.push(this);
    return loop;
  }
}

/** Those of all loads of this process: each load would leave its own to the collector, which has to look at all that is old then. */
const FREE_SLOTS: Slot[] = [];

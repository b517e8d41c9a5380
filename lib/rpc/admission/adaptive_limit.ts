/**
 * How many calls of a handler should run at a time, found out from how long
 * they take.
 *
 * @module
 */

import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** Between which numbers a limit may move. */
export interface LimitRange {
  /** The lowest limit, at least 1. */
  readonly min: number;
  /** The highest limit. */
  readonly max: number;
  /** The first limit. */
  readonly initial: number;
}

/** By how much calls may take longer than with few of them before the limit is lowered. */
const TOLERANCE = 1.5;
/** Judgements vary by chance. Calls may take longer by at least this many times as much before the limit is lowered. */
const SPREADS = 4;
/** A change of how many calls run explains a change of how long they take, if it leaves less than this part of that unexplained. */
const EXPLAINED = 0.5;
/** Calls that take so much longer than the tolerance, twice in a row, need an answer at once. */
const ALARM = 1.4;
/** How many calls are looked at before the limit is judged, and at least for how long. */
const SAMPLES = 64, MIN_WINDOW_MS = 20;
/** After so long, this part of the calls is enough. */
const LONG_WINDOW_MS = 1_000, FEW_PART = 8;
/** How much of the latest judgement counts in the average of them. */
const NEWEST = 0.25;
/** A step down at most halves the limit. */
const MOST_DOWN = 0.5;
/** The limit after a step of a trial, as a part of what it was: with less, and the tolerance, the floor falls from trial to trial. */
const TRIAL_STEP = 0.65;
/** A trial looks at so many times as many calls. */
const TRIAL_WINDOWS = 4;
/** A trial finds something out only if the number of running calls falls by at least this part; else the limit was not used. */
const LEAST_CHANGE = 0.1;
/** A lower limit helps if calls get faster by at least this part of what waiting for each other explains. */
const HELPS = 0.5;
/** How often a lower limit is tried while the limit is reached. */
const TRIAL_EVERY_MS = 10_000;
/** After how many steps down that leave calls slow a trial begins. */
const STEPS_BEFORE_TRIAL = 2;

/** What was measured between two judgements. */
interface Measured {
  /** How long a call took, in milliseconds. */
  readonly latencyMs: number;
  /** How many ran, on average. */
  readonly running: number;
  /** The limit meanwhile. */
  readonly limit: number;
}

/**
 * Follows how long the calls of a handler take, by arithmetic alone: the time
 * comes with each call.
 *
 * How long a call takes on average is known without a time for each one: it is
 * how many ran, over how many were answered in a millisecond (Little's law).
 * Calls that fail at once count in neither, so that a handler whose database
 * is down does not look fast; those that hang count as running.
 *
 * The floor is how long calls take when they do not wait for each other. While
 * they take less than one and a half times as long, and more calls want to run,
 * the limit is raised. Where they take longer, it is lowered.
 *
 * The floor falls by itself, and a **trial** finds it anew: the limit goes down
 * step by step. As long as calls get faster by that, they have waited for each
 * other. As soon as they do not, what they take is the floor, and the limit
 * goes back one step. There is a trial when calls are slow for the first time,
 * when they stay slow though the limit was lowered, as the work itself has
 * become slower then, and every ten seconds, so that a floor which was measured
 * while calls waited for each other does not last.
 */
export class AdaptiveLimit {
  readonly #range: LimitRange;
  #limit: number;
  /** How long calls take that do not wait for each other; `NaN` until it is known. */
  #floorMs = NaN;
  #latencyMs = NaN;
  /** How far judgements are from their average, as a part of it. */
  #spread: number = DOUBLE_ZERO;
  /** How many calls ran, as an average. */
  #usually: number = DOUBLE_ZERO;

  #running = 0;
  /** When the last call began or ended. */
  #lastMs: number = DOUBLE_ZERO;
  /** When this measurement began; `NaN`: with the next call. */
  #startMs = NaN;
  /** How many milliseconds all calls ran in it together. */
  #runMs: number = DOUBLE_ZERO;
  #answered = 0;
  /** How many calls that began under another limit have still to end. */
  #old = 0;
  /** Whether more calls wanted to run. */
  #isWanted = false;

  /** What was measured before the last step of a trial; `null` if there is none. */
  #before: Measured | null = null;
  /** Whether calls have never been slow. */
  #isFirst = true;
  /** How many judgements in a row have found calls slow, or far too slow. */
  #slow = 0;
  #alarms = 0;
  #trialMs = -Infinity;

  constructor(range: LimitRange) {
    this.#range = range;
    this.#limit = range.initial;
  }

  /** How many calls may run. */
  get limit(): number {
    return this.#limit;
  }

  /** How long calls took when that was last judged, in milliseconds; `NaN` before. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** How long they take when they do not wait for each other, in milliseconds; `NaN` until it is known. */
  get floorMs(): number {
    return this.#floorMs;
  }

  /** A call begins to run. */
  onBegin(nowMs: number): void {
    this.#count(nowMs);
    this.#running++;
  }

  /**
   * A call has ended.
   *
   * @param isAnswered Whether it did what it should. How fast calls fail says nothing.
   */
  onEnd(nowMs: number, isAnswered: boolean): void {
    this.#count(nowMs);
    this.#running--;
    if (this.#old > 0) {
      // What began under another limit tells of that one.
      if (--this.#old === 0) this.#restart(nowMs);
      return;
    }
    if (isAnswered) this.#answered++;
    const forMs = nowMs - this.#startMs;
    const few = this.#before === null ? SAMPLES : SAMPLES * TRIAL_WINDOWS;
    const samples = Math.max(few, 2 * this.#limit);
    const isEnough = this.#answered >= samples
      ? forMs >= MIN_WINDOW_MS
      : forMs >= LONG_WINDOW_MS && this.#answered >= few / FEW_PART;
    if (isEnough) this.#close(nowMs, forMs);
  }

  /** A call could not begin, as the limit was reached. */
  onReached(): void {
    this.#isWanted = true;
  }

  #count(nowMs: number): void {
    if (Number.isNaN(this.#startMs)) this.#startMs = nowMs;
    else this.#runMs += this.#running * (nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  #restart(nowMs: number): void {
    this.#startMs = nowMs;
    this.#runMs = this.#answered = 0;
    this.#isWanted = false;
  }

  #close(nowMs: number, forMs: number): void {
    const latencyMs = this.#runMs / this.#answered, running = this.#runMs / forMs;
    const limit = this.#limit, isWanted = this.#isWanted;
    this.#restart(nowMs);
    if (this.#before === null) this.#judge({ latencyMs, running, limit }, isWanted, nowMs);
    else this.#try(this.#before, { latencyMs, running, limit }, nowMs);
    if (this.#limit !== limit) this.#old = this.#running;
  }

  #judge(now: Measured, isWanted: boolean, nowMs: number): void {
    const { latencyMs, running, limit } = now;
    const isExplained = this.#average(latencyMs, running);
    // A limit that is hardly used tells nothing, and keeps nobody from anything.
    if (!isWanted && running < limit / 2) return;
    const most = this.#floorMs * Math.max(TOLERANCE, 1 + SPREADS * this.#spread);
    this.#alarms = latencyMs > most * ALARM ? this.#alarms + 1 : 0;
    if (this.#alarms > 1) return this.#beginTrial(now, nowMs);
    if (latencyMs > most && (this.#isFirst || isExplained || this.#latencyMs > most)) {
      if (this.#isFirst || ++this.#slow > STEPS_BEFORE_TRIAL) return this.#beginTrial(now, nowMs);
      this.#lower(Math.max(MOST_DOWN, most / latencyMs));
      // As it is expected: the judgement that follows tells.
      this.#latencyMs = Math.max(this.#floorMs, this.#latencyMs * this.#limit / limit);
      return;
    }
    if (this.#latencyMs <= most) this.#slow = 0;
    if (!isWanted) return;
    if (nowMs - this.#trialMs < TRIAL_EVERY_MS || this.#isFirst) this.#raise();
    else this.#beginTrial(now, nowMs);
  }

  /** Adds to the averages. Returns whether calls take another time since more or fewer of them run, and not by chance. */
  #average(latencyMs: number, running: number): boolean {
    if (Number.isNaN(this.#latencyMs)) {
      this.#latencyMs = latencyMs;
      this.#usually = running;
    }
    const off = latencyMs / this.#latencyMs;
    const byChance = Math.abs(off - 1), byNumber = Math.abs(off * this.#usually / running - 1);
    this.#spread += NEWEST * NEWEST * (Math.min(byChance, byNumber) - this.#spread);
    this.#usually += NEWEST * (running - this.#usually);
    this.#latencyMs += NEWEST * (latencyMs - this.#latencyMs);
    if (!(this.#floorMs <= this.#latencyMs)) this.#floorMs = this.#latencyMs;
    return byNumber < EXPLAINED * byChance;
  }

  #beginTrial(now: Measured, nowMs: number): void {
    this.#isFirst = false;
    this.#slow = this.#alarms = 0;
    this.#trialMs = nowMs;
    this.#before = now;
    this.#lower(TRIAL_STEP);
    if (this.#limit === now.limit) this.#endTrial(now, now.limit);
  }

  /** Judges a step of a trial by what was before it. */
  #try(before: Measured, now: Measured, nowMs: number): void {
    const less = Math.max(0, 1 - now.running / before.running);
    const helps = now.latencyMs < before.latencyMs * (1 - HELPS * less);
    this.#trialMs = nowMs;
    if (less < LEAST_CHANGE) {
      this.#before = null;
      this.#limit = before.limit;
      return;
    }
    if (!helps) return this.#endTrial(now, before.limit);
    this.#before = now;
    this.#lower(TRIAL_STEP);
    if (this.#limit === now.limit) this.#endTrial(now, now.limit);
  }

  #endTrial({ latencyMs }: Measured, limit: number): void {
    this.#before = null;
    this.#floorMs = this.#latencyMs = latencyMs;
    this.#limit = limit;
  }

  #lower(part: number): void {
    const least = Math.min(this.#limit - 1, Math.floor(this.#limit * part));
    this.#limit = Math.max(this.#range.min, least);
  }

  /** Doubles the limit at first, and later goes on in steps that its noise allows. */
  #raise(): void {
    const step = this.#isFirst ? this.#limit : Math.max(1, Math.floor(Math.sqrt(this.#limit) / 2));
    this.#limit = Math.min(this.#range.max, this.#limit + step);
  }
}

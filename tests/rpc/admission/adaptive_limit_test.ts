import { SeededRandom } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import { AdaptiveLimit, type LimitRange } from "../../../lib/rpc/admission/adaptive_limit.ts";
import { EventHeap } from "./event_heap.ts";

const RANGE: LimitRange = { min: 1, max: 1_000, initial: 20 };

/** What the handler of a model does, by the time in milliseconds. */
interface Setup {
  /** How many calls it can do at a time. */
  readonly pool: (atMs: number) => number;
  /** How long each of them takes on average. */
  readonly eachMs: (atMs: number) => number;
  /** How many calls come in a second. */
  readonly perSecond: (atMs: number) => number;
  /** Whether each takes a different time, by the exponential distribution. Default: `true`. */
  readonly varies?: boolean;
  readonly range?: Partial<LimitRange>;
  readonly seed?: number;
}

/** A handler with a limit, in a world of arithmetic. Calls beyond the limit are lost. */
class Model {
  readonly limit: AdaptiveLimit;
  /** Calls that were answered, and how long they took together, since they were looked at. */
  #done = 0;
  #tookMs = 0;
  #running = 0;
  #busy = 0;
  #nowMs = 0;
  readonly #setup: Setup;
  readonly #waiting: (() => void)[] = [];
  readonly #events = new EventHeap();
  readonly #random: SeededRandom;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.limit = new AdaptiveLimit({ ...RANGE, ...setup.range });
    this.#random = new SeededRandom(setup.seed ?? 1);
    this.#arrive();
  }

  /** Goes on; returns what has come of the calls meanwhile. */
  run(forMs: number): { perSecond: number; tookMs: number; limit: number } {
    const endMs = this.#nowMs + forMs;
    this.#done = this.#tookMs = 0;
    for (let next = this.#events.pop(endMs); next !== null; next = this.#events.pop(endMs)) {
      this.#nowMs = next.atMs;
      next.happen();
    }
    this.#nowMs = endMs;
    const perSecond = this.#done / forMs * 1_000, tookMs = this.#tookMs / this.#done;
    return { perSecond, tookMs, limit: this.limit.limit };
  }

  /** A call fails at once. */
  fail(): void {
    this.limit.onBegin(this.#nowMs);
    this.limit.onEnd(this.#nowMs, false);
  }

  #arrive(): void {
    this.#work();
    if (this.#running < this.limit.limit) this.#begin();
    else this.limit.onReached();
    const gapMs = this.#drawn(1_000 / this.#setup.perSecond(this.#nowMs));
    this.#events.push(this.#nowMs + gapMs, () => this.#arrive());
  }

  #drawn(mean: number): number {
    return -Math.log(1 - this.#random.next()) * mean;
  }

  #begin(): void {
    const beganMs = this.#nowMs, { eachMs, varies = true } = this.#setup;
    this.#running++;
    this.limit.onBegin(beganMs);
    this.#waiting.push(() => {
      this.#busy++;
      const mean = eachMs(this.#nowMs), forMs = varies ? this.#drawn(mean) : mean;
      this.#events.push(this.#nowMs + forMs, () => {
        this.#busy--;
        this.#running--;
        this.limit.onEnd(this.#nowMs, true);
        this.#done++;
        this.#tookMs += this.#nowMs - beganMs;
        this.#work();
      });
    });
    this.#work();
  }

  #work(): void {
    while (this.#busy < this.#setup.pool(this.#nowMs) && this.#waiting.length > 0) {
      this.#waiting.shift()!();
    }
  }
}

for (const varies of [false, true]) {
  for (const initial of [1, 20, 300]) {
    for (const pool of [1, 20, 200]) {
      Deno.test(`the limit finds that ${pool} at a time can be done, from ${initial} on, when calls take ${varies ? "different times" : "the same time"}`, () => {
        const capacity = pool * 100;
        const model = new Model({
          pool: () => pool,
          eachMs: () => 10,
          perSecond: () => 5 * capacity,
          varies,
          range: { initial },
        });
        // From a limit that is far too high or low it takes more calls, which are few with a small pool.
        model.run(pool === 1 ? 40_000 : 3_000);
        const { perSecond, tookMs, limit } = model.run(5_000);
        assert(perSecond > 0.85 * capacity, `${perSecond} a second of ${capacity}`);
        assert(tookMs < (pool === 1 ? 50 : 30), `${tookMs} ms each`);
        assert(limit <= 3 * pool + 6, `a limit of ${limit}`);
      });
    }
  }
}

Deno.test("the limit follows what can be done at a time, down and up", () => {
  const model = new Model({
    pool: (atMs) => atMs > 4_000 && atMs < 10_000 ? 5 : 20,
    eachMs: () => 10,
    perSecond: () => 10_000,
  });
  model.run(2_000);
  const before = model.run(2_000);
  model.run(2_000);
  const less = model.run(4_000);
  model.run(1_500);
  const after = model.run(2_000);
  for (const { perSecond, tookMs } of [before, after]) {
    assert(perSecond > 1_800, `${perSecond} a second`);
    assert(tookMs < 25, `${tookMs} ms each`);
  }
  assert(less.perSecond > 430, `${less.perSecond} a second`);
  assert(less.tookMs < 35, `${less.tookMs} ms each`);
});

Deno.test("work that has become slower by itself is no reason for a lower limit", () => {
  const model = new Model({
    pool: () => 20,
    eachMs: (atMs) => atMs > 4_000 && atMs < 12_000 ? 30 : 10,
    perSecond: () => 10_000,
  });
  model.run(4_000);
  assert(model.limit.floorMs < 12, `a floor of ${model.limit.floorMs} ms`);
  model.run(2_000);
  const slower = model.run(6_000);
  assert(slower.perSecond > 0.8 * 667, `${slower.perSecond} a second`);
  assert(model.limit.floorMs > 20, `a floor of ${model.limit.floorMs} ms`);
  // The next trial tells that it has become faster.
  model.run(12_000);
  const after = model.run(2_000);
  assert(after.perSecond > 1_700, `${after.perSecond} a second`);
  assert(model.limit.floorMs < 14, `a floor of ${model.limit.floorMs} ms`);
});

Deno.test("the floor does not rise with the limit, however long too much is asked", () => {
  for (const seed of [1, 2, 3]) {
    const model = new Model({
      pool: () => 20,
      eachMs: () => 10,
      perSecond: () => 6_000,
      seed,
    });
    model.run(120_000);
    const { perSecond, tookMs } = model.run(10_000);
    assert(perSecond > 1_850, `${perSecond} a second`);
    assert(tookMs < 25, `${tookMs} ms each`);
    assert(model.limit.floorMs < 13, `a floor of ${model.limit.floorMs} ms`);
  }
});

Deno.test("where little is asked the limit refuses hardly anything", () => {
  for (const seed of [1, 2, 3, 4]) {
    const model = new Model({ pool: () => 20, eachMs: () => 10, perSecond: () => 800, seed });
    const { perSecond } = model.run(20_000);
    assert(perSecond > 0.97 * 800, `${perSecond} a second of 800`);
  }
});

Deno.test("what nothing holds up is not limited: the limit rises as long as more is wanted", () => {
  const model = new Model({ pool: () => Infinity, eachMs: () => 50, perSecond: () => 10_000 });
  model.run(6_000);
  const { perSecond, limit } = model.run(2_000);
  assert(perSecond > 9_000, `${perSecond} a second of 10,000`);
  assert(limit > 500, `a limit of ${limit}`);
});

Deno.test("the limit stays between its bounds", () => {
  const range = { min: 4, max: 12, initial: 8 };
  for (const pool of [1, 8, 100]) {
    const model = new Model({
      pool: () => pool,
      eachMs: () => 10,
      perSecond: () => 20_000,
      range,
    });
    const seen = Array.from({ length: 300 }, () => model.run(20).limit);
    assert(Math.min(...seen) >= 4 && Math.max(...seen) <= 12, seen.join(" "));
    if (pool === 1) assertEquals(Math.min(...seen), 4);
    if (pool === 100) assertEquals(Math.max(...seen), 12);
  }
});

Deno.test("a process that stands still for a moment costs little of the limit", () => {
  let stoppedMs = -Infinity;
  const model = new Model({
    pool: (atMs) => atMs < stoppedMs + 200 ? 0 : 20,
    eachMs: () => 10,
    perSecond: () => 6_000,
  });
  model.run(5_000);
  stoppedMs = 5_000;
  model.run(400);
  const { perSecond } = model.run(2_000);
  assert(perSecond > 1_700, `${perSecond} a second`);
});

Deno.test("calls that fail at once say nothing of how long calls take", () => {
  const model = new Model({ pool: () => 20, eachMs: () => 10, perSecond: () => 1_000 });
  for (let round = 0; round < 500; round++) {
    model.run(10);
    for (let call = 0; call < 40; call++) model.fail();
  }
  assert(model.limit.floorMs > 7, `a floor of ${model.limit.floorMs} ms`);
  assert(model.limit.limit >= 20, `a limit of ${model.limit.limit}`);
});

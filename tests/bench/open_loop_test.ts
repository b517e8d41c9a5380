/** An open loop counts from the moment when a request was to be sent. @module */

import { assert, assertEquals } from "@std/assert";
import { Arrivals } from "../../bench/support/arrivals.ts";
import { Histogram, type HistogramCells } from "../../bench/support/histogram.ts";
import { type Load, type LoadResult, OpenLoop } from "../../bench/support/open_loop.ts";

/** Time that passes only from one event to the next, or where something takes it. */
class EventTime {
  nowMs = 0;
  readonly #due: { readonly atMs: number; readonly act: () => void }[] = [];

  readonly now = (): number => this.nowMs;
  sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => this.at(this.nowMs + Math.max(0.001, ms), resolve));
  readonly rest = (): Promise<void> => this.sleep(1);
  readonly spinUntil = (ms: number): void => void (this.nowMs = Math.max(this.nowMs, ms));

  /** Something that happens then, such as an answer that comes. */
  at(atMs: number, act: () => void): void {
    const before = this.#due.findLastIndex((event) => event.atMs <= atMs);
    this.#due.splice(before + 1, 0, { atMs, act });
  }

  /** The next event happens, once nothing is left to do before it. */
  async next(): Promise<void> {
    for (let quiet = 0; quiet < QUIET; quiet++) await null;
    const event = this.#due.shift();
    if (event === undefined) return;
    this.nowMs = Math.max(this.nowMs, event.atMs);
    event.act();
  }
}

/** After so many microtasks nothing is left to do. */
const QUIET = 20;

const LOAD: Load = { perSecond: 1_000, inflight: 64, seconds: 10 };

function quantileMs(cells: HistogramCells, part: number): number {
  const histogram = new Histogram();
  histogram.add(cells);
  return histogram.quantileUs(part) / 1_000;
}

/** Answers each request after a time of its own. */
async function runWith(
  answerMs: (index: number, time: EventTime) => number,
  load: Partial<Load> = {},
): Promise<LoadResult> {
  const time = new EventTime();
  const ask = (_size: number, index: number): Promise<void> => {
    const atMs = time.nowMs + answerMs(index, time);
    return new Promise((resolve) => time.at(atMs, resolve));
  };
  const loop = new OpenLoop(ask, new Arrivals(1, [[64, 1]]), { ...LOAD, ...load }, time);
  return await answered(loop.run(), time);
}

async function answered(running: Promise<LoadResult>, time: EventTime): Promise<LoadResult> {
  let isOver = false;
  running.finally(() => isOver = true);
  while (!isOver) await time.next();
  return await running;
}

Deno.test("requests come at the rate, and are timed until their answers", async () => {
  const { sent, failed, held, seconds, latency, lateness } = await runWith(() => 2);
  assert(Math.abs(sent - 10_000) < 300, `${sent} sent`);
  assertEquals([failed, held], [0, 0]);
  assert(Math.abs(seconds - 10) < 0.1, `${seconds} s`);
  assert(quantileMs(lateness, 0.99) < 0.5, `sent ${quantileMs(lateness, 0.99)} ms late`);
  assert(quantileMs(latency, 0.01) >= 2);
  assert(quantileMs(latency, 0.99) < 3, `${quantileMs(latency, 0.99)} ms`);
});

Deno.test("a request that comes while nothing is under way is not late, however long the generator would have slept", async () => {
  // Answers come often, so that it sleeps for 2 ms, and half of the requests find nothing under way.
  const { sent, lateness } = await runWith(() => 0.02, { perSecond: 30_000, seconds: 1 });
  assert(Math.abs(sent - 30_000) < 900, `${sent} sent`);
  const p99Ms = quantileMs(lateness, 0.99);
  assert(p99Ms < 0.1, `sent ${p99Ms} ms late`);
});

Deno.test("no more than two sleeps are under way at a time, as each holds a thread", async () => {
  let sleeping = 0, most = 0;
  const time = new EventTime(), { sleep } = time;
  const counted = Object.assign(time, {
    sleep: (ms: number) => {
      most = Math.max(most, ++sleeping);
      return sleep(ms).finally(() => sleeping--);
    },
  });
  const ask = () => new Promise<void>((resolve) => time.at(time.nowMs + 0.02, resolve));
  const load = { ...LOAD, perSecond: 8_000, seconds: 1 };
  const loop = new OpenLoop(ask, new Arrivals(1, [[64, 1]]), load, counted);
  await answered(loop.run(), time);
  assert(most <= 2, `${most} at a time`);
});

Deno.test("what should have been sent while the process stood still counts from then", async () => {
  // At a thousand a second the process stands still for a second of ten.
  let hasStood = false;
  const { sent, latency, lateness } = await runWith((index, time) => {
    if (index === 3_000 && !hasStood) {
      hasStood = true;
      time.nowMs += 1_000;
    }
    return 1;
  }, { inflight: 10_000 });
  assert(Math.abs(sent - 10_000) < 300, `${sent} sent: the requests of that second came, too`);
  // A tenth waited for half a second in the mean; to count from when each was sent would tell 1 ms.
  const p95Ms = quantileMs(latency, 0.95);
  assert(p95Ms > 350 && p95Ms < 650, `${p95Ms} ms`);
  assert(quantileMs(lateness, 0.95) > 350);
});

Deno.test("beyond what may be under way requests are held back, and count from when they came", async () => {
  // For half a second nothing is answered.
  const { held, isOverloaded, latency } = await runWith(
    (_, { nowMs }) => nowMs > 2_000 && nowMs < 2_500 ? 2_500 - nowMs : 1,
    { inflight: 100 },
  );
  assert(held > 300 && held < 500, `${held} held back`);
  assertEquals(isOverloaded, false);
  assert(quantileMs(latency, 1) > 450, `${quantileMs(latency, 1)} ms at most`);
});

Deno.test("who cannot follow is not asked for ever", async () => {
  const { isOverloaded, sent } = await runWith(() => 1_000, { inflight: 40 });
  assertEquals(isOverloaded, true);
  assert(sent < 200, `${sent} sent`);
});

Deno.test("without a rate so many are under way at a time", async () => {
  let underWay = 0, most = 0;
  const time = new EventTime();
  const ask = (): Promise<void> => {
    most = Math.max(most, ++underWay);
    return new Promise<void>((resolve) => time.at(time.nowMs + 1, resolve)).finally(() =>
      underWay--
    );
  };
  const load: Load = { perSecond: null, inflight: 8, seconds: 1 };
  const running = new OpenLoop(ask, new Arrivals(1, [[64, 1]]), load, time).run();
  const { sent } = await answered(running, time);
  assertEquals(most, 8);
  assert(sent > 4_000 && sent < 8_100, `${sent} sent`);
});

Deno.test("requests that fail are counted, with what the first said", async () => {
  const time = new EventTime();
  const ask = (_size: number, index: number): Promise<void> =>
    index % 4 === 0 ? Promise.reject(new Error(`no ${index}`)) : Promise.resolve();
  const load = { ...LOAD, seconds: 1 };
  const running = new OpenLoop(ask, new Arrivals(1, [[64, 1]]), load, time).run();
  const { sent, failed, failure, latency } = await answered(running, time);
  assertEquals(failed, Math.ceil(sent / 4));
  assertEquals(failure, "Error: no 0");
  const histogram = new Histogram();
  histogram.add(latency);
  assertEquals(histogram.count, sent - failed);
});

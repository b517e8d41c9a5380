/** Between the large reads of a fast stream the event loop stays awake, and only then. @module */

import { assert, assertEquals } from "@std/assert";
import { IdlePoll } from "../../../lib/transport/poll/idle_poll.ts";
import { VirtualClock } from "../../../lib/testing/mod.ts";
import { clockWith } from "../../support/simulation/clock_with.ts";

/** A loop whose turns take as long as it says. */
class Scene {
  nowMs = 1_000;
  readonly #pending: (() => void)[] = [];
  readonly poll: IdlePoll;

  constructor() {
    const clock = clockWith(new VirtualClock(), () => this.nowMs);
    this.poll = new IdlePoll({ ...clock, soon: (callback) => void this.#pending.push(callback) });
  }

  /** How many turns there are until the loop would sleep. */
  turnsUntilSleep(turnMs: number): number {
    let turns = 0;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.nowMs += turnMs;
      turns++;
      next();
    }
    return turns;
  }

  /** Reads once in each such time; says how many turns there were in all. */
  read(times: number, everyMs: number, bytes = 131_072): number {
    let turns = 0;
    for (let n = 0; n < times; n++) {
      const fromMs = this.nowMs;
      this.poll.onRead(bytes);
      turns += this.turnsUntilSleep(0.001);
      this.nowMs = Math.max(this.nowMs, fromMs + everyMs);
    }
    return turns;
  }
}

Deno.test("idle poll: the loop stays awake for 25 µs after each large read that another follows soon", () => {
  const scene = new Scene();
  for (let n = 0; n < 1_000; n++) {
    const turns = scene.read(1, 0.1);
    assert(turns >= 24 && turns <= 26, `${turns} turns of 1 µs`);
  }
});

Deno.test("idle poll: a read that comes meanwhile lets one chain of turns go on, not two", () => {
  const scene = new Scene();
  for (let n = 0; n < 5; n++) scene.poll.onRead(131_072);
  const turns = scene.turnsUntilSleep(0.001);
  assert(turns >= 24 && turns <= 26, `${turns} turns of 1 µs`);
});

Deno.test("idle poll: it ends where the clock stands still", () => {
  const scene = new Scene();
  scene.poll.onRead(131_072);
  assertEquals(scene.turnsUntilSleep(0), 60);
});

Deno.test("idle poll: a slower stream leaves the loop asleep", () => {
  const scene = new Scene();
  scene.read(1_000, 1);
  const turns = scene.read(10_000, 1);
  assert(turns <= 26 * 11, `${turns} turns in 10,000 reads, one a millisecond`);
  for (const [bytes, everyMs] of [[32_768, 0.09], [1, 0.05], [65_536, 0.1]] as const) {
    const scene = new Scene();
    scene.read(1_000, everyMs, bytes);
    const turns = scene.read(10_000, everyMs, bytes);
    assert(turns <= 26 * 11, `${turns} turns in 10,000 reads of ${bytes} bytes`);
  }
});

Deno.test("idle poll: a stream that becomes fast is taken for one within a second", () => {
  const scene = new Scene();
  scene.read(10_000, 1);
  scene.read(10_001, 0.1);
  const turns = scene.read(1_000, 0.1);
  assert(turns >= 24_000, `${turns} turns in 1,000 reads`);
});

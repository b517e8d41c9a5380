/** The time by which logs are laid side by side. @module */

import { assertAlmostEquals, assertGreater } from "@std/assert";
import { MachineTime } from "../../../examples/lock_service/log/machine_time.ts";
import { runSeeded, type SeededRandom } from "@internode/grid/testing";

/** When the monotonic clock started, by the wall clock. */
const ORIGIN_MS = 1_893_456_000_000.25;

/** A machine on which others run between any two steps, now and then. */
class BusyMachine {
  wallStepMs = 0;
  isBusy = true;
  readonly #random: SeededRandom;
  #elapsedMs = 12_345.678;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  readonly monotonicMs = (): number => this.#step();
  readonly wallMs = (): number => Math.floor(ORIGIN_MS + this.wallStepMs + this.#step());

  /** What `performance.timeOrigin` is: one clock read, and then the other. */
  naiveOriginMs(holdUpMs: number): number {
    const wallMs = this.wallMs();
    this.#elapsedMs += holdUpMs;
    return wallMs - this.monotonicMs();
  }

  #step(): number {
    this.#elapsedMs += this.isBusy && this.#random.chance(0.01) ? this.#random.float(1, 40) : 0.001;
    return this.#elapsedMs;
  }
}

Deno.test("a process that is held up while it starts knows the time all the same", async () => {
  await runSeeded(undefined, (random) => {
    const machine = new BusyMachine(random);
    for (let starts = 0; starts < 100; starts++) {
      machine.isBusy = true;
      const time = new MachineTime(machine);
      machine.isBusy = false;
      assertAlmostEquals(time.now(), ORIGIN_MS + machine.monotonicMs(), 0.1);
    }
    // Two readings, one after the other, are off by what comes in between, and always to the same side.
    assertGreater(ORIGIN_MS - machine.naiveOriginMs(24), 23);
    return Promise.resolve();
  });
});

Deno.test("it is told how far the wall clock was set", async () => {
  await runSeeded(undefined, (random) => {
    const machine = new BusyMachine(random), time = new MachineTime(machine);
    assertAlmostEquals(time.clockStepMs(), 0, 1);
    machine.wallStepMs = -6;
    assertAlmostEquals(time.clockStepMs(), 6, 1);
    return Promise.resolve();
  });
});

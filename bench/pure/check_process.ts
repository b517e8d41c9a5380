/**
 * Measures the benches of the files that it is given, each in turns with the
 * loop that all are compared with, and prints them as one line of JSON.
 *
 * @module
 */

import { calibrate } from "./calibration.ts";

/** A bench beside the loop that it is measured against. */
export interface CheckedBench {
  /** Its group and name. */
  readonly name: string;
  /** The time of one operation to that of one round of the loop. */
  readonly ratio: number;
  /** The time of one operation, in nanoseconds. */
  readonly eachNs: number;
}

type Work = () => void;

/** A multiple of what benches gather before they do something with it. */
const FIRST_COUNT = 1_024;
const BATCH_MS = 1;
const WARM_MS = 200;
const BATCHES = 80;
/** The time that counts is that which a tenth of the batches keep within: the others were disturbed. */
const UNDISTURBED = 0.1;
/** Benches of other people's code, which stand there to compare ours with. */
const OTHERS = /^(?:@|JSON\.)/;

function timeOf(work: Work, count: number): number {
  const startMs = performance.now();
  for (let i = 0; i < count; i++) work();
  return performance.now() - startMs;
}

/** How often it fits into a batch, once it is compiled. */
function countFor(work: Work): number {
  const endMs = performance.now() + WARM_MS;
  let count = FIRST_COUNT;
  do if (timeOf(work, count) < BATCH_MS / 2) count *= 2; while (performance.now() < endMs);
  return count;
}

function undisturbed(times: number[]): number {
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * UNDISTURBED)]!;
}

function check(name: string, work: Work): CheckedBench {
  const counts = { loop: countFor(calibrate), bench: countFor(work) };
  const loop: number[] = [], bench: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    loop.push(timeOf(calibrate, counts.loop) / counts.loop);
    bench.push(timeOf(work, counts.bench) / counts.bench);
  }
  const eachMs = undisturbed(bench);
  return { name, ratio: eachMs / undisturbed(loop), eachNs: eachMs * 1e6 };
}

if (import.meta.main) {
  const found: { readonly name: string; readonly work: Work }[] = [];
  const collect = (name: string, { group }: Deno.BenchDefinition, work: Work): void => {
    if (typeof work !== "function") {
      throw new Error(`bench:check takes Deno.bench(name, { group }, work), which ${name} is not`);
    }
    if (!OTHERS.test(name)) {
      found.push({ name: group === undefined ? name : `${group}: ${name}`, work });
    }
  };
  // Their own statistics take the mean, which says little about a busy machine.
  Object.defineProperty(Deno, "bench", { value: collect });
  for (const file of Deno.args) await import(file);
  console.log(JSON.stringify(found.map(({ name, work }) => check(name, work))));
}

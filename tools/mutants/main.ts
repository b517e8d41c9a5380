/**
 * Breaks the sources on purpose, and says which faults no test notices:
 * `deno task mutants`.
 *
 * @module
 */

import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { explanationOf } from "./explained.ts";
import type { Mutant } from "./mutant.ts";
import { mutate } from "./mutate.ts";
import { readOptions } from "../command_line/command_line.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { filesOf, type Room, ROOMS } from "./rooms.ts";
import { type Fate, Score } from "./score.ts";
import { planTests, type TestBatch, type TestFile } from "./test_plan.ts";
import { repositoryFiles, type TestResult, Workshop } from "./workshop.ts";

const ROOT = new URL("../../", import.meta.url);
const WORKSHOPS = 2;
/** After so many mutants it says how far it is. */
const PROGRESS_STEP = 25;
/** Files of tests that take longer with nothing broken are left out, unless all are to run. */
const SLOW_MS = 10_000, THOROUGH_MS = 300_000;

/** A mutant and the room whose tests ought to notice. */
interface Job {
  readonly room: Room;
  readonly mutant: Mutant;
}

/** The mutants that the options ask for, in the order of files and lines. */
async function makeJobs(options: Options, all: readonly string[]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const room of ROOMS.filter(({ name }) => options.rooms.includes(name))) {
    for (const file of filesOf(all, room.sources, ".ts")) {
      if (options.files.length > 0 && !options.files.some((part) => file.includes(part))) continue;
      const text = await Deno.readTextFile(new URL(file, ROOT));
      for (const mutant of mutate(file, text)) jobs.push({ room, mutant });
    }
  }
  if (jobs.length <= options.limit) return jobs;
  const drawn = new SeededRandom(options.seed).shuffle([...jobs.keys()]).slice(0, options.limit);
  return drawn.sort((a, b) => a - b).map((index) => jobs[index]!);
}

/** Runs a room's tests with nothing broken: how long each file takes that passes. */
async function timeTests(
  workshop: Workshop,
  paths: readonly string[],
  limitMs: number,
): Promise<TestFile[]> {
  const tests: TestFile[] = [];
  for (const path of paths) {
    const start = performance.now(), result = await workshop.test([path], limitMs);
    if (result === "passed") tests.push({ path, durationMs: performance.now() - start });
    else console.log(`left out, as it ${result} with nothing broken: ${path}`);
  }
  return tests;
}

/** Lets tests run against a mutant until one notices. */
async function judge(
  workshop: Workshop,
  { mutant }: Job,
  tests: readonly TestFile[],
): Promise<Fate> {
  if (explanationOf(mutant) !== undefined) return "explained";
  for (const batch of planTests(mutant.file, tests)) {
    const result = await tryBatch(workshop, mutant, batch);
    if (result !== "passed") return result === "failed" ? "killed" : result;
  }
  return "survived";
}

/** Where the tests do not pass in time with nothing broken either, the machine is busy: they get more. */
async function tryBatch(
  workshop: Workshop,
  mutant: Mutant,
  { files, limitMs }: TestBatch,
): Promise<TestResult> {
  for (let patienceMs = limitMs;; patienceMs *= 2) {
    const result = await workshop.with(mutant, () => workshop.test(files, patienceMs));
    if (result !== "timed out") return result;
    if (await workshop.test(files, patienceMs) !== "timed out") return result;
  }
}

async function run(options: Options): Promise<void> {
  const all = await repositoryFiles(ROOT), jobs = await makeJobs(options, all);
  console.log(`${jobs.length} mutants, --seed ${options.seed}`);
  if (options.list) {
    for (const { mutant } of jobs) console.log(describe(mutant));
    return;
  }
  await using stack = new AsyncDisposableStack();
  const workshops: Workshop[] = [];
  while (workshops.length < WORKSHOPS) workshops.push(stack.use(await Workshop.open(ROOT, all)));

  const rooms = [...new Set(jobs.map(({ room }) => room))];
  const scores = new Map(rooms.map((room) => [room, new Score()]));
  const tests = new Map<Room, TestFile[]>();
  const limitMs = options.thorough ? THOROUGH_MS : SLOW_MS;
  for (const room of rooms) {
    const paths = filesOf(all, room.tests, "_test.ts");
    tests.set(room, await timeTests(workshops[0]!, paths, limitMs));
  }

  // Ctrl-C ends the tests that run, too, so they say nothing; what was found so far is still told.
  const stop = new AbortController(), onInterrupt = () => stop.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  const queue = jobs.values();
  let judged = 0;
  await Promise.all(workshops.map(async (workshop) => {
    for (const job of queue) {
      const fate = await judge(workshop, job, tests.get(job.room)!);
      if (stop.signal.aborted) break;
      scores.get(job.room)!.add(fate);
      if (++judged % PROGRESS_STEP === 0) console.error(`${judged} of ${jobs.length}`);
      if (fate === "survived") console.log(`survived: ${describe(job.mutant)}`);
    }
  }));
  Deno.removeSignalListener("SIGINT", onInterrupt);
  for (const [room, score] of scores) console.log(`${room.name}: ${score}`);
}

function describe({ file, line, lineText, change }: Mutant): string {
  return `${file}:${line}: ${change}\n    ${lineText}`;
}

if (import.meta.main) await run(readOptions(USAGE, parseOptions));
